"""Fetches artefacts of runs through the MLflow server, which needs no credentials of a store."""

from pathlib import Path

from evermodel.registrar.adapters.staged_evaluator import MissingArtefact
from evermodel.tracking.artefacts import download
from evermodel.tracking.client import Absent


class MlflowArtefacts:
    """See the module."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    def fetch(self, uri: str, *, into: Path) -> Path:
        """Download what `uri` names into `into`."""
        try:
            return download(uri, into=into, tracking_uri=self._tracking_uri)
        except Absent as error:
            raise MissingArtefact(f"no such artefact: {uri}") from error
