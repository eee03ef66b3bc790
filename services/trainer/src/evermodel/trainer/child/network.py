"""The network: raw inputs to a calibrated probability, as one exportable thing.

The recipe was measured beside boosted trees (``benchmarks/model.py``): two hidden layers, every
continuous input also as log1p, AdamW under a cosine from 2e-3, plain cross-entropy.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.hidden import hidden
from evermodel.common.models.policy import TrainingSection
from evermodel.trainer.child.inputs import LIMIT, Inputs, Scale, Vocabulary

Columns = Mapping[str, npt.NDArray[Any]]


def import_keras() -> Any:
    """Return the ``keras`` module, without scikit-learn: what it wraps of that nobody uses here."""
    with hidden("sklearn"):
        import keras  # noqa: PLC0415  # seconds

    return keras


def build_network(tf: Any, *, inputs: Inputs, policy: TrainingSection, seed: int) -> Any:
    """Return a new, untrained network as a ``tf.Module``.

    It has `encode(raw) -> (numbers, codes)`, `logits(numbers, codes, training)`,
    `probability(raw)`, `weights` and the calibration `slope` and `offset`.
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed)

    class Network(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
        def __init__(self) -> None:
            super().__init__(name="network")
            self.tables = [_table(tf, vocabulary) for vocabulary in inputs.categories]
            self.embeddings = [
                keras.layers.Embedding(len(v.levels) + 1, v.width) for v in inputs.categories
            ]
            self.body = _body(keras, inputs, policy)
            self.slope = tf.Variable(1.0, trainable=False, name="slope")
            self.offset = tf.Variable(0.0, trainable=False, name="offset")

        def encode(self, raw: Mapping[str, Any]) -> tuple[Any, Any]:
            vocabularies = zip(self.tables, inputs.categories, strict=True)
            codes = [table.lookup(raw[v.name]) for table, v in vocabularies]
            rows = tf.shape(next(iter(raw.values())))[0]
            numbers = _stacked(tf, _numbers(tf, raw, inputs), rows, tf.float32)
            return numbers, _stacked(tf, codes, rows, tf.int32)

        def logits(self, numbers: Any, codes: Any, *, training: bool) -> Any:
            described = [layer(codes[:, i]) for i, layer in enumerate(self.embeddings)]
            return self.body(tf.concat([numbers, *described], axis=1), training=training)[:, 0]

        def probability(self, raw: Mapping[str, Any]) -> Any:
            logits = self.logits(*self.encode(raw), training=False)
            return tf.sigmoid(self.slope * logits + self.offset)

        @property
        def weights(self) -> list[Any]:
            """What descent moves: Keras' own variables, which a ``tf.Module`` does not find."""
            layers = (*self.embeddings, self.body)
            return [weight for layer in layers for weight in layer.trainable_variables]

    network = Network()
    _make_weights(tf, network, inputs)
    return network


def _make_weights(tf: Any, network: Any, inputs: Inputs) -> None:
    """The first call makes them, in an order the seed fixes."""
    codes = tf.zeros([1, len(inputs.categories)], tf.int32)
    network.logits(tf.zeros([1, inputs.width]), codes, training=False)


def _body(keras: Any, inputs: Inputs, policy: TrainingSection) -> Any:
    layers = [keras.layers.Input((inputs.width + sum(v.width for v in inputs.categories),))]
    for units in policy.hidden:
        layers.append(keras.layers.Dense(units, activation="relu"))
        if policy.dropout:
            layers.append(keras.layers.Dropout(policy.dropout))
    return keras.Sequential([*layers, keras.layers.Dense(1)], name="body")


def _table(tf: Any, vocabulary: Vocabulary) -> Any:
    levels = tf.constant(vocabulary.levels, tf.string, shape=[len(vocabulary.levels)])
    indices = tf.range(1, len(vocabulary.levels) + 1, dtype=tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(levels, indices), 0)


def _numbers(tf: Any, raw: Mapping[str, Any], inputs: Inputs) -> list[Any]:
    """Return continuous columns twice, flags, and where a column that may be null is null."""
    columns = [c for s in inputs.continuous for c in _continuous(tf, raw[s.name], s)]
    columns += [_flag(tf, raw[s.name], s) for s in inputs.flags]
    return columns + [
        tf.cast(tf.math.is_nan(raw[s.name]), tf.float32)
        for s in (*inputs.continuous, *inputs.flags)
        if s.nulls
    ]


def _continuous(tf: Any, raw: Any, scale: Scale) -> tuple[Any, Any]:
    known = tf.where(tf.math.is_nan(raw), scale.fill, raw)
    logs = tf.sign(known) * tf.math.log1p(tf.abs(known))
    return (
        _cut(tf, (known - scale.mean) / scale.spread),
        _cut(tf, (logs - scale.log_mean) / scale.log_spread),
    )


def _flag(tf: Any, raw: Any, scale: Scale) -> Any:
    known = tf.where(tf.math.is_nan(raw), scale.fill, raw)
    return _cut(tf, (known - scale.mean) / scale.spread)


def _cut(tf: Any, values: Any) -> Any:
    return tf.clip_by_value(values, -LIMIT, LIMIT)


def _stacked(tf: Any, columns: list[Any], rows: Any, dtype: Any) -> Any:
    return tf.stack(columns, axis=1) if columns else tf.zeros([rows, 0], dtype)


def tensors(tf: Any, columns: Columns) -> dict[str, Any]:
    """Return prepared columns as tensors."""
    return {name: tf.constant(column) for name, column in columns.items()}


def shuffles(rows: int, *, epochs: int, seed: int) -> Iterator[npt.NDArray[np.int32]]:
    """Yield one order of the rows for each epoch."""
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        yield random.permutation(rows).astype(np.int32)
