"""Bundles kept on this machine by digest: fetched once, verified before every load.

    <root>/<digest>/           a whole, verified bundle: renamed into place, never written into
    <root>/.incoming-<random>/ a fetch under way, or what a crash left of one

Where bundles come from is a `Download`; this module owns only the cache.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from evermodel.scorer.ports import BundleRefused

#: Puts the bundle at a URI into a folder and returns where in it the bundle lies.
Download = Callable[[str, Path], Path]
#: Returns the digest of a bundle's folder.
Digest = Callable[[Path], str]


class CachedBundles:
    """The `Bundles` of everything that can be downloaded."""

    def __init__(self, root: Path, *, download: Download, digest_of: Digest) -> None:
        self._root = root
        self._download = download
        self._digest_of = digest_of

    def fetch(self, uri: str, *, digest: str) -> Path:
        kept = self._root / digest.replace(":", "-")
        if self._holds(kept, digest):
            return kept
        self._root.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self._root))
        try:
            self._keep(self._download(uri, incoming), kept, uri=uri, digest=digest)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return kept

    def _keep(self, fetched: Path, kept: Path, *, uri: str, digest: str) -> None:
        found = self._digest_of(fetched)
        if found != digest:
            raise BundleRefused(f"{uri} has the digest {found}, not {digest}")
        if kept.exists() and not self._holds(kept, digest):
            shutil.rmtree(kept)  # damaged on this disk: what was fetched now replaces it
        try:
            fetched.rename(kept)
        except OSError:
            if not kept.is_dir():  # another replica with the same cache may have been first
                raise

    def _holds(self, kept: Path, digest: str) -> bool:
        try:
            return kept.is_dir() and self._digest_of(kept) == digest
        except (OSError, ValueError):  # half gone, or no bundle any more
            return False
