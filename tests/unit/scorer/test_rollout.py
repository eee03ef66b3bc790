"""Taking steps over: what is loaded, what is reported, and who decides afterwards."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from evermodel.common.kernel.errors import Misconfigured, Transient
from evermodel.common.messaging.api import Held, Reaction
from evermodel.common.testing.sample import settled
from evermodel.scorer.handlers.fault import Fault
from evermodel.scorer.ports import BundleUnreachable
from tests.unit.scorer.bench import Bench, Formula, Later, by_amount, meta, payment, play, step

CHAMPION = play(1, role="champion", weight=80)
CANARY = play(2, role="challenger", weight=20)


def raising(_: Any) -> list[float]:
    raise RuntimeError("kernel missing")


def decided(bench: Bench, *, cards: int = 500, **columns: Any) -> list[dict[str, Any]]:
    return bench.score(
        *(payment(CUSTOMER_ID=card, TRANSACTION_ID=card, **columns) for card in range(cards))
    )


def deciders(rows: list[dict[str, Any]]) -> Counter[int | None]:
    return Counter(row["decided_by"] for row in rows)


def test_a_step_is_answered_with_what_every_version_is(bench: Bench) -> None:
    applied = bench.step(CHAMPION, CANARY)
    assert applied.step_event_id == "step-1"
    assert [(v.version, v.state) for v in applied.versions] == [(1, "ready"), (2, "ready")]


def test_two_replicas_answer_with_events_of_their_own(make_bench: Callable[..., Bench]) -> None:
    said = []
    for replica in ("0", "1"):
        bench = make_bench(replica=replica)
        held = bench.spec.tables[0].handler(step(CHAMPION, CANARY), meta())
        assert isinstance(held, Held)
        said.append(settled(held).events[0].identity)
    assert said == [f'fraud/step-1/{n}/[[1, "ready", ""], [2, "ready", ""]]' for n in "01"]


def test_two_replicas_assign_alike(make_bench: Callable[..., Bench]) -> None:
    answers = []
    for replica in ("0", "1"):
        bench = make_bench(replica=replica)
        bench.step(CHAMPION, CANARY)
        answers.append([row["decided_by"] for row in decided(bench)])
    assert answers[0] == answers[1]


def test_a_version_is_loaded_once_and_kept_over_steps(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=100), play(2, role="challenger", weight=0))
    bench.step(CHAMPION, CANARY)
    bench.step(play(2, role="champion", weight=100), play(1, role="former_champion", weight=0))
    assert bench.store.loads == ["v1", "v2"]
    assert deciders(decided(bench)) == {2: 500}


def test_the_same_version_with_another_digest_is_loaded_anew(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=100), version=1)
    bench.step(play(1, role="champion", weight=100, digest="sha256:" + "b" * 64), version=1)
    assert bench.store.loads == ["v1", "v1"]


def test_what_served_before_goes_on_while_the_next_is_loaded(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=100), version=1)
    held = bench.spec.tables[0].handler(step(CHAMPION, CANARY), meta())
    assert deciders(decided(bench)) == {1: 500}
    assert isinstance(held, Held)
    held.work()
    assert set(deciders(decided(bench))) == {1, 2}


def test_a_shadow_scores_everything_and_decides_nothing(bench: Bench) -> None:
    bench.step(play(1, role="champion", weight=100), play(2, role="challenger", weight=0))
    rows = decided(bench)
    assert deciders(rows) == {1: 500}
    assert all(set(row["scores"]) == {"1", "2"} for row in rows)


def test_an_entity_keeps_its_version_over_batches_and_larger_shares(bench: Bench) -> None:
    bench.step(CHAMPION, CANARY)
    first = {row["entity"]: row["decided_by"] for row in decided(bench)}
    assert first == {row["entity"]: row["decided_by"] for row in decided(bench)}
    bench.step(play(1, role="champion", weight=50), play(2, role="challenger", weight=50))
    later = {row["entity"]: row["decided_by"] for row in decided(bench)}
    assert all(later[card] == 2 for card, version in first.items() if version == 2)


@pytest.mark.parametrize("action", ["queued", "declined"])
def test_a_version_that_waits_or_is_refused_moves_nobody_in_a_canary(
    bench: Bench, action: str
) -> None:
    bench.step(CHAMPION, CANARY)
    before = [row["decided_by"] for row in decided(bench)]
    bench.step(CHAMPION, CANARY, version=3, action=action)
    assert [row["decided_by"] for row in decided(bench)] == before


def test_each_rollout_draws_its_own_customers(bench: Bench) -> None:
    drawn = []
    for version in (2, 3):
        bench.store.formulas[f"v{version}"] = by_amount
        bench.step(CHAMPION, play(version, role="challenger", weight=20), version=version)
        drawn.append({row["entity"] for row in decided(bench) if row["decided_by"] == version})
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (ValueError("digest differs"), "ValueError: digest differs"),
        (raising, "RuntimeError: kernel missing"),
        (lambda columns: [math.nan], "no probability"),
        (lambda columns: [1.5], "no probability"),
        (lambda columns: [0.1, 0.2], "no probability"),
    ],
)
def test_a_canary_that_cannot_serve_is_reported_and_takes_no_weight(
    bench: Bench, formula: Formula | Exception, reason: str
) -> None:
    bench.store.formulas["v2"] = formula
    good, bad = bench.step(CHAMPION, CANARY).versions
    assert (good.state, bad.state) == ("ready", "failed")
    assert reason in bad.reason
    assert deciders(decided(bench)) == {1: 500}


def test_a_canary_that_stops_answering_is_named_and_the_champion_decides(bench: Bench) -> None:
    answers = iter([[0.5]])
    bench.store.formulas["v2"] = lambda columns: next(answers)  # one answer, then StopIteration
    bench.step(CHAMPION, CANARY)
    rows = decided(bench)
    assert deciders(rows) == {1: 500}
    assert all(row["failed"] == ["2"] and set(row["scores"]) == {"1"} for row in rows)
    assert {row["propensity"] for row in rows} == {0.8, 1.0}


def test_one_row_without_an_answer_costs_the_others_nothing(bench: Bench) -> None:
    bench.store.formulas["v1"] = lambda c: [math.nan if a > 50 else 0.1 for a in c["TX_AMOUNT"]]
    bench.step(play(1, role="champion", weight=100), version=1)
    sound, odd = bench.score(payment(TX_AMOUNT=20), payment(TX_AMOUNT=60))
    assert (sound["decision"], odd["decision"]) == ("pass", "unscored")
    assert (sound["failed"], odd["failed"]) == ([], ["1"])


def test_with_nothing_left_to_serve_a_silent_store_is_waited_for(bench: Bench) -> None:
    bench.store.formulas["v1"] = BundleUnreachable("MLflow does not answer")
    with pytest.raises(Transient, match="does not answer"):
        bench.step(play(1, role="champion", weight=100), version=1)


AWAY = [BundleUnreachable("MLflow is restarting"), OSError(28, "no space left"), MemoryError()]


@pytest.mark.parametrize("trouble", AWAY, ids=["store", "disk", "memory"])
def test_a_version_that_cannot_be_had_now_is_not_called_failed(
    bench: Bench, trouble: Exception
) -> None:
    bench.store.formulas["v2"] = trouble
    said = bench.step(CHAMPION, CANARY)
    assert [(v.version, v.state) for v in said.versions] == [(1, "ready")]
    assert deciders(decided(bench)) == {1: 500}


@pytest.mark.parametrize("trouble", AWAY, ids=["store", "disk", "memory"])
def test_a_version_that_could_not_be_had_serves_as_soon_as_it_can(
    bench: Bench, trouble: Exception
) -> None:
    bench.store.formulas["v2"] = trouble
    bench.step(CHAMPION, CANARY)
    assert bench.ticks(20) == []

    bench.store.formulas["v2"] = by_amount
    (said,) = bench.ticks(20)

    assert [(v.version, v.state) for v in said.versions] == [(1, "ready"), (2, "ready")]
    assert set(deciders(decided(bench))) == {1, 2}
    assert bench.ticks(20) == []


def test_what_comes_late_follows_from_its_step_as_all_that_came_in_time(bench: Bench) -> None:
    bench.store.formulas["v2"] = AWAY[0]
    bench.step(CHAMPION, CANARY)
    bench.store.formulas["v2"] = by_amount
    (emit,) = [emit for _ in range(20) for emit in bench.tick().events]
    assert (emit.caused_by, emit.lifecycle_id) == ("step-1", meta("step-1").lifecycle_id)


def test_a_version_that_comes_late_and_is_bad_is_reported(bench: Bench) -> None:
    bench.store.formulas["v2"] = AWAY[0]
    bench.step(CHAMPION, CANARY)
    bench.store.formulas["v2"] = raising

    (said,) = bench.ticks(20)

    assert [(v.version, v.state) for v in said.versions] == [(1, "ready"), (2, "failed")]


def test_what_comes_late_never_undoes_a_later_step(make_bench: Callable[..., Bench]) -> None:
    beside = Later()
    bench = make_bench(beside=beside)
    bench.store.formulas["v2"] = AWAY[0]
    bench.step(CHAMPION, CANARY)
    bench.ticks(20)  # asks, and the answer is under way
    bench.step(play(1, role="champion", weight=100), event_id="step-2")

    bench.store.formulas["v2"] = by_amount
    beside.catch_up()

    assert bench.ticks(20) == []
    assert deciders(decided(bench)) == {1: 500}


def test_another_installations_model_is_no_business_of_ours(bench: Bench) -> None:
    said = bench.spec.tables[0].handler(step(CHAMPION, CANARY, model="other"), meta())
    assert said == Reaction()


def test_thresholds_are_compared_as_scores_are_computed(bench: Bench) -> None:
    bench.store.formulas["v1"] = lambda columns: [0.10000000149011612] * len(columns["TX_AMOUNT"])
    bench.step(play(1, role="champion", weight=100, threshold=0.1), version=1)
    assert bench.score(payment())[0]["alerts"] == {"1": True}


FAULT = Fault.parse("2:TX_AMOUNT:3")


def test_the_fault_strikes_only_what_the_canary_decides(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(fault=FAULT)
    bench.step(CHAMPION, CANARY)
    for row in decided(bench, TX_AMOUNT=20.0):
        struck = row["decided_by"] == 2
        assert row["scores"]["1"] == pytest.approx(0.2)
        assert row["scores"]["2"] == pytest.approx(0.6 if struck else 0.2)
        assert row["features"]["TX_AMOUNT"] == 20.0


@pytest.mark.parametrize(
    "plays",
    [
        [play(1, role="champion", weight=100), play(2, role="challenger", weight=0)],
        [play(2, role="champion", weight=100), play(1, role="former_champion", weight=0)],
    ],
    ids=["shadow", "champion"],
)
def test_the_fault_leaves_shadows_and_champions_alone(
    make_bench: Callable[..., Bench], plays: list[dict[str, Any]]
) -> None:
    bench = make_bench(fault=FAULT)
    bench.step(*plays)
    assert {row["scores"]["2"] for row in decided(bench, TX_AMOUNT=25.0)} == {0.25}


def test_the_fault_announces_itself(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    make_bench(fault=FAULT)
    assert "TEST SWITCH ON" in caplog.text


@pytest.mark.parametrize("text", ["", "2", "2:TX_AMOUNT", "v2:TX_AMOUNT:3", "2::3", "2:A:much"])
def test_a_misspelt_fault_is_an_error(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"EVERMODEL_SCORER_FAULT: .* is not <version>"):
        Fault.parse(text)
