"""The decisions of a run as one digest, equal wherever the same decisions were made.

Owns what counts as a decision: verdicts with their numbers. Wall time, hosts, ids, run ids,
paths and commits are left out, and so is what a machine's speed decides: a gate's milliseconds,
and when Git took what it was owed.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.payload import Payload, Value
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.playback.journal import Journal

_TIMED = ("latency", "seconds", "_ms")


def ledger_of(journal: Journal) -> list[dict[str, Any]]:
    """Return every decision in order: type, model, event time, verdict and its numbers."""
    entries = []
    for event in journal.events:
        decision = _decision(event.payload)
        if decision is not None:
            entries.append(
                {
                    "type": event.meta.type,
                    "model": event.payload.model,
                    "time": event.meta.time.isoformat(),
                }
                | decision
            )
    return entries


def digest(journal: Journal) -> str:
    """Return the sha256 of the ledger, as hexadecimal."""
    hashed = hashlib.sha256()
    for entry in ledger_of(journal):
        hashed.update(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS))
    return hashed.hexdigest()


def _decision(payload: Payload) -> dict[str, Any] | None:
    match payload:
        case DriftDetected():
            return _drift(payload)
        case ModelTrained():
            return _only(payload, {"outcome", "champion", "data", "rows", "frauds", "seed"}) | {
                "metrics": _values(payload.metrics, drop={"run_id"}, name="name"),
                "threshold": payload.artefact and payload.artefact.threshold,
            }
        case ModelValidated():
            return _only(payload, {"verdict", "champion", "version"}) | {
                "gates": _values(payload.gates, drop={"detail"}, name="gate")
            }
        case RolloutStep(only_tells_of_git=True):
            return None
        case RolloutStep():
            kept = {"action", "version", "from_version", "step", "stable_version"}
            return _only(payload, kept) | {
                "desired_version": _wanted(payload),
                "weights": [[v.version, v.role, v.weight] for v in payload.in_play],
                "evidence": _values(payload.evidence, drop={"detail"}, name="check"),
            }
        case _:
            return None


def _wanted(step: RolloutStep) -> int:
    """Return the version that Git is to want by `step`, whether or not it has been told yet."""
    match step.action:
        case "aborted" | "rolled_back":
            return step.stable_version
        case "started":
            return step.version
        case _:
            return step.desired_version


def _drift(verdict: DriftDetected) -> dict[str, Any]:
    kept = {"window", "cause", "severity", "onset", "features", "rows", "champion"}
    found = _only(verdict, kept | {"evidence", "prediction", "performance"})
    return found | {"failures": _values(verdict.failures, drop={"detail"}, name="check")}


def _only(payload: Payload, names: set[str]) -> dict[str, Any]:
    return payload.model_dump(mode="json", include=names)


def _values(values: Sequence[Value], *, drop: set[str], name: str) -> list[dict[str, Any]]:
    """Return `values` as JSON; of those a clock measured, only the verdict."""
    rows = [value.model_dump(mode="json", exclude=drop) for value in values]
    return [
        {k: row[k] for k in (name, "verdict") if k in row}
        if any(mark in row[name] for mark in _TIMED)
        else row
        for row in rows
    ]
