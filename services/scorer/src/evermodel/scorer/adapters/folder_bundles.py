"""Bundles from folders of this machine: the twin's artefact store, and drills."""

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from evermodel.scorer.ports import BundleRefused


def folder_download(store: Path) -> "FolderDownload":
    """Return a download from `store`; ``runs:/<id>/bundle`` lies in ``<store>/<id>/bundle``."""
    return FolderDownload(store)


class FolderDownload:
    """Copies a bundle from ``file://`` URIs, plain paths, and ``runs:/`` below a store."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def __call__(self, uri: str, into: Path) -> Path:
        source = self._source(uri)
        if not source.is_dir():
            raise BundleRefused(f"{uri}: no folder {source}")
        return Path(shutil.copytree(source, into / "bundle"))

    def _source(self, uri: str) -> Path:
        parts = urlsplit(uri)
        if parts.scheme == "runs":
            return self._store / parts.path.lstrip("/")
        return Path(unquote(parts.path)) if parts.scheme == "file" else Path(uri)
