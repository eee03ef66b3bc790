"""Scratch folders for trainings, below one root."""

import shutil
from pathlib import Path

from evermodel.common.kernel.ids import plain


class FolderWorkspace:
    """Gives each training an empty folder (``Workspace``). Keys are event ids."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, key: str) -> Path:
        """Return a new empty folder; what a crash left there goes."""
        self.discard(key)
        path = self._path(key)
        path.mkdir(parents=True)
        return path

    def discard(self, key: str) -> None:
        shutil.rmtree(self._path(key), ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self._root.absolute() / f"training-{plain(key)}"
