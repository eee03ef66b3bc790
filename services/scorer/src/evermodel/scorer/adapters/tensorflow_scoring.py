"""Models that are TensorFlow SavedModels in bundles; TensorFlow comes with the first one."""

from collections.abc import Sequence
from pathlib import Path

from evermodel.artefact.bundle import BadBundle
from evermodel.artefact.scoring import Scorer, load
from evermodel.scorer.ports import BundleRefused, Columns, LoadedVersion


class TensorflowScoring:
    """Loads bundles. `threads` bounds TensorFlow's pool in this process."""

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        try:
            return SavedModel(load(bundle, expect_digest=digest, threads=self._threads))
        except BadBundle as error:
            raise BundleRefused(str(error)) from error


class SavedModel:
    """One SavedModel in memory."""

    unasked = None  # it shares the fate of its process

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def score(self, columns: Columns) -> Sequence[float]:
        scores: list[float] = self._scorer.answer(columns).tolist()
        return scores
