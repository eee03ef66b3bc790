"""The trainer trains nothing while a challenger is in play, whatever is said about it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evermodel.common.events.rollout import Action
from evermodel.common.testing.rollouts import Play, rollout_step
from tests.unit.trainer.bench import Bench, day

CHAMPION: tuple[Play, ...] = ((1, "champion", 100),)
ROLLOUT: tuple[Play, ...] = ((1, "champion", 90), (2, "challenger", 10))


@pytest.mark.parametrize(
    ("action", "about", "in_play", "rollout"),
    [
        ("held", 1, CHAMPION, None),
        ("resumed", 1, CHAMPION, None),
        ("queued", 3, ROLLOUT, 2),
        ("declined", 3, ROLLOUT, 2),
        ("started", 2, ROLLOUT, 2),
        ("aborted", 2, CHAMPION, None),
    ],
)
def test_what_is_rolled_out_is_the_challenger_in_play(
    tmp_path: Path,
    action: Action,
    about: int,
    in_play: Sequence[Play],
    rollout: int | None,
) -> None:
    bench = Bench(tmp_path)
    bench.harness.add(bench.spec())
    event = rollout_step(action, about=about, in_play=in_play)
    bench.harness.publish(event, time=day(10))
    bench.harness.run()
    assert bench.admission.rollout == rollout
