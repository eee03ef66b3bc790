"""A version that is not asked any more is said to have failed, and is loaded anew, as one is that
could not be loaded: nothing is given up for good while a step wants it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from evermodel.common.messaging.api import Emit
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.handlers.live import Loaded
from evermodel.scorer.handlers.loading import Loader
from evermodel.scorer.ports import BundleRefused, Columns
from tests.unit.scorer.bench import (
    DIGEST,
    Bench,
    Formula,
    FormulaModel,
    FormulaStore,
    Later,
    by_amount,
    payment,
    play,
    step,
)

CHAMPION = play(1, role="champion", weight=100)
WHY = "the scoring process ended with signal SIGKILL, for the second time in its calls"
FORM = RowForm(time="T", id=None, entity=None, continuous=("TX_AMOUNT",), categorical=(), flag=())


def give_up(bench: Bench, uri: str = "v1") -> None:
    bench.store.last[uri].unasked = WHY


def said(bench: Bench, *, ticks: int) -> list[tuple[int, str]]:
    """Return the ticks at which something is said of a version, and what."""
    return [
        (tick, " ".join(f"v{v.version} {v.state}" for v in answer.versions))
        for tick in range(1, ticks + 1)
        for answer in bench.ticks(1)
    ]


@pytest.mark.guarantee(
    "outside",
    fault="a champion's calls end the scoring process twice: the machine's memory, or one payment",
    promise="it is said to have failed, and loaded anew, a minute apart at most, while its step is "
    "the last: nobody restarts anything",
    seen="serving.applied failed, with how it ended, later ready; metrics evermodel_model_info, "
    "evermodel_load_failures_total; status, doctor",
)
def test_a_champion_that_is_not_asked_any_more_is_said_to_fail_and_is_loaded_anew(
    bench: Bench,
) -> None:
    bench.step(CHAMPION, version=1)
    assert shown(bench, "model_info") == 1
    give_up(bench)

    (failed,) = bench.ticks(1)

    assert [(v.state, v.reason) for v in failed.versions] == [("failed", f"Unasked: {WHY}")]
    assert shown(bench, "model_info") is None
    assert bench.score(payment())[0]["decision"] == "unscored"
    (ready,) = bench.ticks(5)
    assert [v.state for v in ready.versions] == ["ready"]
    assert shown(bench, "model_info") == 1
    assert bench.score(payment())[0]["decided_by"] == 1
    assert bench.store.loads == ["v1", "v1"]
    assert bench.ticks(200) == []


def test_a_challenger_that_is_not_asked_any_more_is_said_to_fail_alone(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=80), play(2, role="challenger", weight=20))
    give_up(bench, "v2")
    assert said(bench, ticks=1) == [(1, "v1 ready v2 failed")]
    rows = bench.score(*(payment(CUSTOMER_ID=n) for n in range(50)))
    assert {row["decided_by"] for row in rows} == {1}


def test_one_that_is_given_up_while_another_is_loaded_does_not_serve(
    make_bench: Callable[..., Bench],
) -> None:
    later = Later()
    bench = make_bench(beside=later)
    bench.store.formulas["v2"] = BundleRefused("gone")
    bench.step(CHAMPION, play(2, role="challenger", weight=0))
    bench.ticks(1)
    bench.store.formulas["v2"] = giving_up(bench)
    later.catch_up()
    assert bench.score(payment())[0]["decision"] == "unscored"
    assert said(bench, ticks=9) == [(1, "v1 failed v2 ready")]


def test_what_is_said_is_how_it_stands_then(make_bench: Callable[..., Bench]) -> None:
    later = Later()
    bench = make_bench(beside=later)
    bench.store.formulas["v2"] = BundleRefused("gone")
    bench.step(CHAMPION, play(2, role="challenger", weight=0))
    bench.ticks(1)
    bench.store.formulas["v2"] = by_amount
    later.catch_up()
    give_up(bench)
    assert said(bench, ticks=9) == [(1, "v1 failed v2 ready")]


def test_what_a_later_step_has_overtaken_is_not_said(make_bench: Callable[..., Bench]) -> None:
    later = Later()
    bench = make_bench(beside=later)
    bench.store.formulas["v1"] = BundleRefused("gone")
    bench.step(CHAMPION, version=1)
    bench.ticks(1)
    bench.store.formulas["v1"] = by_amount
    later.catch_up()
    bench.step(CHAMPION, version=1, event_id="step-2")
    assert bench.ticks(9) == []


def giving_up(bench: Bench) -> Formula:
    def formula(columns: Columns) -> Sequence[float]:
        give_up(bench)
        return by_amount(columns)

    return formula


def test_the_pause_grows_while_it_is_given_up_again_and_again(bench: Bench) -> None:
    bench.step(CHAMPION, version=1)
    failed_at = []
    for tick in range(1, 400):
        give_up(bench)
        for _, what in said(bench, ticks=1):
            if what == "v1 failed":
                failed_at.append(tick)
    pauses = [b - a for a, b in pairwise(failed_at)]
    assert pauses[:5] == sorted(pauses[:5])
    assert (pauses[0] <= 4, 60 <= pauses[-1] <= 63) == (True, True), pauses


def test_the_pauses_begin_anew_when_it_has_served_for_long(bench: Bench) -> None:
    bench.step(CHAMPION, version=1)
    for _ in range(4):
        give_up(bench)
        said(bench, ticks=30)
    said(bench, ticks=1000)
    give_up(bench)
    assert [what for _, what in said(bench, ticks=4)] == ["v1 failed", "v1 ready"]


def test_each_answer_has_an_id_of_its_own_though_it_is_the_same_again(bench: Bench) -> None:
    bench.step(CHAMPION, version=1)
    told: list[Emit] = []
    for _ in range(3):
        give_up(bench)
        told += [emit for _ in range(60) for emit in bench.tick().events]
    assert len({emit.identity for emit in told}) == len(told) == 6


def test_the_next_step_loads_it_anew_at_once(bench: Bench) -> None:
    bench.step(CHAMPION, version=1)
    give_up(bench)
    answer = bench.step(CHAMPION, version=1, event_id="step-2")
    assert [v.state for v in answer.versions] == ["ready"]
    assert bench.score(payment())[0]["decided_by"] == 1
    assert bench.ticks(200) == []


def test_a_loaded_version_is_kept_while_it_is_asked_and_no_longer() -> None:
    store = FormulaStore({"v1": by_amount})
    loader = Loader(bundles=store, scoring=store)
    event = step(CHAMPION, version=1)
    model = FormulaModel(by_amount)
    loaded = loader.load(event, before={1: Loaded(DIGEST, model)}, form=FORM)
    assert loaded.ready[1].model is model
    model.unasked = WHY
    loaded = loader.load(event, before={1: Loaded(DIGEST, model)}, form=FORM)
    assert loaded.ready[1].model is not model


def shown(bench: Bench, name: str) -> float | None:
    labels = {"model": "fraud", "model_version": "1", "role": "champion"}
    return bench.spec.metrics.registry.get_sample_value(f"evermodel_{name}", labels)
