"""What became of an order: who it is for answers it in a topic, and is awaited for a moment.

    retrain          trainer.state: training, or declined and why
    all others       rollout.step caused by it: held, resumed, promoted, aborted, declined and why
    pause, resume    trainer.state as well: where nothing serves there is no step
    not possible     the dead letter of the one it is for

Owns which of several answers counts. One order may cause several steps, written in one
transaction: a no among them is the answer, else the last that tells of more than Git.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evermodel.cli.reading import Read, Topics
from evermodel.common.events.catalogue import DEAD_LETTERS, ROLLOUT_STEP, TRAINER_STATE, Topic
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.errors import Poison
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.records import Record
from evermodel.common.settings.kafka import KafkaSettings

#: After a partial answer the whole one comes within this, if one comes.
_MORE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """In words, and whether it is a no. `is_partial`: somebody else may say more."""

    words: str
    is_no: bool = False
    is_partial: bool = False


class Answers:
    """Listens for the answer to one order, from before it is given.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """

    def __init__(self, settings: KafkaSettings, command: LifecycleCommand) -> None:
        self._command = command
        self._topics = Topics(settings, topics_of(command.command))
        self._topics.present()

    def to(
        self,
        order: EventId,
        *,
        within_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Answer | None:
        """Return the answer to `order`, None when there is none in time."""
        found: list[Answer] = []
        until = monotonic() + within_seconds
        while monotonic() < until:
            came = self._topics.following()
            answers = (answer_in(each, order, self._command) for each in came)
            if more := [answer for answer in answers if answer is not None]:
                found += more
                until = min(until, monotonic() + _MORE_SECONDS)
            elif not came and any(not answer.is_partial for answer in found):
                break
        return chosen(found)

    def close(self) -> None:
        """Let go of the broker."""
        self._topics.close()


def topics_of(order: str) -> list[Topic]:
    """Return where an order of this kind is answered."""
    told = [TRAINER_STATE] if order == "retrain" else [ROLLOUT_STEP]
    if order in {"pause", "resume"}:
        told.append(TRAINER_STATE)
    letters = "trainer.dead-letter" if order == "retrain" else "deployer.dead-letter"
    return [*told, *(topic for topic in DEAD_LETTERS if topic.name == letters)]


def chosen(found: Sequence[Answer]) -> Answer | None:
    """Return the one of several answers that counts."""
    whole = [answer for answer in found if not answer.is_partial] or found
    return next((answer for answer in whole if answer.is_no), whole[-1] if whole else None)


def answer_in(found: Read, order: EventId, command: LifecycleCommand) -> Answer | None:
    """Return the answer to `order`, which is `command`, that a record holds, if it does."""
    if found.event is not None and isinstance(found.event.payload, RolloutStep):
        if found.event.meta.causation_id != order:
            return None
        return _of_deployer(found.event.payload)
    if found.record.topic == TRAINER_STATE.name:
        return _of_trainer(found.record, order, command)
    return _given_up(found.record, order)


def _of_deployer(step: RolloutStep) -> Answer:
    return Answer(
        f"{step.action} v{step.version}: {step.reason}",
        is_no=step.action == "declined" and not step.obeys_an_order,
        is_partial=step.only_tells_of_git,
    )


def _of_trainer(record: Record, order: EventId, command: LifecycleCommand) -> Answer | None:
    if record.key != command.model.encode():
        return None
    state = json.loads(record.value or b"{}")
    if command.command in {"pause", "resume"}:
        is_paused = command.command == "pause"
        told = "no training begins until resumed" if is_paused else "trainings may begin"
        return Answer(told, is_partial=True) if state.get("paused") is is_paused else None
    for answer in state.get("answers", ()):
        if answer["event"] == order:
            kind = answer["answer"]
            return Answer(f"{kind}: {answer['reason']}", is_no=kind == "declined")
    return None


def _given_up(record: Record, order: EventId) -> Answer | None:
    try:
        letter = decode_dead_letter(record.value)
    except Poison:
        return None
    if dict(letter.headers).get("ce_id") != order.encode():
        return None
    return Answer(f"not possible: {letter.message}", is_no=True)
