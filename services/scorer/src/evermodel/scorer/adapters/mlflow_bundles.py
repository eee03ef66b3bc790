"""Bundles from MLflow's artefact store, by the run that made them."""

from pathlib import Path

from evermodel.scorer.ports import BundleRefused, BundleUnreachable
from evermodel.tracking.artefacts import RUNS, download
from evermodel.tracking.client import Absent, NoAnswer, Refused


class MlflowDownload:
    """Downloads through the tracking server, so that no storage credentials are needed here."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    def __call__(self, uri: str, into: Path) -> Path:
        # MLflow's client would fetch file:///etc and http://metadata/ as readily, for any event.
        if not uri.startswith(RUNS) or ".." in uri:
            raise BundleRefused(f"{uri!r:.200} names no artefact of a run")
        try:
            return download(uri, into=into, tracking_uri=self._tracking_uri)
        except (Absent, Refused) as error:
            raise BundleRefused(f"{uri}: {error}") from error
        except NoAnswer as error:
            raise BundleUnreachable(f"{uri}: {error}") from error
