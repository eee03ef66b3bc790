"""What cannot be loaded is tried again while its step is the last, and another answer is said."""

from collections.abc import Callable

import pytest

from evermodel.common.events.traffic import ServingApplied
from evermodel.common.messaging.api import Emit, Held
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import settled
from evermodel.scorer.ports import BundleRefused, BundleUnreachable
from tests.unit.scorer.bench import Bench, by_amount, meta, payment, play, step

CHAMPION = play(1, role="champion", weight=100)
GONE = BundleRefused("runs:/1/bundle: no such artefact")
TIME = meta().time


def answers(harness: Harness) -> list[tuple[str, str]]:
    """Return the states said, and the ids under which."""
    return [
        (applied.meta.id, " ".join(f"v{v.version} {v.state}" for v in applied.payload.versions))
        for applied in harness.events(ServingApplied)
    ]


def tries(bench: Bench, *, ticks: int) -> list[int]:
    """Return the ticks at which something was tried."""
    counted = bench.spec.metrics.registry.get_sample_value
    found, labels = [], {"model": "fraud", "model_version": "1"}
    for tick in range(1, ticks + 1):
        before = counted("evermodel_load_failures_total", labels)
        bench.tick()
        if counted("evermodel_load_failures_total", labels) != before:
            found.append(tick)
    return found


@pytest.mark.guarantee(
    "outside",
    fault="the champion's bundle is gone from MLflow when a scorer starts, and is put back later",
    promise="it is tried again, a minute apart at most, until it serves: nobody restarts anything",
    seen="error 'fraud v1 cannot serve'; serving.applied failed, later ready; "
    "metric evermodel_load_failures_total",
)
@pytest.mark.parametrize(
    "trouble",
    [GONE, BundleRefused("the digest is another"), RuntimeError("no model")],
    ids=["gone", "digest", "broken"],
)
def test_a_champion_that_cannot_be_loaded_serves_once_it_can(
    bench: Bench, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    bench.store.formulas["v1"] = trouble
    said = bench.step(CHAMPION, version=1)
    assert [v.state for v in said.versions] == ["failed"]
    assert "fraud v1 cannot serve" in caplog.text
    assert bench.score(payment())[0]["decision"] == "unscored"
    assert bench.ticks(200) == []  # said once
    bench.store.formulas["v1"] = by_amount

    (said,) = bench.ticks(60)

    assert [v.state for v in said.versions] == ["ready"]
    assert bench.score(payment())[0]["decided_by"] == 1
    assert bench.ticks(200) == []
    assert bench.store.loads == ["v1"]


def test_the_pause_between_two_tries_grows_to_a_minute(bench: Bench) -> None:
    bench.store.formulas["v1"] = GONE
    bench.step(CHAMPION, version=1)
    assert tries(bench, ticks=250) == [1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_a_store_that_is_away_is_asked_every_few_seconds(bench: Bench) -> None:
    bench.store.formulas["v1"] = BundleUnreachable("MLflow does not answer")
    bench.step(play(2, role="champion", weight=100), play(1, role="challenger", weight=0))
    assert tries(bench, ticks=22) == [1, 3, 7, 12, 17, 22]


def test_only_the_last_step_is_tried_again(bench: Bench) -> None:
    bench.store.formulas["v1"] = GONE
    bench.step(CHAMPION, version=1)
    bench.step(play(2, role="champion", weight=100), event_id="step-2")
    bench.store.formulas["v1"] = by_amount
    assert bench.ticks(200) == []
    assert bench.store.loads == ["v2"]


def test_what_is_back_is_said_though_something_else_is_missing_still(bench: Bench) -> None:
    bench.store.formulas |= {"v1": GONE, "v2": GONE}
    bench.step(CHAMPION, play(2, role="challenger", weight=0))
    bench.store.formulas["v2"] = by_amount
    (said,) = bench.ticks(60)
    assert [(v.version, v.state) for v in said.versions] == [(1, "failed"), (2, "ready")]


def test_a_store_that_goes_away_meanwhile_takes_nothing_back_that_was_said(bench: Bench) -> None:
    bench.store.formulas["v1"] = GONE
    bench.step(CHAMPION, version=1)
    bench.store.formulas["v1"] = BundleUnreachable("MLflow does not answer")
    assert bench.ticks(60) == []
    bench.store.formulas["v1"] = by_amount
    assert [[v.state for v in said.versions] for said in bench.ticks(10)] == [["ready"]]


def test_an_answer_that_comes_again_has_its_id_and_another_answer_has_another(
    make_bench: Callable[..., Bench],
) -> None:
    harness = Harness()
    harness.publish(step(CHAMPION, version=1), time=TIME)
    for trouble in (None, None, GONE):  # each a start of the scorer
        bench = make_bench()
        if trouble is not None:
            bench.store.formulas["v1"] = trouble
        loop = harness.add(bench.spec)
        harness.run()
        loop.close()
    (first, _), (again, _), (other, state) = answers(harness)
    assert first == again
    assert (state, other != first) == ("v1 failed", True)


def test_what_is_ready_again_is_said_under_another_id_than_when_it_was_first(
    make_bench: Callable[..., Bench],
) -> None:
    said: list[Emit] = []
    for trouble in (by_amount, GONE):
        bench = make_bench()
        bench.store.formulas["v1"] = trouble
        held = bench.spec.tables[0].handler(step(CHAMPION, version=1), meta())
        assert isinstance(held, Held)
        said += settled(held).events
    bench.store.formulas["v1"] = by_amount
    said += [emit for _ in range(60) for emit in bench.tick().events]
    assert len({emit.identity for emit in said}) == len(said) == 3
