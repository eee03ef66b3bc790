"""Why a run never served anything, in one sentence.

Without a first champion nothing is scored, so nothing can drift and no training follows: the
run is over, however much of the history is left.
"""

from collections.abc import Mapping
from typing import Any


def why_nothing_served(summary: Mapping[str, Any]) -> str | None:
    """Return why no version of the run in `summary` ever served, None when one did."""
    if summary["champions"]:
        return None
    return f"{summary['model']}: nothing was ever served: {_reason(summary)}"


def _reason(summary: Mapping[str, Any]) -> str:
    if summary["rollouts"]:
        first = summary["rollouts"][0]
        return f"the rollout of version {first['version']} is {first['outcome']}: {first['reason']}"
    if summary["validations"]:
        reasons = "; ".join(summary["validations"][0]["reasons"])
        return f"the first model was {summary['validations'][0]['verdict']}: {reasons}"
    if summary["trainings"]:
        first = summary["trainings"][0]
        return f"the first training {first['outcome']}: {first['reason']}"
    return "no training took place"
