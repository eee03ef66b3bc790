"""Requests and cohorts as the admission of a training meets them, and what it answered."""

from datetime import timedelta

from evermodel.trainer.domain.admission import Admission, Cause, Decision, Policy, Request, matured
from tests.unit.trainer.bench import day

POLICY = Policy(
    cool_down=timedelta(days=7),
    regime=timedelta(days=3),
    memory=timedelta(days=36),
    closing=timedelta(days=1),
)


def request(event: str, *, at: float, onset: float | None = None, champion: int = 1) -> Request:
    cause = Cause(id=event, type="t", source="s", subject="fraud", time=day(at))
    return Request(
        cause=cause,
        reason="amounts moved",
        onset=None if onset is None else day(onset),
        episode="e1",
        champion=champion,
    )


def outcome(state: Admission, *, at: float, failed: bool = False) -> Decision:
    """The cohort that ended seven days before `at` has matured."""
    cohort = (day(at - 8), day(at - 7))
    return matured(state, cohort=cohort, at=day(at), quality_failed=failed, policy=POLICY)


def until(state: Admission, first: int, last: int) -> tuple[Admission, list[float]]:
    """Let cohorts mature day by day; return when trainings began."""
    began = []
    for n in range(first, last + 1):
        state, training = outcome(state, at=n)
        if training is not None:
            began.append((training.as_of - day(0)) / timedelta(days=1))
    return state, began


def answers(state: Admission) -> dict[str, tuple[str, str]]:
    return {a.event: (a.answer, a.reason) for a in state.answers}
