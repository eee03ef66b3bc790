"""What the scorer needs from the outside: bundles fetched by digest, and models that answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evermodel.common.kernel.errors import Transient

#: One array per feature: float32 with NaN for null, or strings with "" for null.
Columns = Mapping[str, NDArray[np.float32] | NDArray[np.object_]]


class BundleRefused(Exception):
    """The bundle is there and must not be served: another digest, unreadable, no model."""


class BundleUnreachable(Exception):
    """The store does not answer now; the same call may succeed later."""


class ScoringAway(Transient):
    """Nothing can be loaded or asked now; that says nothing about any version."""


class Unasked(Exception):
    """The version is not asked any more: it did harm when it was, which was said then."""


class Bundles(Protocol):
    """Brings a model bundle to this machine."""

    def fetch(self, uri: str, *, digest: str) -> Path:
        """Return a local folder with the bundle, its content verified against `digest`.

        A bundle fetched before is not fetched again.

        Raises:
            BundleRefused: what lies at `uri` has another digest, or nothing does.
            BundleUnreachable: the store does not answer.
        """


class LoadedVersion(Protocol):
    """A model in memory."""

    @property
    def unasked(self) -> str | None:
        """Why it is not asked any more, nor will be until it is loaded anew; None: it is asked."""

    def score(self, columns: Columns) -> Sequence[float]:
        """Return one fraud probability per row, in order. May raise anything.

        Raises:
            Unasked: it was not asked: `unasked` says why.
            ScoringAway: it could not be asked now.
        """


class Scoring(Protocol):
    """Loads models."""

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        """Return the model in the folder `bundle`, ready to answer.

        Raises:
            BundleRefused: it cannot be loaded or its digest differs.
            ScoringAway: nothing can be loaded now.
        """
