"""The summary of a run that the closing lines are made from."""

from typing import Any

SUMMARY: dict[str, Any] = {
    "transactions": 12345,
    "windows": 60,
    "alarms": [{"cause": "feature", "severity": "retrain"}],
    "trainings": [{"outcome": "trained"}, {"outcome": "trained"}],
    "rollouts": [{"outcome": "promoted"}, {"outcome": "aborted"}],
    "git": {"stable_version": 2, "desired_version": 2},
    "registry": {"champion": 2},
    "lost": 0,
    "duplicated": 0,
    "dead_letters": 0,
    "ledger_sha256": "ab" * 32,
    "seconds": {"total": 9.5, "training": 3.2},
}
