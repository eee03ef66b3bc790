"""A run that served nothing says why, by the first thing that went wrong."""

from typing import Any

import pytest

from evermodel.playback.shortfall import why_nothing_served

SERVED: dict[str, Any] = {
    "model": "fraud",
    "champions": [{"version": 1}],
    "rollouts": [{"version": 1, "outcome": "promoted", "reason": "the first"}],
    "validations": [{"verdict": "accepted", "reasons": ["all gates passed"]}],
    "trainings": [{"outcome": "trained", "reason": "the first"}],
}


def test_a_run_that_served_lacks_nothing_whatever_failed_later() -> None:
    later = {"outcome": "failed", "reason": "one class only"}
    assert why_nothing_served(SERVED | {"trainings": [*SERVED["trainings"], later]}) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"trainings": [{"outcome": "failed", "reason": "one class only"}]},
            "the first training failed: one class only",
        ),
        ({"trainings": []}, "no training took place"),
        (
            {
                "validations": [
                    {"verdict": "rejected", "reasons": ["parity: fail", "latency: fail"]}
                ]
            },
            "the first model was rejected: parity: fail; latency: fail",
        ),
        (
            {
                "validations": SERVED["validations"],
                "rollouts": [{"version": 1, "outcome": "held", "reason": "no traffic"}],
            },
            "the rollout of version 1 is held: no traffic",
        ),
    ],
)
def test_what_went_wrong_first_is_the_reason(changes: dict[str, Any], why: str) -> None:
    nothing = SERVED | {"champions": [], "rollouts": [], "validations": []} | changes
    assert why_nothing_served(nothing) == f"fraud: nothing was ever served: {why}"
