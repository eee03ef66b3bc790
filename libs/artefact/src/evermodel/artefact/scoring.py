"""Serving a bundle: digest first, then TensorFlow, then scores.

A row's score must not depend on the rows it happens to travel with: twin and Kafka cut their
batches differently and must reach the same decisions. Matrix kernels choose their order of
summation by the batch's shape, and for a handful of rows they choose another; so every call is
padded to a multiple of `BLOCK` rows, for which the answers are bit-equal (a test holds this),
and the few shapes that remain keep the kernels' caches warm.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import (
    OUTPUT,
    SAVED_MODEL,
    SIGNATURE,
    BadBundle,
    Manifest,
    read_manifest,
    verify,
)
from evermodel.artefact.columns import Columns, prepare
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.kernel.errors import is_exhausted

BLOCK = 64
LARGEST = 4096

Scores = npt.NDArray[np.float32]


class Unusable(RuntimeError):
    """The model gave no usable answer: not a number, or not a probability."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A loaded bundle. Not thread-safe by promise; one per loop."""

    manifest: Manifest
    digest: str
    _tensorflow: Any
    _model: Any
    _signature: Any

    def score(self, columns: Columns) -> Scores:
        """Return the fraud probability of each row, float32 in [0, 1].

        Columns by feature name, all of one length; others are ignored.

        Raises:
            BadColumns: a feature's column is missing or mistyped.
            Unusable: the model answered something else than a probability.
        """
        scores = self.answer(columns)
        if not ((scores >= 0.0) & (scores <= 1.0)).all():
            raise Unusable("the model answered something else than a probability")
        return scores

    def answer(self, columns: Columns) -> Scores:
        """Return what the model says, row by row, be it a probability or not.

        For serving: one row without a usable answer must not cost its neighbours theirs.

        Raises:
            BadColumns: as `score`.
            Unusable: the model answered another number of rows.
        """
        prepared = prepare(columns, features=self.manifest.features)
        rows = len(next(iter(prepared.values())))
        scores = np.empty(rows, dtype=np.float32)
        for start in range(0, rows, LARGEST):
            end = min(start + LARGEST, rows)
            scores[start:end] = self._call(prepared, start, end)
        return scores

    def alerts(self, scores: Scores) -> npt.NDArray[np.bool_]:
        """Return which scores reach the threshold that ships with the model."""
        return scores >= np.float32(self.manifest.threshold)

    def _call(self, prepared: Mapping[str, npt.NDArray[Any]], start: int, end: int) -> Scores:
        rows = end - start
        padded = -(-rows // BLOCK) * BLOCK
        arguments = {
            feature.argument: self._tensorflow.constant(
                _padded(prepared[feature.name][start:end], rows=padded, kind=feature.kind)
            )
            for feature in self.manifest.features
        }
        answer = self._signature(**arguments)[OUTPUT].numpy()
        if answer.shape != (padded,):
            raise Unusable(f"the model answered {answer.shape} for {padded} rows")
        return np.asarray(answer[:rows], dtype=np.float32)


def load(path: Path, *, expect_digest: str, threads: int = 1) -> Scorer:
    """Return the scorer of the bundle in the folder `path`.

    The digest is checked before TensorFlow sees a byte. `threads` bounds TensorFlow's pool
    (the first call in a process decides).

    Raises:
        BadBundle: another digest, no manifest, not loadable, or another signature.
        MemoryError, OSError: this machine lacks room for it now, which says nothing about it.
    """
    verify(path, expect_digest=expect_digest)
    manifest = read_manifest(path)
    tensorflow = start_tensorflow(threads=threads)
    with _blaming(tensorflow, "TensorFlow cannot load it"):
        model = tensorflow.saved_model.load(str(path / SAVED_MODEL))
        signature = model.signatures[SIGNATURE]
    _check_signature(signature, manifest)
    scorer = Scorer(manifest, expect_digest, tensorflow, model, signature)
    warm(scorer)
    return scorer


def warm(scorer: Scorer) -> None:
    """Make the first calls here, so that no transaction pays for set-up.

    Raises:
        BadBundle: the model cannot speak, or not in probabilities.
        MemoryError, OSError: as `load`.
    """
    columns: dict[str, Sequence[Any]] = {f.name: [None] for f in scorer.manifest.features}
    with _blaming(scorer._tensorflow, "a first call fails"):
        scorer.score(columns)


@contextmanager
def _blaming(tensorflow: Any, what: str) -> Iterator[None]:
    """Raise as `BadBundle` what TensorFlow raises for a broken file: whatever it likes.

    Not what the machine lacks. TensorFlow has one error of its own for memory, disk and handles.
    """
    try:
        yield
    except Unusable as error:
        raise BadBundle(str(error)) from error
    except MemoryError:
        raise
    except tensorflow.errors.ResourceExhaustedError as error:
        raise MemoryError(f"{what}: {error}") from error
    except Exception as error:
        if is_exhausted(error):
            raise
        raise BadBundle(f"{what}: {type(error).__name__}: {error}") from error


def _check_signature(signature: Any, manifest: Manifest) -> None:
    takes = signature.structured_input_signature[1]
    wanted = {
        f.argument: "string" if f.kind == "categorical" else "float32" for f in manifest.features
    }
    found = {name: spec.dtype.name for name, spec in takes.items()}
    if found != wanted:
        odd = sorted({name for name, _ in set(found.items()) ^ set(wanted.items())})
        raise BadBundle(f"signature and manifest differ in: {', '.join(odd)}")
    if set(signature.structured_outputs) != {OUTPUT}:
        raise BadBundle(f"the signature must answer {OUTPUT!r} alone")


def _padded(column: npt.NDArray[Any], *, rows: int, kind: str) -> npt.NDArray[Any]:
    missing = rows - len(column)
    if not missing:
        return column
    filler: Any = "" if kind == "categorical" else np.float32(0)
    return np.concatenate([column, np.full(missing, filler, dtype=column.dtype)])
