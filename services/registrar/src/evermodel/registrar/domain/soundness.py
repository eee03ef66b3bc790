"""The gates of the artefact itself: its signature, parity with its training, its latency."""

from math import isfinite

from evermodel.registrar.domain.evidence import Evaluated
from evermodel.registrar.domain.gate import Answer, Gate, Policy

#: Largest difference between the exported artefact and the scores at training: float32 sums
#: in another order differ by about 1e-6, a wrong look-up table by far more than 1e-4.
PARITY_TOLERANCE = 1e-4


def sound(found: Evaluated, *, policy: Policy) -> tuple[Gate, ...]:
    """Return the gates on a candidate that loaded and scored."""
    problem = found.signature_problem
    signature: Answer = "fail" if problem else "pass"
    return (
        Gate(name="loads", answer="pass", required=True),
        Gate(name="signature", answer=signature, required=True, detail=problem),
        _parity(found.parity),
        _latency(found.latency_ms, bound=policy.latency_ms),
    )


def _parity(largest: float | None) -> Gate:
    if largest is None:
        detail = "the scores at training were not kept"
        return Gate(name="parity", answer="no_evidence", required=False, detail=detail)
    held = largest <= PARITY_TOLERANCE
    return Gate(
        name="parity",
        answer="pass" if held else "fail",
        required=True,
        # What lies under the tolerance is rounding and differs between machines.
        value=largest if not held and isfinite(largest) else None,
        bound=PARITY_TOLERANCE,
        detail="" if held else "the exported artefact scores otherwise than the model trained",
    )


def _latency(milliseconds: float | None, *, bound: float) -> Gate:
    """Judge wall time, but keep it out of `value`: replaying must give the same record."""
    if milliseconds is None:
        detail = "the hold-out has no rows to make a batch of"
        return Gate(name="latency", answer="no_evidence", required=True, bound=bound, detail=detail)
    held = milliseconds <= bound
    return Gate(
        name="latency",
        answer="pass" if held else "fail",
        required=True,
        bound=bound,
        detail="" if held else f"a batch took {milliseconds:.0f} ms",
    )
