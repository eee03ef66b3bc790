"""Loads the versions of a step, and tells a bad version from a store or machine in trouble.

Must never say who serves, nor keep anything: what was loaded before is handed in.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.traffic import ServedVersion
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.handlers.live import Loaded
from evermodel.scorer.ports import (
    Bundles,
    BundleUnreachable,
    Columns,
    LoadedVersion,
    Scoring,
    ScoringAway,
    Unasked,
)

_LOG = logging.getLogger(__name__)

#: What says nothing about the version: MLflow is restarting, the disk or the memory is full.
NOT_ITS_FAULT = (BundleUnreachable, ScoringAway, OSError, MemoryError)


@dataclass(frozen=True, slots=True)
class Loading:
    """What became of a step's versions. `late`: why some are neither ready nor failed yet."""

    ready: Mapping[int, Loaded]
    states: tuple[ServedVersion, ...]
    late: Exception | None


def still_asked(loading: Loading) -> Loading:
    """Return `loading` with what is not asked any more as failed."""
    why = {version: one.model.unasked for version, one in loading.ready.items()}
    failed = {v: _failed(v, Unasked(text)) for v, text in why.items() if text is not None}
    ready = {v: one for v, one in loading.ready.items() if v not in failed}
    others = [one for one in loading.states if one.version not in failed]
    return Loading(ready, (*others, *failed.values()), loading.late)


class Loader:
    """Fetches, verifies, loads and tries out."""

    def __init__(self, *, bundles: Bundles, scoring: Scoring) -> None:
        self._bundles = bundles
        self._scoring = scoring
        self._one_at_a_time = threading.Lock()

    def load(self, event: RolloutStep, *, before: Mapping[int, Loaded], form: RowForm) -> Loading:
        """Return the versions of `event` that can serve.

        Those of `before` are not loaded anew, but for what is not asked any more.
        """
        ready: dict[int, Loaded] = {}
        states, late = [], None
        for wanted in event.in_play:
            try:
                ready[wanted.version] = self._ready(wanted, before, form)
                states.append(ServedVersion(version=wanted.version, state="ready"))
            except NOT_ITS_FAULT as error:
                _LOG.warning("%s v%d is not here yet: %s", event.model, wanted.version, error)
                late = error
            except Exception as error:  # noqa: BLE001  # foreign code: it may not stop the others
                _LOG.exception("%s v%d cannot serve", event.model, wanted.version)
                states.append(_failed(wanted.version, error))
        return Loading(ready, tuple(states), late)

    def _ready(self, wanted: VersionInPlay, before: Mapping[int, Loaded], form: RowForm) -> Loaded:
        digest = wanted.artefact.digest
        known = before.get(wanted.version)
        if known is not None and known.digest == digest and known.model.unasked is None:
            return known
        bundle = self._bundles.fetch(wanted.artefact.uri, digest=digest)
        # The steps of several models come at once, and to import TensorFlow twice at once swaps
        # the standard error of the process behind the other's back. Fetching may go on meanwhile.
        with self._one_at_a_time:
            model = self._scoring.load(bundle, digest=digest)
            _try_out(model, form)
        return Loaded(digest, model)


def _try_out(model: LoadedVersion, form: RowForm) -> None:
    """Ask for one answer: finds a model that loads and cannot speak, and warms one that can."""
    row: Columns = {
        **{name: np.zeros(1, dtype=np.float32) for name in (*form.continuous, *form.flag)},
        **{name: np.array([""], dtype=np.object_) for name in form.categorical},
    }
    scores = model.score(row)
    if len(scores) != 1 or not 0.0 <= scores[0] <= 1.0:
        raise ValueError(f"its first answer, {list(scores)!r}, is no probability")


def _failed(version: int, error: Exception) -> ServedVersion:
    return ServedVersion(
        version=version, state="failed", reason=f"{type(error).__name__}: {error}"[:500]
    )
