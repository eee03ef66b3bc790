"""References from the lake's folder. Content-addressed, so what was read once stays true."""

import re
from collections import OrderedDict
from pathlib import Path

from evermodel.common.kernel.errors import Transient
from evermodel.lake.layout import reference_folder
from evermodel.profile.reference import FILE, BadReference, Reference

#: The champion's, the challenger's, the former champion's, for a handful of models.
_KEPT = 32

_ID = re.compile("[0-9a-f]{64}")


class LakeReferences:
    """Keeps the promise of ``References`` below the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: OrderedDict[tuple[str, str], Reference] = OrderedDict()

    def get(self, model: str, reference_id: str) -> Reference:
        """Return the reference; a missing one may still be on its way."""
        key = (model, reference_id)
        if not _ID.fullmatch(reference_id):  # it names a folder, and rows come from outside
            raise BadReference(f"{reference_id!r:.80} is not the id of a reference")
        if key not in self._known:
            folder = self._root / reference_folder(model, reference_id)
            if not (folder / FILE).exists():
                raise Transient(f"reference {reference_id} of {model} is not in the lake")
            self._known[key] = Reference.load(folder, expect=reference_id)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
