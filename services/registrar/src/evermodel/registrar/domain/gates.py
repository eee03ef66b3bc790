"""The gates a candidate passes, fails, or cannot be judged at.

Owns which questions are asked (docs/decisions/: no evidence is not a pass). Must never touch a
model, a file or a registry: evidence in, gates out.
"""

from typing import assert_never

from evermodel.registrar.domain.comparison import relative
from evermodel.registrar.domain.evidence import Evaluated, Evaluation, NotEvaluated, Unloadable
from evermodel.registrar.domain.floors import absolute
from evermodel.registrar.domain.gate import Demand, Gate, Policy
from evermodel.registrar.domain.soundness import sound


def ask(
    evaluation: Evaluation, *, policy: Policy, demand: Demand, quarantined: bool
) -> tuple[Gate, ...]:
    """Return every gate that the evaluation allows to be asked, in order."""
    allowed = _quarantine(quarantined)
    match evaluation:
        case NotEvaluated(problem):
            return (
                allowed,
                Gate(name="loads", answer="no_evidence", required=True, detail=problem),
            )
        case Unloadable(problem):
            return (allowed, Gate(name="loads", answer="fail", required=True, detail=problem))
        case Evaluated():
            return (
                allowed,
                *sound(evaluation, policy=policy),
                *absolute(evaluation.candidate, policy=policy),
                *relative(evaluation.comparison, policy=policy, demand=demand),
            )
        case _:
            assert_never(evaluation)


def _quarantine(quarantined: bool) -> Gate:  # noqa: FBT001  # the one thing it is about
    return Gate(
        name="quarantine",
        answer="fail" if quarantined else "pass",
        required=True,
        detail="this very artefact was taken back before" if quarantined else "",
    )
