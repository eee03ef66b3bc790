"""The trainer trains nothing while a challenger is in play, whatever is said about it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evermodel.common.events.rollout import Action, Role, RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact
from evermodel.common.kernel.ids import ModelName, ReferenceId
from tests.unit.trainer.bench import Bench, day

CHAMPION: tuple[tuple[int, Role, int], ...] = ((1, "champion", 100),)
ROLLOUT: tuple[tuple[int, Role, int], ...] = ((1, "champion", 90), (2, "challenger", 10))


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
    in_play: Sequence[tuple[int, Role, int]],
    rollout: int | None,
) -> None:
    bench = Bench(tmp_path)
    bench.harness.add(bench.spec())
    event = RolloutStep(
        model=ModelName("fraud"),
        action=action,
        version=about,
        from_version=None,
        step=1,
        in_play=tuple(
            VersionInPlay(
                version=version,
                role=role,
                weight=weight,
                model_uri=f"models:/fraud/{version}",
                artefact=Artefact(
                    uri="runs:/r/b",
                    digest="sha256:" + "a" * 64,
                    threshold=0.5,
                    reference_id=ReferenceId("r"),
                ),
            )
            for version, role, weight in in_play
        ),
        stable_version=1,
        desired_version=1,
        reason="test",
    )
    bench.harness.publish(event, time=day(10))
    bench.harness.run()
    assert bench.admission.rollout == rollout
