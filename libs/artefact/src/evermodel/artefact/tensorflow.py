"""TensorFlow, imported late, quietly, and with its threads bounded.

The import takes seconds and 400 MB, so nothing here happens at module level.
"""

import os
from typing import Any

from evermodel.artefact.hidden import hidden
from evermodel.artefact.preamble import without_preamble


def start_tensorflow(*, threads: int, deterministic: bool = True) -> Any:
    """Return the ``tensorflow`` module, set up for this process.

    Its thread pools can be sized only before its first operation: a later call with another
    number keeps the first. Deterministic kernels cost nothing measurable at our sizes and make
    a training the same twice.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # noqa: TID251  # read by the C++ side
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # noqa: TID251  # read by the C++ side
    with without_preamble(), hidden("keras"):  # half of the time and 170 MB; a training imports it
        import tensorflow as tf  # noqa: PLC0415  # seconds and 400 MB: only who scores pays

    tf.get_logger().setLevel("ERROR")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return tf
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return tf
