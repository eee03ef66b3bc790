"""Orders to train that make no sense: each is answered, and the trainer goes on."""

import json
import logging
import time as clock
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging.beside import Beside
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.domain.admission import Admission, Cause, Request, Training
from evermodel.trainer.handlers.state import dumped
from evermodel.trainer.ports import ChildRunner
from evermodel.trainer.wiring import assemble
from tests.unit.trainer.bench import MODEL, Child, Later, Runs, day, retrain


class Trainer:
    """A trainer over an empty lake; `beside`: where its trainings run, at once unless said."""

    def __init__(
        self, folder: Path, *, child: ChildRunner | None = None, beside: Beside | None = None
    ) -> None:
        self.harness, runs = Harness(partitions=1), folder / "runs"
        runs.mkdir()
        spec = assemble(
            models={"fraud": MODEL},
            child=child or Child(),
            runs=Runs(runs),
            workspace=FolderWorkspace(folder / "work"),
            lake=str(folder / "lake"),
            pause=lambda seconds: pytest.fail(f"it waits {seconds} s"),
        )
        self.harness.add(spec, beside=beside)

    def order(
        self, *, time: datetime = day(30), name: str = "", fields: Mapping[str, str] | None = None
    ) -> None:
        """Publish an order as somebody's own tool might: nothing of it was checked."""
        identity = name or f"{time} {[*(fields or ())]}"
        event = new_event(retrain(), time=time, source="/tool", identity=identity)
        payload = {**retrain().model_dump(mode="json"), **(fields or {})}
        value = json.dumps(payload, ensure_ascii=False).encode()
        self.harness.publish_records(
            [Outgoing(topic=event.topic, key=event.key, value=value, headers=event.headers)]
        )
        self.harness.run()

    @property
    def reasons(self) -> list[str]:
        """What became of the trainings."""
        return [event.payload.reason for event in self.harness.events(ModelTrained)]


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return Trainer(tmp_path)


ABSURD = [datetime(1900, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
ABSURD += [datetime(year, 12, 31, 23, 59, tzinfo=UTC) for year in (2999, 9998)]
IMPOSSIBLE = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]


@pytest.mark.guarantee(
    "input",
    fault="an order to train has the year {time.year} for its time",
    promise="answered once, and so is the next",
    seen="trainer logs 'fraud: training trained: …'",
)
@pytest.mark.parametrize("time", ABSURD)
def test_an_order_to_train_of_an_absurd_time_is_answered(trainer: Trainer, time: datetime) -> None:
    trainer.order(time=time)
    trainer.order()
    assert len(trainer.reasons) == 2
    assert trainer.harness.dead_letters("trainer") == []


@pytest.mark.guarantee(
    "input",
    fault="an order to train has the year {time.year} for its time, which no event may have",
    promise="a dead letter that says so; the next order is obeyed",
    seen="'given up (poison): ce_time … lies before the year 1900 or after 9998'",
)
@pytest.mark.parametrize("time", IMPOSSIBLE)
def test_an_order_to_train_of_an_impossible_time_is_given_up(
    trainer: Trainer, time: datetime
) -> None:
    trainer.order(time=time)
    trainer.order()
    (letter,) = trainer.harness.dead_letters("trainer")
    assert "lies before the year 1900 or after 9998" in letter.message
    assert len(trainer.reasons) == 1


@pytest.mark.guarantee(
    "input",
    fault="an order to train of the year {time.year} was accepted by an older release",
    promise="answered once with a time that every service reads; the next is answered too",
    seen="trainer logs 'fraud: training trained: …'",
)
@pytest.mark.parametrize("time", IMPOSSIBLE)
def test_an_absurd_order_that_lies_in_the_state_is_answered(
    trainer: Trainer, time: datetime
) -> None:
    cause = Cause(id="old", type="t", source="/s", subject="fraud", time=time)
    training = Training(request=Request(cause=cause, reason="kept"), as_of=time)
    value = dumped(Admission(in_flight=training))
    trainer.harness.publish_records(
        [Outgoing(topic=TRAINER_STATE.name, key=b"fraud", value=value, partition=0)]
    )
    trainer.order()
    assert len(trainer.reasons) == 2
    assert trainer.harness.dead_letters("trainer") == []


@pytest.mark.whole
@pytest.mark.guarantee(
    "input",
    fault="an order to train has the year {time.year} for its time, to a training's own process",
    promise="one model.trained failed, which says that there are no rows",
    seen="trainer logs 'fraud: training failed: no rows in the lake from … to …'",
)
@pytest.mark.parametrize("time", [ABSURD[0], ABSURD[-1]])
def test_a_training_of_an_absurd_time_finds_no_rows(time: datetime, tmp_path: Path) -> None:
    child = ProcessChild(monotonic=clock.monotonic, cache=tmp_path / "cache")
    trainer = Trainer(tmp_path, child=child)
    trainer.order(time=time)
    (reason,) = trainer.reasons
    assert "no rows in the lake" in reason


@pytest.mark.guarantee(
    "input",
    fault="an order trains a model that nobody described",
    promise="a dead letter that names it; the next order is obeyed",
    seen="'given up (permanent): no model.toml describes 'nobody' here'",
)
def test_an_order_to_train_nobody_is_given_up(trainer: Trainer) -> None:
    trainer.order(fields={"model": "nobody"})
    trainer.order()
    (letter,) = trainer.harness.dead_letters("trainer")
    assert (letter.reason, letter.message) == (
        "permanent",
        "no model.toml describes 'nobody' here",
    )
    assert len(trainer.reasons) == 1


@pytest.mark.guarantee(
    "input",
    fault="an order to train fills its record with its {field}",
    promise="obeyed; what follows keeps the beginning of it, and fits its own record",
    seen="reason of model.trained",
)
@pytest.mark.parametrize("field", ["who", "why"])
@pytest.mark.parametrize("length", [499_300, 499_500])
def test_an_order_to_train_as_large_as_its_topic_takes_stops_nobody(
    trainer: Trainer, field: str, length: int
) -> None:
    trainer.order(fields={field: "ü" * length})
    trainer.order()
    first, _ = trainer.reasons
    assert "üüü" in first
    assert len(first) < 2000
    assert trainer.harness.dead_letters("trainer") == []


@pytest.mark.guarantee(
    "input",
    fault="an order to train comes twice under one id, and another while a training runs",
    promise="one training: the copy is known, the other is declined with its reason",
    seen="trainer logs '… declined: a training is in flight for …'",
)
def test_an_order_to_train_that_comes_again_or_too_soon_trains_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = Later()
    trainer = Trainer(tmp_path, beside=later)
    with caplog.at_level(logging.INFO):
        trainer.order(name="a")
        trainer.order(name="a")
        trainer.order(name="b")
        assert later.waiting == 1
        later.finish()
        trainer.harness.run()
        trainer.order(name="a")
    assert later.waiting == 0
    assert len(trainer.reasons) == 1
    assert "declined: a training is in flight for" in caplog.text
    assert trainer.harness.dead_letters("trainer") == []
