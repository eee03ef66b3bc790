"""Counters that nobody has counted, from a system upstream that closes windows by itself."""

import pytest

from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.errors import Permanent
from evermodel.deployer.handlers.translation import MOST_COUNTED
from tests.unit.deployer.scenario import DAY, FRAUD, Story, agreeing, pairs, served

PROMISE = "a dead letter that names the field; the rollout is judged by what else comes"
SEEN = "'given up (permanent): {field} is beyond 9,007,199,254,740,992: nobody has counted that'"
each_field = pytest.mark.parametrize(
    "field", ["rows", "failed", "alerts", "histogram", "older_alone", "group_gaps"]
)


def window(story: Story, field: str, count: int) -> TransactionsWindowed:
    """Return the next day's window, in which `field` of some counters is `count`."""
    story.now += DAY
    cells = [served(1, version, 100) for version in (1, 2)]
    pair = agreeing(1, *cells)
    was = getattr(cells[1] if hasattr(cells[1], field) else pair, field)
    spoilt = {field: (count, *was[1:]) if isinstance(was, tuple) else count}
    if hasattr(cells[1], field):
        cells[1] = cells[1].model_copy(update=spoilt)
    else:
        pair = pair.model_copy(update=spoilt)
    counters = WindowCounters(rows=100, served=tuple(cells), paired=(pair,))
    span = Span(start=story.now - DAY, end=story.now)
    return TransactionsWindowed(model=FRAUD, window=span, counters=counters, quality="pass")


def refusal(story: Story, payload: Payload) -> str:
    with pytest.raises(Permanent) as error:
        story.happens(payload)
    return str(error.value)


@pytest.mark.guarantee(
    "input", fault="a window from upstream counts beyond 2⁵³ as {field}", promise=PROMISE, seen=SEEN
)
@each_field
def test_what_nobody_has_counted_is_given_up(field: str) -> None:
    story = Story().accepted(1).accepted(2)

    for count in (MOST_COUNTED + 1, 10**20, 10**400):
        assert refusal(story, window(story, field, count)).startswith(f"{field} is beyond")

    assert story.days(8).actions[2] == "advanced v2"


@pytest.mark.parametrize("count", [10**9, MOST_COUNTED])
@each_field
def test_what_somebody_may_have_counted_is_judged(field: str, count: int) -> None:
    story = Story().accepted(1).accepted(2)

    story.happens(window(story, field, count)).labels(pairs(1, 2, lost=count, fewer=count))

    assert story.actions[2] == "aborted v2"
