"""Windows wait for rows of the champion's reference, but not for ever, and not in silence."""

import json

import pytest

from evermodel.drift.handlers.judging import MOST_WITHOUT
from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import REFERENCE, under, window


def waiting(desk: Desk) -> int:
    """Return how many windows wait to be judged."""
    small = json.loads(desk.state())["small"]
    return 0 if small is None else len(small["lake"])


def causes(desk: Desk) -> list[tuple[str, str]]:
    return [(v.payload.cause, v.payload.severity) for v in desk.verdicts()]


@pytest.mark.parametrize("reference", [None, "f" * 64])
def test_windows_without_the_champions_reference_are_told_once_and_let_go(
    reference: str | None,
) -> None:
    desk = Desk(REFERENCE)
    desk.start()
    desk.crown()
    desk.harness.run()
    sizes = []
    for number in range(3 * MOST_WITHOUT):
        given = under(reference, window(number))
        desk.harness.publish(given, time=given.window.end)
        desk.harness.run()
        sizes.append(waiting(desk))
    assert causes(desk) == [("quality", "watch")]
    assert "under the champion's reference" in desk.verdicts()[0].payload.reason
    assert max(sizes) < MOST_WITHOUT
    for number in range(3 * MOST_WITHOUT, 3 * MOST_WITHOUT + 3):
        given = under(REFERENCE.reference_id, window(number))
        desk.harness.publish(given, time=given.window.end)
        desk.harness.run()
    assert causes(desk) == [("quality", "watch"), ("quality", "cleared")]
    assert desk.harness.dead_letters("drift") == []
