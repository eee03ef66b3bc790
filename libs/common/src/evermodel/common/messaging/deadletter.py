"""What a service gave up: one record with all it takes to understand and to replay it.

Owns the form of a dead letter, and the limit on how many may pass before the service stops:
a service that gives up everything is broken, and must not drain its topic into the bin. A copy
can be larger than its original, and too large for its own topic: then it leaves parts out and
says which. The original stays where the letter says it lies.
"""

import base64
import json
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

import msgspec

from evermodel.common.events.catalogue import record_bytes_of
from evermodel.common.kernel.errors import Fatal, Poison, Reason
from evermodel.common.kernel.redaction import redact
from evermodel.common.messaging.records import Outgoing, Record, size_of

#: What a letter leaves out when it must, in this order.
Part = Literal["value", "headers", "key"]
_PARTS: tuple[Part, ...] = get_args(Part)

#: Names the group a redriven record is meant for; every other group passes it by.
REDRIVEN_FOR = "evermodel-redriven-for"
#: As much of what an error says as a letter keeps, in characters.
_WORDS = 10_000
#: Where a redriven record was given up: ``topic/partition/offset`` of the original.
REDRIVEN_FROM = "evermodel-redriven-from"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that was given up. Bytes and headers are the original's, untouched.

    `cut`: the parts of it that are not in the letter: it would have been too large with them, or
    they could not be read.
    """

    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    reason: Reason
    error: str
    message: str
    attempts: int
    time: datetime
    cut: tuple[Part, ...] = ()

    def without(self, part: Part) -> "DeadLetter":
        """Return the letter with `part` left out."""
        left = replace(self, cut=(*self.cut, part))
        match part:
            case "value":
                return replace(left, value=None)
            case "headers":
                return replace(left, headers=())
            case "key":
                return replace(left, key=None)


def dead_letter(
    record: Record, *, group: str, reason: Reason, error: Exception, attempts: int, time: datetime
) -> DeadLetter:
    """Return the dead letter of `record`."""
    return DeadLetter(
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        reason=reason,
        error=type(error).__name__,
        message=_words(error),
        attempts=attempts,
        time=time,
        cut=() if record.flaw is None else ("headers",),
    )


#: A record that was given up, by whom, and what of it is kept.
Given = tuple[object, ...]


def given(letter: DeadLetter) -> Given:
    """Return what two letters of one record share.

    Its place alone does not do: a topic that was made anew has other records there.
    """
    place = (letter.group, letter.topic, letter.partition, letter.offset)
    return (*place, letter.key, letter.value, letter.headers, letter.cut)


def _words(error: Exception) -> str:
    """Return what `error` says, cut before and after: half an address looks like no secret."""
    return redact(str(error)[: 2 * _WORDS])[:_WORDS]


def is_for_another(record: Record, group: str) -> bool:
    """Whether `record` was redriven for another group than `group`."""
    return any(name == REDRIVEN_FOR and value != group.encode() for name, value in record.headers)


def is_put_back(headers: Iterable[tuple[str, bytes | None]]) -> bool:
    """Whether a record with these `headers` was put back for one group, from where it stands still.

    To whoever tells people what happened it is no event of its own, nor the newest of its topic.
    """
    return any(name == REDRIVEN_FROM for name, _ in headers)


def encode_dead_letter(letter: DeadLetter, *, topic: str) -> Outgoing:
    """Return `letter` as a record of the dead-letter topic `topic`, keyed as its source.

    It fits: parts of the original are left out until it does. All else in it is bounded.
    """
    return _encoded(fitting(letter, topic=topic), topic=topic)


def fitting(letter: DeadLetter, *, topic: str) -> DeadLetter:
    """Return `letter` without what makes it larger than `topic` takes."""
    for part in _PARTS:
        if part not in letter.cut:
            if size_of(_encoded(letter, topic=topic)) <= record_bytes_of(topic):
                break
            letter = letter.without(part)
    return letter


def _encoded(letter: DeadLetter, *, topic: str) -> Outgoing:
    fields = {
        "group": letter.group,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": _pack(letter.key),
        "value": _pack(letter.value),
        "headers": [[name, _pack(value)] for name, value in letter.headers],
        "reason": letter.reason,
        "error": letter.error,
        "message": letter.message,
        "attempts": letter.attempts,
        "time": letter.time.isoformat(),
        "cut": letter.cut,
    }
    return Outgoing(
        topic=topic,
        key=letter.key,
        value=json.dumps(fields).encode(),
        headers=(("content-type", b"application/json"),),
    )


def decode_dead_letter(value: bytes | None) -> DeadLetter:
    """Return the dead letter in `value`.

    Raises:
        Poison: it is none.
    """
    try:
        written = _DECODER.decode(value or b"")
        return DeadLetter(
            group=written.group,
            topic=written.topic,
            partition=written.partition,
            offset=written.offset,
            key=_unpack(written.key),
            value=_unpack(written.value),
            headers=tuple((name, _unpack(part)) for name, part in written.headers),
            reason=written.reason,
            error=written.error,
            message=written.message,
            attempts=written.attempts,
            time=written.time,
            cut=written.cut,
        )
    except (ValueError, RecursionError) as error:
        raise Poison(f"not a dead letter: {error}") from error


class DeadLetterLimit:
    """Stops the service when more than `count` letters fall within `window`.

    Records of a model that nobody described here are no sign of that while others are taken: a
    model that was put away may have payments for days, on a topic that it shares. Where nothing
    else comes, whoever started the service gave it the wrong descriptions.
    """

    def __init__(self, *, count: int, window: timedelta) -> None:
        self._count = count
        self._window = window.total_seconds()
        self._times: deque[float] = deque()
        self._taken_at = -math.inf

    def took(self, at_seconds: float) -> None:
        """Note that records were taken in at monotonic time `at_seconds`."""
        self._taken_at = at_seconds

    def note(self, at_seconds: float, *, is_foreign: bool = False) -> None:
        """Count a letter at monotonic time `at_seconds`.

        Raises:
            Fatal: that was one too many.
        """
        if is_foreign and self._taken_at > at_seconds - self._window:
            return
        self._times.append(at_seconds)
        while self._times[0] <= at_seconds - self._window:
            self._times.popleft()
        if len(self._times) > self._count:
            raise Fatal(
                f"more than {self._count} dead letters within {self._window:.0f} s: "
                "the input or this service is broken; nothing more is given up"
            )


def _pack(data: bytes | None) -> dict[str, str] | None:
    """Return `data` readable where it is text, and exact where it is not."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    if not text.isprintable():
        return {"base64": base64.b64encode(data).decode()}
    return {"text": text}


def _unpack(packed: "_Packed | None") -> bytes | None:
    if packed is None:
        return None
    if packed.text is not None:
        return packed.text.encode()
    if packed.base64 is None:
        raise ValueError("bytes are given neither as text nor as base64")
    return base64.b64decode(packed.base64, validate=True)


class _Packed(msgspec.Struct):
    text: str | None = None
    base64: str | None = None


class _Written(msgspec.Struct, kw_only=True):
    """A letter as it lies in its topic: `_encoded`, field by field."""

    group: str
    topic: str
    partition: Annotated[int, msgspec.Meta(ge=0)]
    offset: Annotated[int, msgspec.Meta(ge=0)]
    key: _Packed | None
    value: _Packed | None
    headers: tuple[tuple[str, _Packed | None], ...]
    reason: Reason
    error: str
    message: str
    attempts: int
    time: datetime
    cut: tuple[Part, ...] = ()


_DECODER = msgspec.json.Decoder(_Written)
