"""Fitting the network: gradient descent, then calibration on rows it has not seen."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.common.models.policy import TrainingSection
from evermodel.trainer.child.network import Columns, import_keras, shuffles, tensors
from evermodel.trainer.child.refusal import Refused

#: A small table needs small batches, or it would see a handful of steps and learn nothing.
STEPS_PER_EPOCH, SMALLEST_BATCH = 100, 32
#: This share of the categories is hidden in training, so that index 0 (unseen) is learned.
HIDDEN_LEVELS = 0.02
#: Scored at a time.
CHUNK = 4096

Predictor = Callable[[Columns], npt.NDArray[np.float32]]


def batch_size(rows: int, *, policy: TrainingSection) -> int:
    """Return rows per step: the policy's, or less when an epoch would have too few steps."""
    fitting = 1 << max(0, (rows // STEPS_PER_EPOCH).bit_length() - 1)
    return min(policy.batch_size, max(SMALLEST_BATCH, fitting), rows)


def fit(  # the parts of one training
    tf: Any,
    network: Any,
    *,
    columns: Columns,
    labels: npt.NDArray[np.int8],
    policy: TrainingSection,
    seed: int,
) -> float:
    """Train `network` in place and return the last epoch's mean loss.

    Raises:
        Refused: the loss is not a number.
    """
    rows, size = len(labels), batch_size(len(labels), policy=policy)
    numbers, codes = network.encode(tensors(tf, columns))
    codes = _hidden(tf, codes, seed=seed)
    target = tf.constant(labels, tf.float32)
    step = _step(tf, network, policy, numbers, codes, target, steps=rows // size)
    epoch = _epoch(tf, step, size=size, steps=rows // size)
    loss = float("nan")
    for order in shuffles(rows, epochs=policy.epochs, seed=seed):
        loss = float(epoch(tf.constant(order)))
        if not np.isfinite(loss):
            raise Refused("the loss is not a number: the training diverged")
    return loss


def _step(  # the parts of one training step
    tf: Any,
    network: Any,
    policy: TrainingSection,
    numbers: Any,
    codes: Any,
    target: Any,
    *,
    steps: int,
) -> Callable[[Any], Any]:
    """Return what descends once on the rows it is given, and returns their mean loss."""
    keras = import_keras()
    rate = keras.optimizers.schedules.CosineDecay(policy.learning_rate, steps * policy.epochs)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=policy.weight_decay)
    weights = network.weights
    optimizer.build(weights)

    def step(chosen: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = network.logits(
                tf.gather(numbers, chosen), tf.gather(codes, chosen), training=True
            )
            loss = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(tf.gather(target, chosen), logits)
            )
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


def _epoch(tf: Any, step: Callable[[Any], Any], *, size: int, steps: int) -> Callable[[Any], Any]:
    """Return what takes every step of one order of the rows, as one graph; mean loss."""

    # No autograph: rewriting the source of all that is called took a second of each training.
    @tf.function(autograph=False, jit_compile=False)  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def epoch(order: Any) -> Any:
        def one(number: Any, total: Any) -> tuple[Any, Any]:
            return number + 1, total + step(tf.slice(order, [number * size], [size]))

        _, total = tf.while_loop(lambda number, _: number < steps, one, (0, 0.0))
        return total / steps

    return epoch  # type: ignore[no-any-return]  # as above


def _hidden(tf: Any, codes: Any, *, seed: int) -> Any:
    shown = np.random.default_rng(seed).random(codes.shape) >= HIDDEN_LEVELS
    return codes * tf.constant(shown.astype(np.int32))


def predictor(tf: Any, function: Callable[[Mapping[str, Any]], Any]) -> Predictor:
    """Return `function` of raw tensors as one of prepared columns, called in fixed shapes."""
    call = tf.function(function, autograph=False, reduce_retracing=True)

    def predict(columns: Columns) -> npt.NDArray[np.float32]:
        rows = len(next(iter(columns.values())))
        parts = []
        for start in range(0, rows, CHUNK):
            part = {name: column[start : start + CHUNK] for name, column in columns.items()}
            parts.append(call(_padded(tf, part)).numpy()[: rows - start])
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

    return predict


def _padded(tf: Any, columns: Columns) -> dict[str, Any]:
    """Fixed shapes: one trace, and the same kernels as the served model's."""
    padded = {}
    for name, column in columns.items():
        filler: Any = "" if column.dtype == object else np.float32(0)
        rest = np.full(CHUNK - len(column), filler, dtype=column.dtype)
        padded[name] = np.concatenate([column, rest])
    return tensors(tf, padded)


def platt(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> tuple[float, float]:
    """Return slope and offset that make ``sigmoid(slope * logit + offset)`` a probability.

    Platt 1999 with his smoothed targets, by Newton's method as in Lin, Lin and Weng 2007. A
    slope that is not positive would turn the ranking round: then the logits stay as they are.
    """
    frauds = int((labels == 1).sum())
    genuine = len(labels) - frauds
    target = np.where(labels == 1, (frauds + 1) / (frauds + 2), 1 / (genuine + 2))
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    found = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (p - target)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found - np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    slope, offset = float(found[0]), float(found[1])
    return (slope, offset) if slope > 0 and np.isfinite(found).all() else (1.0, 0.0)
