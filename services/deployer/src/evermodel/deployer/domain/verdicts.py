"""The judge's vocabulary: one check with its numbers, and the three answers."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "fail", "no_evidence"]
Answer = Literal["good", "bad", "not_yet"]

#: From a quarter of the evidence that proves harm on, more weight would be reckless: hold.
LEANING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question, its answer and the numbers it rests on.

    `needed`: without a pass here the answer cannot be good. Labels come late, so the absence
    of labelled evidence is not needed to pass; everything that is counted live is.
    """

    check: str
    verdict: Verdict
    value: float
    bound: float
    n: int
    detail: str
    needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer and every finding behind it."""

    answer: Answer
    reason: str
    findings: tuple[Finding, ...]


def conclude(findings: tuple[Finding, ...]) -> Judgement:
    """Return bad when anything failed, good when everything needed passed, else not yet."""
    failed = [f for f in findings if f.verdict == "fail"]
    if failed:
        return Judgement(
            answer="bad", reason="; ".join(f.detail for f in failed), findings=findings
        )
    missing = [f for f in findings if f.needed and f.verdict != "pass"]
    if missing or not findings:
        reason = "not yet: " + "; ".join(f.detail for f in missing)
        return Judgement(answer="not_yet", reason=reason, findings=findings)
    passed = sum(f.verdict == "pass" for f in findings)
    return Judgement(answer="good", reason=f"{passed} checks pass", findings=findings)
