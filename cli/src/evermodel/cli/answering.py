"""What became of an order: who it is for answers it in a topic, and is awaited for a moment.

retrain        trainer.state: training, or declined and why
all others     rollout.step caused by it: held, resumed, promoted, aborted, declined and why
not possible   the dead letter of the one it is for
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evermodel.cli.reading import Read, Topics
from evermodel.common.events.catalogue import DEAD_LETTERS, ROLLOUT_STEP, TRAINER_STATE, Topic
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.errors import Poison
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.records import Record
from evermodel.common.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Answer:
    """In words, and whether it is a no."""

    words: str
    is_no: bool


class Answers:
    """Listens for the answer to one order, from before it is given.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """

    def __init__(self, settings: KafkaSettings, order: str) -> None:
        self._topics = Topics(settings, topics_of(order))
        self._topics.present()

    def to(
        self,
        order: EventId,
        *,
        within_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Answer | None:
        """Return the answer to `order`, None when there is none in time."""
        until = monotonic() + within_seconds
        while monotonic() < until:
            for each in self._topics.following():
                found = answer_in(each, order)
                if found is not None:
                    return found
        return None

    def close(self) -> None:
        """Let go of the broker."""
        self._topics.close()


def topics_of(order: str) -> list[Topic]:
    """Return where an order of this kind is answered."""
    answerer, told = (
        ("trainer", TRAINER_STATE) if order == "retrain" else ("deployer", ROLLOUT_STEP)
    )
    return [told, *(topic for topic in DEAD_LETTERS if topic.name == f"{answerer}.dead-letter")]


def answer_in(found: Read, order: EventId) -> Answer | None:
    """Return the answer to `order` that a record holds, if it does."""
    step = None if found.event is None else found.event.payload
    if isinstance(step, RolloutStep):
        if found.event is None or found.event.meta.causation_id != order:
            return None
        words = f"{step.action} v{step.version}: {step.reason}"
        return Answer(words, is_no=step.action == "declined")
    if found.record.topic == TRAINER_STATE.name:
        return next(_of_trainer(found.record, order), None)
    return _given_up(found.record, order)


def _of_trainer(record: Record, order: EventId) -> Iterator[Answer]:
    for answer in json.loads(record.value or b"{}").get("answers", ()):
        if answer["event"] == order:
            kind = answer["answer"]
            yield Answer(f"{kind}: {answer['reason']}", is_no=kind == "declined")


def _given_up(record: Record, order: EventId) -> Answer | None:
    try:
        letter = decode_dead_letter(record.value)
    except Poison:
        return None
    if dict(letter.headers).get("ce_id") != order.encode():
        return None
    return Answer(f"not possible: {letter.message}", is_no=True)
