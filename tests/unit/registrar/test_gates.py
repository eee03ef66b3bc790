"""Every gate answers pass, fail or no evidence, and no evidence never passes for a pass."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.registrar.domain.evidence import (
    Comparison,
    Confusion,
    Evaluated,
    Evaluation,
    NoComparison,
    NotEvaluated,
    Paired,
    Slice,
    Unloadable,
)
from evermodel.registrar.domain.gate import Demand, Gate, Policy
from evermodel.registrar.domain.gates import ask
from evermodel.registrar.domain.verdict import rule

POLICY = Policy(
    recall_floor=0.0,
    precision_floor=0.0,
    margin=0.05,
    confidence=0.95,
    min_frauds=30,
    slice_margin=0.15,
    alert_budget=0.02,
    alert_ratio=2.0,
    latency_ms=200.0,
)
GOOD = Confusion(
    true_positives=350, false_positives=650, false_negatives=150, true_negatives=48_850
)
EVEN = Paired(both=330, gained=20, lost=20, neither=130)
SOUND = Evaluated(
    signature_problem="",
    parity=0.0,
    latency_ms=4.0,
    candidate=GOOD,
    comparison=Comparison(champion=GOOD, paired=EVEN),
)


def gates(
    evaluation: Evaluation,
    *,
    policy: Policy = POLICY,
    demand: Demand = "not_worse",
    quarantined: bool = False,
) -> dict[str, Gate]:
    asked = ask(evaluation, policy=policy, demand=demand, quarantined=quarantined)
    assert len({gate.name for gate in asked}) == len(asked)
    return {gate.name: gate for gate in asked}


def accepted(found: dict[str, Gate]) -> bool:
    return rule(tuple(found.values())).accepted


def against(paired: Paired, *slices: Slice) -> Evaluated:
    return replace(SOUND, comparison=Comparison(champion=GOOD, paired=paired, slices=slices))


def test_a_sound_candidate_as_good_as_the_champion_is_accepted() -> None:
    found = gates(SOUND)
    assert {gate.answer for gate in found.values()} == {"pass"}
    assert accepted(found)


def test_an_artefact_that_does_not_load_fails_and_nothing_else_is_asked() -> None:
    found = gates(Unloadable("digest differs"))
    assert [found["loads"].answer, len(found)] == ["fail", 2]
    assert not accepted(found)


def test_an_evaluation_that_broke_blames_nobody_and_accepts_nobody() -> None:
    found = gates(NotEvaluated("ended after 600 s"))
    assert found["loads"].answer == "no_evidence"
    assert not accepted(found)


@pytest.mark.parametrize(
    ("broken", "gate"),
    [
        (replace(SOUND, signature_problem="AMOUNT is missing"), "signature"),
        (replace(SOUND, parity=0.02), "parity"),
        (replace(SOUND, latency_ms=201.0), "latency"),
    ],
)
def test_an_unsound_candidate_fails_at_its_own_gate(broken: Evaluated, gate: str) -> None:
    found = gates(broken)
    assert [name for name, g in found.items() if g.answer == "fail"] == [gate]
    assert not accepted(found)


def test_scores_not_kept_at_training_are_no_evidence_and_do_not_block() -> None:
    found = gates(replace(SOUND, parity=None))
    assert found["parity"].answer == "no_evidence"
    assert accepted(found)


@given(st.floats(min_value=0, max_value=200), st.floats(min_value=0, max_value=1e-4))
def test_wall_time_and_rounding_never_reach_the_record_of_a_pass(ms: float, parity: float) -> None:
    assert gates(replace(SOUND, latency_ms=ms, parity=parity)) == gates(SOUND)


def test_a_quarantined_artefact_never_returns_by_itself() -> None:
    assert not accepted(gates(SOUND, quarantined=True))


@pytest.mark.parametrize(
    ("floor", "answer"), [(0.60, "pass"), (0.70, "no_evidence"), (0.85, "fail")]
)
def test_a_floor_is_judged_on_the_interval(floor: float, answer: str) -> None:
    found = gates(SOUND, policy=replace(POLICY, recall_floor=floor))
    assert found["recall_floor"].answer == answer
    assert accepted(found) == (answer == "pass")


def test_too_few_frauds_are_no_evidence_and_block_only_where_a_floor_is_set() -> None:
    none = Confusion(true_positives=0, false_positives=10, false_negatives=0, true_negatives=990)
    few = Confusion(true_positives=20, false_positives=10, false_negatives=0, true_negatives=970)
    first = replace(SOUND, candidate=few, comparison=NoComparison("none", champion_expected=False))
    assert gates(first)["recall_floor"].answer == "no_evidence"
    assert "0 frauds" in gates(replace(first, candidate=none))["recall_floor"].detail
    assert accepted(gates(first))
    assert not accepted(gates(first, policy=replace(POLICY, recall_floor=0.1)))


def test_a_candidate_that_alerts_nothing_has_no_precision() -> None:
    silent = Confusion(
        true_positives=0, false_positives=0, false_negatives=500, true_negatives=9500
    )
    found = gates(replace(SOUND, candidate=silent), policy=replace(POLICY, precision_floor=0.1))
    assert found["precision_floor"].answer == "no_evidence"
    assert found["precision_floor"].detail == "it alerts nothing"
    assert not accepted(found)


def test_an_empty_holdout_is_no_evidence_anywhere() -> None:
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=0, true_negatives=0)
    none = Paired(both=0, gained=0, lost=0, neither=0)
    found = gates(
        replace(SOUND, candidate=nothing, comparison=Comparison(champion=nothing, paired=none))
    )
    judged = {"recall_floor", "precision_floor", "alert_budget", "not_worse"}
    assert {found[name].answer for name in judged} == {"no_evidence"}
    assert not accepted(found)


def test_an_empty_holdout_accepts_not_even_the_first_model() -> None:
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=0, true_negatives=0)
    alone = NoComparison("no champion", champion_expected=False)
    first = replace(SOUND, candidate=nothing, comparison=alone)
    assert not accepted(gates(first))

    unmeasured = gates(replace(SOUND, latency_ms=None))
    assert unmeasured["latency"].answer == "no_evidence"
    assert not accepted(unmeasured)


@pytest.mark.parametrize("false_positives", [0, 300])
def test_a_candidate_that_catches_nothing_is_not_as_good_as_a_champion_granted_as_few(
    false_positives: int,
) -> None:
    blind = Confusion(
        true_positives=0,
        false_positives=false_positives,
        false_negatives=500,
        true_negatives=49_500 - false_positives,
    )
    same = Paired(both=0, gained=0, lost=0, neither=500)
    comparison = Comparison(champion=GOOD, paired=same)
    found = gates(replace(SOUND, candidate=blind, comparison=comparison))
    assert found["not_worse"].answer == "fail"
    assert not accepted(found)


def test_a_holdout_of_frauds_alone_tells_nothing_of_alerts() -> None:
    frauds = Confusion(true_positives=40, false_positives=0, false_negatives=60, true_negatives=0)
    found = gates(replace(SOUND, candidate=frauds))
    assert found["alert_budget"].answer == "fail"


def test_a_parity_that_is_no_number_fails_and_is_not_told_as_one() -> None:
    found = gates(replace(SOUND, parity=float("nan")))
    assert (found["parity"].answer, found["parity"].value) == ("fail", None)


def test_a_budget_is_kept_only_when_the_interval_says_so() -> None:
    close = Confusion(true_positives=20, false_positives=19, false_negatives=20, true_negatives=941)
    found = gates(replace(SOUND, candidate=close))
    assert found["alert_budget"].answer == "no_evidence"
    assert accepted(found)


def test_alerting_everything_fails_though_it_catches_every_fraud() -> None:
    greedy = Confusion(
        true_positives=500, false_positives=49_500, false_negatives=0, true_negatives=0
    )
    found = gates(replace(SOUND, candidate=greedy))
    assert found["alert_budget"].answer == "fail"
    assert not accepted(found)


@pytest.mark.parametrize(
    ("paired", "answer"),
    [
        (Paired(both=340, gained=60, lost=5, neither=95), "pass"),
        (Paired(both=330, gained=20, lost=30, neither=120), "pass"),
        (Paired(both=300, gained=5, lost=60, neither=135), "fail"),
        (Paired(both=26, gained=2, lost=3, neither=9), "no_evidence"),
        (Paired(both=20, gained=9, lost=0, neither=0), "no_evidence"),
    ],
)
def test_not_worse_is_paired_within_a_margin(paired: Paired, answer: str) -> None:
    found = gates(against(paired))
    assert found["not_worse"].answer == answer
    assert accepted(found) == (answer == "pass")


@pytest.mark.parametrize(
    ("gained", "lost", "answer"), [(60, 5, "pass"), (20, 20, "no_evidence"), (5, 60, "fail")]
)
def test_a_broken_champion_asks_for_better_not_merely_for_not_worse(
    gained: int, lost: int, answer: str
) -> None:
    found = gates(against(Paired(both=300, gained=gained, lost=lost, neither=100)), demand="better")
    assert found["better"].answer == answer
    assert "not_worse" not in found


def test_the_first_model_has_no_champion_to_compare_and_is_not_blocked_by_it() -> None:
    first = replace(SOUND, comparison=NoComparison("no champion", champion_expected=False))
    assert gates(first)["not_worse"].answer == "no_evidence"
    assert accepted(gates(first))


def test_a_champion_that_cannot_be_compared_keeps_its_place() -> None:
    lost = replace(SOUND, comparison=NoComparison("its artefact is gone", champion_expected=True))
    assert not accepted(gates(lost))


def test_a_slice_that_is_surely_worse_fails() -> None:
    night = Slice(column="NIGHT", level="1", paired=Paired(both=20, gained=0, lost=40, neither=20))
    found = gates(against(EVEN, night))
    assert found["slice:NIGHT=1"].answer == "fail"
    assert not accepted(found)


def test_many_slices_raise_the_bar_for_calling_any_of_them_worse() -> None:
    suspect = Slice(column="A", level="0", paired=Paired(both=40, gained=4, lost=25, neither=0))
    others = tuple(Slice(column="B", level=str(i), paired=EVEN) for i in range(40))
    assert gates(against(EVEN, suspect))["slice:A=0"].answer == "fail"
    assert gates(against(EVEN, suspect, *others))["slice:A=0"].answer == "no_evidence"


def test_a_slice_without_frauds_is_not_asked() -> None:
    empty = Slice(column="A", level="0", paired=Paired(both=0, gained=0, lost=0, neither=0))
    assert "slice:A=0" not in gates(against(EVEN, empty))


confusions = st.builds(
    Confusion,
    true_positives=st.integers(0, 500),
    false_positives=st.integers(0, 500),
    false_negatives=st.integers(0, 500),
    true_negatives=st.integers(0, 50_000),
)
pairs = st.builds(
    Paired,
    both=st.integers(0, 500),
    gained=st.integers(0, 500),
    lost=st.integers(0, 500),
    neither=st.integers(0, 500),
)


@given(confusions, pairs, st.sampled_from(["not_worse", "better"]))
def test_accepted_means_no_failure_and_every_required_gate_passed(
    candidate: Confusion, paired: Paired, demand: Demand
) -> None:
    evaluation = replace(
        SOUND, candidate=candidate, comparison=Comparison(champion=GOOD, paired=paired)
    )
    found = gates(evaluation, demand=demand)
    answers = [gate.answer for gate in found.values()]
    required = [gate.answer for gate in found.values() if gate.required]
    assert accepted(found) == ("fail" not in answers and set(required) == {"pass"})
    assert rule(tuple(found.values())).reasons


@given(pairs)
def test_what_is_better_is_also_not_worse(paired: Paired) -> None:
    better = gates(against(paired), demand="better")["better"]
    if better.answer == "pass":
        assert gates(against(paired))["not_worse"].answer == "pass"
