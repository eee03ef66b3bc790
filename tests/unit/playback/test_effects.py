"""Effects by window: each reference is read from the lake once, however many windows name it."""

from datetime import timedelta
from pathlib import Path

import pytest

from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import EventId
from evermodel.lake.layout import reference_folder
from evermodel.playback.effects import effects_of
from evermodel.playback.journal import Journal
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import MONDAY
from tests.unit.drift.windows import REFERENCE, window


def journal(windows: int) -> Journal:
    events: list[Event[Payload]] = []
    for number in range(windows):
        given = window(number)
        meta = EventMeta(
            id=EventId(str(number)),
            type=given.TYPE,
            source="/t",
            subject="fraud",
            time=given.window.end,
        )
        events.append(Event(given, meta))
    return Journal(tuple(events))


@pytest.mark.parametrize("is_there", [True, False])
def test_a_reference_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    if is_there:
        REFERENCE.save(tmp_path / reference_folder("fraud", REFERENCE.reference_id))
    load, loaded = Reference.load, []

    def counted(folder: Path) -> Reference:
        loaded.append(folder)
        return load(folder)

    monkeypatch.setattr(Reference, "load", counted)
    found = effects_of(journal(3), lake=tmp_path, model="fraud")
    assert [effects.start for effects in found] == [MONDAY + timedelta(days=n) for n in range(3)]
    assert [set(effects.by_feature) for effects in found] == [
        {"amount", "shop", "night"} if is_there else set()
    ] * 3
    assert len(loaded) == 1
