"""What the scorer counts: payments by decision and by version, silences, and what is loaded.

Owns the names of its metrics. Counts per batch, never per row: rows come by the ten thousand.
"""

from collections import Counter
from collections.abc import Collection

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.ids import ModelName
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.handlers.scoring import ScoredBatch


def count_batch(metrics: Metrics, model: ModelName, *, scored: ScoredBatch, seconds: float) -> None:
    """Count one batch of `model`'s payments."""
    metrics.observe("score_seconds", seconds, model=model)
    for decision, rows in Counter(d.verdict for d in scored.decisions).items():
        metrics.count("scored", rows, model=model, decision=decision)
    for version, rows in Counter(d.decided_by for d in scored.decisions).items():
        if version is not None:
            metrics.count("decided", rows, model=model, model_version=str(version))
    for version, given in scored.answers.items():
        # Named even when nothing failed: a rate needs a nought to rise from.
        silent = 0 if given.complete else sum(score is None for score in given.scores)
        metrics.count("unanswered", silent, model=model, model_version=str(version))


def show_versions(metrics: Metrics, event: RolloutStep, *, ready: Collection[int]) -> None:
    """Show exactly the versions that serve from now on, and count those that cannot."""
    metrics.forget("model_info", model=event.model)
    for wanted in event.in_play:
        version = str(wanted.version)
        if wanted.version in ready:
            metrics.set("model_info", 1, model=event.model, model_version=version, role=wanted.role)
        failed = wanted.version not in ready
        metrics.count("load_failures", failed, model=event.model, model_version=version)
