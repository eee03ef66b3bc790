"""The verdict on a candidate: what its gates add up to.

Owns the one rule. Must never ask a gate itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evermodel.registrar.domain.gate import Gate


@dataclass(frozen=True, slots=True)
class Ruling:
    """Accepted or not, and why in words."""

    accepted: bool
    reasons: tuple[str, ...]


def rule(gates: Sequence[Gate]) -> Ruling:
    """Accept when no gate fails and every required gate passes.

    No evidence at a required gate rejects: the candidate may well be good, but nothing says
    so, and the champion stays.
    """
    against = tuple(_sentence(gate) for gate in gates if _blocks(gate))
    if against:
        return Ruling(accepted=False, reasons=against)
    asked = tuple(_sentence(gate) for gate in gates if gate.required and gate.interval)
    return Ruling(accepted=True, reasons=asked or ("every required gate passed",))


def _blocks(gate: Gate) -> bool:
    return gate.answer == "fail" or (gate.required and gate.answer != "pass")


def _sentence(gate: Gate) -> str:
    answer = gate.answer.replace("_", " ")
    numbers = ""
    if gate.interval is not None and gate.bound is not None:
        i = gate.interval
        numbers = (
            f" {i.value:.4f} in [{i.lower:.4f}, {i.upper:.4f}], bound {gate.bound:.4f}, n {gate.n}"
        )
    return f"{gate.name}: {answer}{numbers}" + (f": {gate.detail}" if gate.detail else "")
