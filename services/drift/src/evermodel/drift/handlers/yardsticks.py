"""The references that rows are counted against: those that they name, where they can be.

Must never stop rows: one that cannot be counted against its reference is kept and counted without
a profile, and the detector says of the window what is missing.
"""

import logging
from collections.abc import Iterable

from evermodel.common.models.description import ModelDescription
from evermodel.drift.ports import References
from evermodel.profile.reference import BadReference, Reference

_LOG = logging.getLogger(__name__)


class Yardsticks:
    """Looks references up for one partition."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._told: set[tuple[str, str]] = set()

    def known(self, model: str, names: Iterable[str | None]) -> dict[str, Reference]:
        """Return the references of these names; of a spoilt one nothing.

        Raises:
            Transient: one is not there yet. The batch waits, but not for ever: then it is spoilt.
        """
        known = {}
        for name in sorted({name for name in names if name is not None}):
            try:
                known[name] = self._references.get(model, name)
            except BadReference:
                continue
        return known

    def fitting(self, model: ModelDescription, names: Iterable[str | None]) -> dict[str, Reference]:
        """Return those of `known` that rows of `model`, as it is described now, fit.

        A champion was trained by the description of then, of which a feature may be gone.

        Raises:
            Transient: as `known`.
        """
        fitting = {}
        for name, reference in self.known(model.name, names).items():
            if odd := _misfits(model, reference):
                self._tell(model.name, name, odd)
            else:
                fitting[name] = reference
        return fitting

    def _tell(self, model: str, name: str, odd: list[str]) -> None:
        if (model, name) not in self._told:
            self._told.add((model, name))
            _LOG.error(
                "%s: what serves was trained with other features than model.toml describes (%s): "
                "rows are kept, and no drift is seen until a version of these features serves",
                *(model, ", ".join(odd)),
            )


def _misfits(model: ModelDescription, reference: Reference) -> list[str]:
    """Return the features of `reference` that rows do not have, or not as the numbers they were.

    Levels can be counted of whatever a column holds.
    """
    described = model.features
    return [
        name
        for name, kind in reference.schema.kinds.items()
        if name not in described.names
        or (kind == "continuous" and described.kind(name) == "categorical")
    ]
