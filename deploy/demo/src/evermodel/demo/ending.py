"""How the seeded story must end; a run that ends otherwise has failed, whatever it printed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_ROLLOUTS = {"promoted": 2, "aborted": 1}


def surprises(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs from the story: the first model and v2 promoted, v3 taken back."""
    for name in ("lost", "duplicated", "dead_letters"):
        if summary[name]:
            yield f"{name} is {summary[name]}"
    rollouts = Counter(rollout["outcome"] for rollout in summary["rollouts"])
    if rollouts != _ROLLOUTS:
        yield f"rollouts are {dict(rollouts)}, expected {_ROLLOUTS}"
    verdicts = Counter((alarm["cause"], alarm["severity"]) for alarm in summary["alarms"])
    if verdicts["quality", "watch"] != 1:
        yield f"{verdicts['quality', 'watch']} quality verdicts, expected 1"
    says = (summary["git"]["desired_version"], summary["registry"]["champion"])
    if says != (2, 2):
        yield f"Git and MLflow say {says}, expected version 2"
