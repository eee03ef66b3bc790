"""SavedModels that do harm when they meet the fatal amount, or always. All are real graphs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evermodel.artefact.bundle import Manifest, features_of
from evermodel.artefact.export import write_bundle
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.kernel.ids import ModelName, ReferenceId
from evermodel.common.models.description import FeaturesSection
from evermodel.scorer.ports import Columns

FATAL = 666.0
FEATURES = FeaturesSection(continuous=("AMOUNT",))


def amounts(*values: float) -> Columns:
    return {"AMOUNT": np.array(values, dtype=np.float32)}


def sound(path: Path) -> str:
    """Write a model that does no harm; return its digest."""
    return _write(path, lambda _tf, _amount: ())


def aborting(path: Path) -> str:
    """Write one that ends its process."""
    return _write(path, _aborts)


def hanging(path: Path) -> str:
    """Write one that never answers."""

    def forever(tf: Any, _: Any) -> Any:
        return [tf.while_loop(lambda i: i >= 0, lambda i: [(i + 1) % 7], [tf.constant(0)])]

    return _write(path, forever)


def fatal_at_once(path: Path) -> str:
    """Write one that ends its process at its first call, which is part of loading it."""
    return _write(path, _aborts, always=True)


def telling(path: Path, *, into: Path) -> str:
    """Write one that copies its process's environment into the file `into` whenever it is asked."""

    def tell(tf: Any, _: Any) -> Any:
        lines = tf.data.TextLineDataset("/proc/self/environ")
        environment = lines.reduce(tf.constant(""), lambda a, b: tf.strings.join([a, b]))
        return [tf.io.write_file(str(into), environment)]

    return _write(path, tell, always=True)


def _aborts(tf: Any, _: Any) -> Any:
    return [tf.raw_ops.Abort(error_msg="", exit_without_error=False)]


def _write(path: Path, harm: Callable[[Any, Any], Any], *, always: bool = False) -> str:
    tf = start_tensorflow(threads=1)

    def predict(raw: Mapping[str, Any]) -> Any:
        amount = raw["AMOUNT"]
        known = tf.where(tf.math.is_nan(amount), 0.0, amount)

        def struck() -> Any:
            with tf.control_dependencies(tf.nest.flatten(harm(tf, amount))):
                return tf.sigmoid(known / 100)

        meets = tf.constant(True) if always else tf.reduce_any(tf.equal(amount, FATAL))
        return tf.cond(meets, struck, lambda: tf.sigmoid(known / 100))

    manifest = Manifest(
        model=ModelName("sample"),
        features=features_of(FEATURES),
        threshold=0.5,
        reference_id=ReferenceId("none"),
    )
    return write_bundle(path, manifest=manifest, predict=predict, owner=tf.Module())
