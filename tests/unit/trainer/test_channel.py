"""A training says which kind of drift asked for it: the registrar demands more of some."""

from datetime import UTC, datetime

import pytest

from evermodel.common.events.payload import Span
from evermodel.common.models.file import parse_model
from evermodel.trainer.domain.admission import Admission, Cause, Channel, Request, Training
from evermodel.trainer.handlers.state import dumped, loaded
from evermodel.trainer.handlers.work import failed
from evermodel.trainer.ports import Plan

TIME = datetime(2026, 6, 14, tzinfo=UTC)
MODEL = parse_model(
    '[model]\nname = "fraud"\n[stream]\ntime = "T"\nlabel = "L"\n[features]\ncontinuous = ["A"]\n',
    source="sample",
)
PLAN = Plan(model=MODEL, lake="lake", span=Span(start=TIME, end=TIME), as_of=TIME)


@pytest.mark.parametrize("channel", ["performance", "feature", None])
def test_the_channel_survives_a_restart_and_reaches_the_event(channel: Channel | None) -> None:
    cause = Cause(id="alarm", type="t", source="s", subject="fraud", time=TIME)
    training = Training(request=Request(cause=cause, reason="r", channel=channel), as_of=TIME)
    kept = loaded(dumped(Admission(in_flight=training))).in_flight
    assert kept is not None
    assert failed(kept, PLAN, reason="one class only").cause == channel
