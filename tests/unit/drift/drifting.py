"""A world that drifts and comes back before a detector, and the verdict that asks for a retrain."""

from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import window

SHIFTS = (0.0, 0.6, 0.6, 0.6, 0.6, 0.0, 0.0, 0.0)


def drift(desk: Desk, *, files: tuple[str, ...] = ("a.parquet",)) -> None:
    """Let the world move and come back: watch, retrain, cleared."""
    desk.crown()
    for number, shift in enumerate(SHIFTS):
        given = window(number, shift=shift).model_copy(update={"lake": files})
        desk.harness.publish(given, time=given.window.end)
        desk.harness.run()


def retrain(desk: Desk) -> str:
    """Return the id of the one verdict that asked for a retrain."""
    (found,) = (v.meta.id for v in desk.verdicts() if v.payload.severity == "retrain")
    return found
