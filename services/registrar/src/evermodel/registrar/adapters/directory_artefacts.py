"""The twin's artefact store: ``runs:/<run>/<path>`` is ``<root>/<run>/<path>``."""

import shutil
from pathlib import Path

from evermodel.registrar.adapters.staged_evaluator import MissingArtefact

_SCHEME = "runs:/"


class DirectoryArtefacts:
    """Artefacts in a folder, as the trainer's folder of runs lays them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def fetch(self, uri: str, *, into: Path) -> Path:
        """Copy what `uri` names into `into`."""
        run, _, path = uri.removeprefix(_SCHEME).partition("/")
        parts = (run, *Path(path).parts)
        if not uri.startswith(_SCHEME) or not path or ".." in parts:
            raise MissingArtefact(f"not an artefact of a run: {uri!r}")
        source = self._root / run / path
        target = into / source.name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.is_file():
            shutil.copyfile(source, target)
        else:
            raise MissingArtefact(f"no such artefact: {uri}")
        return target
