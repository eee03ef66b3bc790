"""Imports without what they ask for in passing and nobody here uses.

TensorFlow's import ends with one of Keras, and Keras' with one of scikit-learn; together they are
half of the whole, and both are made to do without. Must never hide what was imported already.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let the imports of the block not find `package`; afterwards it is imported as ever."""
    with _ONE_AT_A_TIME:
        if package in sys.modules:
            yield
            return
        sys.modules[package] = None  # type: ignore[assignment]  # what Python takes for "there is none"
        try:
            yield
        finally:
            del sys.modules[package]
