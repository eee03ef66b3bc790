"""What the registrar does about each event, over a folder and a scripted evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest

from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.api import NOTHING
from evermodel.common.testing.sample import settled
from evermodel.registrar.adapters.directory_judgements import DirectoryJudgements
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.domain.evidence import Comparison, NotEvaluated, Paired
from evermodel.registrar.domain.standing import Alias
from evermodel.registrar.handlers import Registrar
from tests.unit.registrar.samples import (
    ALONE,
    DIGEST,
    GOOD,
    MODEL,
    OTHER,
    TIME,
    Scripted,
    meta,
    step,
    trained,
)

EVEN = replace(
    ALONE,
    comparison=Comparison(champion=GOOD, paired=Paired(both=330, gained=20, lost=20, neither=130)),
)


class House:
    """A registrar with its registry on disk: a new one over the same folder is a restart."""

    def __init__(self, folder: Path) -> None:
        self.registry = DirectoryRegistry(folder)
        self.evaluator = Scripted()
        self.registrar = Registrar(
            models={"fraud": MODEL},
            registry=self.registry,
            judgements=DirectoryJudgements(folder),
            evaluator=self.evaluator,
        )

    def train(self, event: ModelTrained, *, id_: str) -> ModelValidated:
        found = settled(self.registrar.on_model_trained(event, meta(id_)))
        (emitted,) = found.events
        assert emitted.time == TIME
        assert isinstance(emitted.payload, ModelValidated)
        return emitted.payload

    def roll(  # a step says much, and each test varies one thing
        self,
        action: str,
        *,
        version: int,
        stable: int,
        challenger: int | None = None,
        held: tuple[str, ...] = (),
    ) -> None:
        event = step(
            action, version=version, stable=stable, challenger=challenger, quarantined=held
        )
        assert settled(self.registrar.on_rollout_step(event, meta("step"))) == NOTHING

    def named(self, alias: Alias) -> int | None:
        found = self.registry.aliased(ModelName("fraud"), alias=alias)
        return None if found is None else found.version


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_first_model_is_accepted_and_becomes_version_one(house: House) -> None:
    said = house.train(trained(), id_="t1")
    assert (said.verdict, said.version, said.champion) == ("accepted", 1, None)
    assert said.model_uri == "models:/fraud/1"
    assert said.trained_by == "t1"
    assert house.named("challenger") == 1
    assert house.named("champion") is None


def test_a_redelivered_event_registers_no_second_version_and_says_the_same(house: House) -> None:
    first = house.train(trained(), id_="t1")
    assert house.train(trained(), id_="t1") == first
    assert house.train(trained(OTHER), id_="t2").version == 2


@pytest.mark.parametrize("accepted", [True, False])
def test_a_redelivered_event_is_answered_without_evaluating_again(
    tmp_path: Path, accepted: bool
) -> None:
    before = House(tmp_path)
    before.evaluator.answer = ALONE if accepted else replace(ALONE, parity=0.5)
    said = before.train(trained(), id_="t1")  # its event is lost with the process
    after = House(tmp_path)
    after.evaluator.answer = AssertionError("it was judged before")
    assert after.train(trained(), id_="t1") == said
    assert said.version == (1 if accepted else None)
    after.evaluator.answer = ALONE
    assert after.train(trained(OTHER), id_="t2").version == (2 if accepted else 1)


def test_a_crash_after_registering_and_a_slower_machine_change_no_verdict(tmp_path: Path) -> None:
    before = House(tmp_path)
    before.registry.set_alias = crashing  # type: ignore[method-assign]  # at the last moment
    with pytest.raises(RuntimeError):
        before.train(trained(), id_="t1")
    after = House(tmp_path)
    after.evaluator.answer = replace(ALONE, latency_ms=10_000.0)

    said = after.train(trained(), id_="t1")

    assert (said.verdict, said.version) == ("accepted", 1)
    assert after.named("challenger") == 1
    assert House(tmp_path).train(trained(), id_="t1") == said


def crashing(*_: object, **__: object) -> None:
    raise RuntimeError("killed")


def test_a_judgement_that_could_not_be_kept_registers_no_second_version(
    tmp_path: Path,
) -> None:
    before = House(tmp_path)
    said = before.train(trained(), id_="t1")
    (tmp_path / "fraud.judged.json").unlink()  # it was too long to keep
    after = House(tmp_path)
    assert after.train(trained(), id_="t1") == said
    assert after.evaluator.cases
    assert after.train(trained(OTHER), id_="t2").version == 2


def test_a_candidate_is_compared_with_the_champion_of_the_registry(house: House) -> None:
    house.train(trained(), id_="t1")
    house.roll("promoted", version=1, stable=1)
    house.evaluator.answer = EVEN
    said = house.train(trained(OTHER), id_="t2")
    assert (said.verdict, said.version, said.champion) == ("accepted", 2, 1)
    champion = house.evaluator.cases[-1].champion
    assert champion is not None
    assert champion.digest == DIGEST
    assert {"not_worse"} <= {gate.gate for gate in said.gates}


def test_a_champion_proved_broken_must_be_beaten(house: House) -> None:
    house.evaluator.answer = EVEN
    said = house.train(trained(cause="performance"), id_="t1")
    assert said.verdict == "rejected"
    (better,) = [gate for gate in said.gates if gate.gate == "better"]
    assert better.verdict == "no_evidence"
    assert better.n == 500
    assert (better.lower or 0) < (better.value or 0) + 1e-9 < (better.upper or 0)


def test_a_rejected_candidate_gets_no_version_and_moves_no_alias(house: House) -> None:
    house.evaluator.answer = replace(ALONE, parity=0.5)
    said = house.train(trained(), id_="t1")
    assert (said.verdict, said.version, said.model_uri) == ("rejected", None, None)
    assert said.reasons[0].startswith("parity: fail")
    assert house.named("challenger") is None


def test_an_evaluation_that_broke_rejects_and_says_so(house: House) -> None:
    house.evaluator.answer = NotEvaluated("the evaluation took more than 600 s")
    said = house.train(trained(), id_="t1")
    assert said.verdict == "rejected"
    assert said.reasons == ("loads: no evidence: the evaluation took more than 600 s",)


def test_a_failed_training_leaves_nothing_to_validate(house: House) -> None:
    failed = ModelTrained(
        model=ModelName("fraud"),
        outcome="failed",
        reason="one class only",
        caused_by=EventId("alarm"),
        champion=None,
    )
    assert house.registrar.on_model_trained(failed, meta("t1")) == NOTHING


@pytest.mark.parametrize(
    "broken",
    [
        trained().model_copy(update={"artefact": None}),
        trained().model_copy(update={"run_id": None}),
        trained().model_copy(update={"holdout_uri": None}),
        trained().model_copy(update={"model": "unknown"}),
    ],
)
def test_what_can_never_be_judged_is_given_up_at_once(house: House, broken: ModelTrained) -> None:
    with pytest.raises(Permanent):
        house.registrar.on_model_trained(broken, meta("t1"))


def test_a_store_that_does_not_answer_is_waited_for(house: House) -> None:
    house.evaluator.answer = Transient("MLflow does not answer")
    with pytest.raises(Transient):
        house.train(trained(), id_="t1")


def test_promotion_and_completion_move_the_aliases(house: House) -> None:
    house.train(trained(), id_="t1")
    for _ in range(2):
        house.roll("promoted", version=1, stable=1)
    assert (house.named("champion"), house.named("challenger")) == (1, None)
    assert house.named("last_verified") is None
    house.roll("completed", version=1, stable=1)
    assert house.named("last_verified") == 1


@pytest.mark.parametrize("action", ["aborted", "rolled_back"])
def test_what_was_taken_back_never_returns_by_itself(house: House, action: str) -> None:
    house.train(trained(), id_="t1")
    house.roll("promoted", version=1, stable=1)
    house.evaluator.answer = EVEN
    house.train(trained(OTHER), id_="t2")
    for _ in range(2):
        house.roll(action, version=2, stable=1, held=(OTHER,))
    assert (house.named("champion"), house.named("challenger")) == (1, None)
    again = house.train(trained(OTHER), id_="t3")
    assert again.verdict == "rejected"
    assert again.reasons[0].startswith("quarantine: fail")


def test_an_abort_that_blames_nobody_and_a_lifted_hold_leave_the_artefact_free(
    house: House,
) -> None:
    house.train(trained(), id_="t1")
    house.roll("promoted", version=1, stable=1)
    house.evaluator.answer = EVEN
    house.train(trained(OTHER), id_="t2")
    house.roll("aborted", version=2, stable=1)
    assert house.train(trained(OTHER), id_="t3").verdict == "accepted"
    house.roll("aborted", version=3, stable=1, held=(OTHER,))
    house.roll("queued", version=3, stable=1)
    assert house.train(trained(OTHER), id_="t4").verdict == "accepted"


@pytest.mark.guarantee(
    "outside",
    fault="a person deletes the champion's version in MLflow while a newer one is rolled out",
    promise="what is taken back is quarantined all the same; the step is given up with the reason",
    seen="dead letter 'permanent': 'step … names an unregistered version'",
)
def test_of_a_step_that_names_a_deleted_version_all_else_is_done(house: House) -> None:
    house.train(trained(), id_="t1")
    house.train(trained(OTHER), id_="t2")
    with pytest.raises(Permanent, match="step step names an unregistered version: fraud has no"):
        house.roll("aborted", version=2, stable=9, held=(OTHER,))
    assert house.named("challenger") is None
    assert house.registry.is_quarantined(ModelName("fraud"), digest=OTHER)


def test_a_step_makes_good_what_an_earlier_one_that_was_given_up_left_undone(house: House) -> None:
    house.train(trained(), id_="t1")
    house.train(trained(OTHER), id_="t2")
    house.roll("completed", version=1, stable=1, challenger=2)
    assert (house.named("champion"), house.named("challenger")) == (1, 2)
    house.roll("declined", version=2, stable=1)
    assert (house.named("champion"), house.named("challenger")) == (1, None)


def test_a_candidate_registered_after_a_step_was_said_stays_challenger(house: House) -> None:
    house.train(trained(), id_="t1")
    house.train(trained(OTHER), id_="t2")
    house.roll("completed", version=1, stable=1)
    assert house.named("challenger") == 2


def test_a_step_about_an_unregistered_version_is_given_up(house: House) -> None:
    with pytest.raises(Permanent):
        house.roll("promoted", version=9, stable=9)
