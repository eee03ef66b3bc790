"""One question put to a candidate, and its three answers.

Owns the form of a gate and of the bounds it is asked with. Must never ask: see ``gates``.
"""

from dataclasses import dataclass
from typing import Literal

from evermodel.registrar.domain.intervals import Interval

Answer = Literal["pass", "fail", "no_evidence"]
Demand = Literal["not_worse", "better"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The bounds, as ``model.toml`` states them under [gates] and [decision]."""

    recall_floor: float
    precision_floor: float
    margin: float
    confidence: float
    min_frauds: int
    slice_margin: float
    alert_budget: float
    alert_ratio: float
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One question and its answer. Unless `required`, no evidence does not block."""

    name: str
    answer: Answer
    required: bool
    interval: Interval | None = None
    value: float | None = None
    bound: float | None = None
    n: int = 0
    detail: str = ""


def answer_of(*, pass_: bool, fail: bool) -> Answer:
    """Return the answer; what neither passes nor fails is no evidence."""
    return "pass" if pass_ else "fail" if fail else "no_evidence"


def too_few(frauds: int, *, policy: Policy) -> str:
    """Say that the hold-out has not enough frauds."""
    return f"{frauds} frauds in the hold-out, {policy.min_frauds} needed"
