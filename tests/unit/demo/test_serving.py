"""A step is served when as many scorers have taken it over as there are, and not before."""

from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.demo.serving import Serving


def answer(replica: str, step: str, *, model: str = "cards") -> ServingApplied:
    versions = (ServedVersion(version=1, state="ready"),)
    return ServingApplied(model=model, replica=replica, step_event_id=step, versions=versions)


def test_before_a_first_step_nothing_is_missing() -> None:
    assert Serving(scorers=2).missing("cards") is None


def test_a_step_waits_for_the_last_scorer() -> None:
    serving = Serving(scorers=2)
    serving.on_step("cards", "first")
    serving.on_applied(answer("0", "first"))
    assert "['0'] only, of 2" in str(serving.missing("cards"))
    serving.on_applied(answer("1", "first"))
    assert serving.missing("cards") is None


def test_one_scorer_that_answers_twice_is_one() -> None:
    serving = Serving(scorers=2)
    serving.on_step("cards", "first")
    for _ in range(2):
        serving.on_applied(answer("0", "first"))
    assert serving.missing("cards") is not None


def test_an_answer_to_the_step_before_or_for_another_model_does_not_count() -> None:
    serving = Serving(scorers=2)
    serving.on_step("cards", "first")
    for replica in ("0", "1"):
        serving.on_applied(answer(replica, "first"))
    serving.on_step("cards", "second")
    serving.on_applied(answer("0", "second"))
    serving.on_applied(answer("1", "second", model="terminals"))
    assert "['0'] only" in str(serving.missing("cards"))
    assert serving.missing("terminals") is None
