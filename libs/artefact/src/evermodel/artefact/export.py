"""Writing a bundle: a SavedModel with one signature, its manifest, and nothing that varies.

Equal weights and an equal manifest give an equal digest, provided the process was started with
``PYTHONHASHSEED`` fixed: TensorFlow writes arguments in the order of a set. The random id it
adds to each export (``fingerprint.pb``) is left out for the same reason.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evermodel.artefact.bundle import (
    OUTPUT,
    SAVED_MODEL,
    SIGNATURE,
    Manifest,
    digest_of,
    write_manifest,
)
from evermodel.artefact.tensorflow import start_tensorflow

#: Takes the raw inputs by feature name (float32 or string, one value a row), answers a float32
#: probability a row.
Predict = Callable[[Mapping[str, Any]], Any]


def write_bundle(
    path: Path, *, manifest: Manifest, predict: Predict, owner: Any, threads: int = 1
) -> str:
    """Write the bundle into the new folder `path` and return its digest.

    `owner` is the ``tf.Module`` that tracks every variable and table `predict` uses.
    """
    tf = start_tensorflow(threads=threads)
    specs = {
        f.argument: tf.TensorSpec(
            [None], tf.string if f.kind == "categorical" else tf.float32, name=f.argument
        )
        for f in manifest.features
    }

    def answer(arguments: Mapping[str, Any]) -> dict[str, Any]:
        raw = {f.name: arguments[f.argument] for f in manifest.features}
        return {OUTPUT: tf.identity(predict(raw), name=OUTPUT)}

    path.mkdir(parents=True)
    function = tf.function(answer, autograph=False).get_concrete_function(specs)
    saved = path / SAVED_MODEL
    tf.saved_model.save(owner, str(saved), signatures={SIGNATURE: function})
    (saved / "fingerprint.pb").unlink(missing_ok=True)
    write_manifest(path, manifest)
    return digest_of(path)
