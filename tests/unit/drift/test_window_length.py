"""The length of a model's windows is for good: windows of two lengths would share rows."""

from datetime import timedelta

import pytest

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.records import TopicPartition
from evermodel.drift.handlers.windower import Windower
from tests.unit.drift.bench import MONDAY, described, made_windower, scored

SCORED = TopicPartition("transactions.scored", 0)


def kept_by(target: Windower) -> dict[str, bytes]:
    state = target.on_records([scored(0, MONDAY)]).state
    return {key: value for key, value in state.items() if value is not None}


def windower_of(hours: int) -> Windower:
    model = described()
    windows = model.windows.model_copy(update={"length": timedelta(hours=hours)})
    return made_windower(model=model.model_copy(update={"windows": windows}))


@pytest.mark.guarantee(
    "input",
    fault="windows.length of a model that runs is made {hours} h, and was 24 h",
    promise="the windower does not go on: rows would count in a window of either length",
    seen="'fraud: windows.length is …, and windows of 1 day, 0:00:00 were counted', exit code 1",
)
@pytest.mark.parametrize("hours", [1, 12, 48])
def test_windows_of_another_length_are_refused(hours: int) -> None:
    kept = kept_by(windower_of(24))
    with pytest.raises(Fatal, match=r"fraud: windows\.length is .*windows of 1 day.* were counted"):
        windower_of(hours).on_restored(SCORED, kept, 1)
    assert windower_of(24).on_restored(SCORED, kept, 1)


def test_what_was_kept_before_lengths_were_is_taken_over() -> None:
    kept = {
        key: value.replace(b'"lengths"', b'"x"') for key, value in kept_by(windower_of(24)).items()
    }
    assert windower_of(24).on_restored(SCORED, kept, 1)
    assert b'"lengths"' not in b"".join(kept.values())
