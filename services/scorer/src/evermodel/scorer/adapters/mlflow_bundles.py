"""Bundles from MLflow's artefact store, by the run that made them."""

from pathlib import Path

from evermodel.scorer.ports import BundleRefused, BundleUnreachable
from evermodel.tracking.artefacts import download
from evermodel.tracking.client import Absent, NoAnswer, Refused


class MlflowDownload:
    """Downloads through the tracking server, so that no storage credentials are needed here."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    def __call__(self, uri: str, into: Path) -> Path:
        try:
            return download(uri, into=into, tracking_uri=self._tracking_uri)
        except (Absent, Refused) as error:
            raise BundleRefused(f"{uri:.200}: {error}") from error
        except NoAnswer as error:
            raise BundleUnreachable(f"{uri}: {error}") from error
