"""References from the lake's folder. Content-addressed, so what was read once stays true.

The trainer lays a reference there before it says that the model is trained, so one that is absent
is late by the lake's own delay, or was never there: an upstream may name any. It is waited for a
stated number of tries; then rows go on without it, and the detector says why.
"""

import re
from collections import OrderedDict
from pathlib import Path

from evermodel.common.kernel.errors import Transient
from evermodel.lake.layout import reference_folder
from evermodel.profile.reference import FILE, BadReference, Reference

#: The champion's, the challenger's, the former champion's, and one that late rows still name.
_KEPT_BY_MODEL = 4

#: The loop tries again after a second, so a minute.
TRIES = 60

_ID = re.compile("[0-9a-f]{64}")


class LakeReferences:
    """Keeps the promise of ``References`` below the folder `root`."""

    def __init__(self, root: Path, *, tries: int = TRIES, models: int = 1) -> None:
        """`tries`: how often an absent reference is waited for before it counts as spoilt.

        `models`: how many there are. All of theirs are kept: a batch holds rows of every model, and
        would read what the batch before it has pushed out.
        """
        self._root = root
        self._tries = tries
        self._kept = _KEPT_BY_MODEL * models
        self._known: OrderedDict[tuple[str, str], Reference] = OrderedDict()
        self._missed: dict[tuple[str, str], int] = {}

    def get(self, model: str, reference_id: str) -> Reference:
        """Return the reference; a missing one may still be on its way."""
        key = (model, reference_id)
        if not _ID.fullmatch(reference_id):  # it names a folder, and rows come from outside
            raise BadReference(f"{reference_id!r:.80} is not the id of a reference")
        if key not in self._known:
            folder = self._root / reference_folder(model, reference_id)
            if not (folder / FILE).exists():
                raise self._absent(key)
            self._missed.pop(key, None)
            self._known[key] = Reference.load(folder, expect=reference_id)
            if len(self._known) > self._kept:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _absent(self, key: tuple[str, str]) -> Exception:
        model, reference_id = key
        missed = self._missed.get(key, 0)
        self._missed[key] = min(missed + 1, self._tries)
        said = f"reference {reference_id} of {model} is not in the lake"
        if missed < self._tries:
            return Transient(said)
        return BadReference(f"{said}, however often it was looked for")
