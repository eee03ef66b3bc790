"""When a training begins: one at a time for a model, not too soon, and not before there are
labels of the world that changed.

::

    onset      alarm                    onset + regime + label delay
      |----------|-------------------------------|--> training, as of then
                 waits: no labels of the new regime yet

An alarm that cannot be answered at once waits; it is let go, with the reason kept, when another
alarm is waiting already, the drift has cleared, or a new champion makes it moot. Nothing is
dropped in silence.

No time that an event gives itself is waited for longer than the stream takes to come `memory`
further: one far ahead of it would hold back every training, for ever and in silence.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from evermodel.common.kernel.stream_time import in_stream

#: So many answers are kept to look at; the topics keep them all.
ANSWERS = 50

Span = tuple[datetime, datetime]
Channel = Literal["feature", "prediction", "performance", "quality"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The event that asks for a training: what the result derives its ids from."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    lifecycle_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish for a training. `onset` None: it does not wait for a new regime (a command).

    `channel`: the drift verdict's cause, by which the registrar knows a broken champion. `asked`:
    as of when labels must be known at least; None: since its cause.
    """

    cause: Cause
    reason: str
    channel: Channel | None = None
    champion: int | None = None
    onset: datetime | None = None
    drifted: tuple[str, ...] = ()
    episode: str | None = None
    asked: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training that was decided on: `as_of` is the time whose knowledge it uses."""

    request: Request
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request."""

    event: str
    time: datetime
    answer: Literal["training", "waiting", "declined"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """All that is known of one model here.

    `matured_until`: end of the newest cohort with labels; `matured_at`: when that was known.
    `rollout`: the version being rolled out, if any. `last`: as of when drift was last answered.
    `settled`: when what holds trainings back last changed. Labels must be as new as that and as
    the alarm: else it would matter which of two topics is read first, and twin and Kafka would
    train as of different times.
    """

    paused: bool = False
    champion: int | None = None
    rollout: int | None = None
    pending: Request | None = None
    in_flight: Training | None = None
    last: datetime | None = None
    matured_until: datetime | None = None
    matured_at: datetime | None = None
    settled: datetime | None = None
    left_out: tuple[Span, ...] = ()
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The model's own numbers.

    `memory`: how long a failed window can matter to a training; no reader of the topics is ever
    as far behind. `closing`: from a window's start until it is surely closed.
    """

    cool_down: timedelta
    regime: timedelta
    memory: timedelta
    closing: timedelta


Decision = tuple[Admission, Training | None]


def alarm(state: Admission, request: Request, *, policy: Policy) -> Decision:
    """Take in a drift verdict that asks for a retrain."""
    if _known(state, request.cause.id):
        return state, None
    if state.in_flight is not None:
        by = state.in_flight.request.cause.id
        return _declined(state, request, reason=f"a training is in flight for {by}"), None
    if state.pending is not None:
        by = state.pending.cause.id
        return _declined(state, request, reason=f"alarm {by} is waiting already"), None
    raised, serves = request.champion, state.champion
    if raised is not None and serves is not None and raised < serves:
        return _declined(state, request, reason=f"moot: version {serves} serves by now"), None
    request = replace(request, champion=serves if raised is None else raised)
    return _start_when_ready(bounded(replace(state, pending=request), policy=policy), policy)


def refused(state: Admission, request: Request, *, reason: str) -> Admission:
    """Take in a verdict that never leads to a training, and say why."""
    return state if _known(state, request.cause.id) else _declined(state, request, reason=reason)


def command(state: Admission, request: Request, *, policy: Policy) -> Decision:
    """Take in a person's wish: at once, as of the command's time, or not at all."""
    if _known(state, request.cause.id):
        return state, None
    if state.in_flight is not None:
        by = state.in_flight.request.cause.id
        return _declined(state, request, reason=f"a training is in flight for {by}"), None
    if state.paused:
        return _declined(state, request, reason="paused: resume first"), None
    request = replace(request, champion=state.champion)
    as_of = in_stream(request.cause.time, told=state.matured_at, window=policy.closing)
    return _started(state, Training(request=request, as_of=as_of))


def paused(state: Admission) -> Admission:
    """Start nothing until `resumed`. What runs ends in peace."""
    return replace(state, paused=True)


def resumed(state: Admission, *, at: datetime, policy: Policy) -> Decision:
    """Go on, with what waited. Before any labels, all that will come are newer than `at`."""
    if state.matured_at is not None:
        at = in_stream(at, told=state.matured_at, window=policy.closing)
        state = _settled(state, at)
    return _start_when_ready(replace(state, paused=False), policy)


def cleared(state: Admission, *, episode: str) -> Admission:
    """Let go of a waiting alarm whose drift went by itself."""
    if state.pending is None or state.pending.episode != episode:
        return state
    return _let_go(state, reason="the drift cleared before there were labels of it")


def matured(
    state: Admission, *, cohort: Span, at: datetime, quality_failed: bool, policy: Policy
) -> Decision:
    """Take in that the labels of `cohort` are there, as known `at`."""
    newest = state.matured_until is None or cohort[1] >= state.matured_until
    if quality_failed and cohort not in state.left_out:
        recent = [span for span in state.left_out if span[1] > at - policy.memory]
        state = replace(state, left_out=tuple(sorted([*recent, cohort])))
    if newest:
        state = replace(state, matured_until=cohort[1], matured_at=at)
        state = bounded(state, policy=policy)
    return _start_when_ready(state, policy)


def rolled(
    state: Admission,
    *,
    champion: int,
    rollout: int | None,
    promoted: bool,
    at: datetime,
    policy: Policy,
) -> Decision:
    """Take in what serves. A promotion answers the alarms raised against the one before.

    A step that changes nothing of that, such as a ``declined``, holds nothing back.
    """
    if (champion, rollout) != (state.champion, state.rollout):
        state = bounded(_settled(state, at), policy=policy)
    state = replace(state, champion=champion, rollout=rollout)
    if promoted and state.pending is not None and state.pending.champion != champion:
        state = _let_go(state, reason=f"moot: version {champion} was promoted meanwhile")
    return _start_when_ready(state, policy)


def ended(state: Admission) -> Admission:
    """The training in flight is over, however it went."""
    return replace(state, in_flight=None)


def bounded(state: Admission, *, policy: Policy) -> Admission:
    """Return `state` with nothing to wait for that lies far ahead of the stream."""
    told, pending = state.matured_at, state.pending
    if told is None:
        return state
    if state.last is not None:
        state = replace(state, last=min(state.last, told))
    if state.settled is not None and state.settled - told > policy.memory:
        state = replace(state, settled=told + policy.memory)
    if pending is not None and _asked(pending) - told > policy.memory:
        state = replace(state, pending=replace(pending, asked=told + policy.memory))
    return state


def _asked(request: Request) -> datetime:
    return request.cause.time if request.asked is None else request.asked


def _start_when_ready(state: Admission, policy: Policy) -> Decision:
    """Start what waits, or keep the reason why it waits now: that of then may be gone."""
    request = state.pending
    if request is None:
        return state, None
    if reason := _obstacle(state, request, policy):
        return _answered(state, request, answer="waiting", reason=reason), None
    if state.matured_at is None:
        return state, None
    started, training = _started(state, Training(request=request, as_of=state.matured_at))
    return replace(started, pending=None, last=state.matured_at), training


def _obstacle(  # noqa: PLR0911  # one line per thing that can stand in the way
    state: Admission, request: Request, policy: Policy
) -> str:
    """Return what a waiting alarm waits for, or nothing when it waits for nothing."""
    if state.in_flight is not None:
        return f"a training is in flight for {state.in_flight.request.cause.id}"
    if state.paused:
        return "paused by a person"
    if state.rollout is not None:
        return f"version {state.rollout} is being rolled out"
    known = state.matured_until
    if request.onset is not None and (known is None or known < request.onset + policy.regime):
        until = request.onset + policy.regime
        return f"labels of the new regime, up to {until.isoformat()}, have not matured"
    if state.last is not None and (state.matured_at or state.last) < state.last + policy.cool_down:
        return f"cool-down until {(state.last + policy.cool_down).isoformat()}"
    newest = max(_asked(request), state.settled or _asked(request))
    if state.matured_at is None or state.matured_at < newest:
        return f"the labels known at {newest.isoformat()} have not been joined"
    return ""


def _settled(state: Admission, at: datetime) -> Admission:
    return replace(state, settled=at if state.settled is None else max(at, state.settled))


def _started(state: Admission, training: Training) -> Decision:
    state = replace(state, in_flight=training)
    reason = f"trains as of {training.as_of.isoformat()}"
    return _answered(state, training.request, answer="training", reason=reason), training


def _let_go(state: Admission, *, reason: str) -> Admission:
    pending = state.pending
    if pending is None:
        return state
    return _declined(replace(state, pending=None), pending, reason=reason)


def _declined(state: Admission, request: Request, *, reason: str) -> Admission:
    return _answered(state, request, answer="declined", reason=reason)


def _answered(
    state: Admission,
    request: Request,
    *,
    answer: Literal["training", "waiting", "declined"],
    reason: str,
) -> Admission:
    cause = request.cause
    made = Answer(event=cause.id, time=cause.time, answer=answer, reason=reason)
    others = [a for a in state.answers if a.event != cause.id]
    return replace(state, answers=(*others, made)[-ANSWERS:])


def _known(state: Admission, event: str) -> bool:
    return any(answer.event == event for answer in state.answers)
