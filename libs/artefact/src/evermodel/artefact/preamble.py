"""Keeps two sentences of TensorFlow's own off standard error; everything else passes.

While it is imported, TensorFlow's C++ side writes "All log messages before
absl::InitializeLog() is called are written to STDERR" and a note on oneDNN, and heeds no
setting of a log level in that: it happens before it could. (Switching oneDNN off silences the
note and changes every score.) So the file behind standard error is another one meanwhile.
Must never swallow anything else: what was not said by TensorFlow is passed on when the import
is over, also when it fails. Only a process that dies in the import takes its words with it.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_KNOWN = (b"before absl::InitializeLog() is called", b"oneDNN custom operations are on.")


@contextmanager
def without_preamble() -> Iterator[None]:
    """Leave TensorFlow's preamble out of what is written to standard error in the block."""
    sys.stderr.flush()
    try:
        real = os.dup(_STDERR)
    except OSError:  # there is no standard error: nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(real, _STDERR)
            os.close(real)
            held.seek(0)
            os.write(_STDERR, b"".join(line for line in held if not _is_preamble(line)))


def _is_preamble(line: bytes) -> bool:
    return any(known in line for known in _KNOWN)
