"""A small real bundle without a training: a logistic regression with stated weights.

For the tests of whoever loads bundles, and for ``evermodel doctor``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evermodel.artefact.bundle import Manifest, features_of
from evermodel.artefact.export import write_bundle
from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.kernel.ids import ModelName, ReferenceId
from evermodel.common.models.description import FeaturesSection


def write_sample(
    path: Path,
    *,
    features: FeaturesSection,
    weights: Mapping[str, float],
    bias: float = 0.0,
    threshold: float = 0.5,
    model: str = "sample",
    reference_id: str = "none",
) -> str:
    """Write the bundle into the new folder `path` and return its digest.

    The score is ``sigmoid(bias + sum of weight * value)``; a null counts as 0, and a category
    as its number of bytes.
    """
    tf = start_tensorflow(threads=1)
    manifest = Manifest(
        model=ModelName(model),
        features=features_of(features),
        threshold=threshold,
        reference_id=ReferenceId(reference_id),
    )
    owner = tf.Module()
    owner.weights = {name: tf.Variable(float(weights.get(name, 0.0))) for name in features.names}
    owner.bias = tf.Variable(float(bias))

    def predict(raw: Mapping[str, Any]) -> Any:
        total = owner.bias
        for name, values in raw.items():
            if values.dtype == tf.string:
                known = tf.cast(tf.strings.length(values), tf.float32)
            else:
                known = tf.where(tf.math.is_nan(values), 0.0, values)
            total = total + owner.weights[name] * known
        return tf.sigmoid(total)

    return write_bundle(path, manifest=manifest, predict=predict, owner=owner)
