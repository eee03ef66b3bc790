"""What can go wrong with a message, as types the loop turns into one outcome each.

``Poison``, ``Permanent`` and ``Transient`` are ordinary exceptions. ``Fatal`` derives from
``BaseException`` so that no ``except Exception`` on the way up can swallow a safety stop.
Anything else that a handler raises is a bug: retried a bounded number of times, then put
in the dead letter with its exception.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Reason = Literal["poison", "permanent", "bug"]

_EXHAUSTED = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENOBUFS,
    errno.EAGAIN,
    errno.EIO,
}


class Poison(Exception):
    """The bytes or headers cannot be decoded into an event; no retry can help."""


class Permanent(Exception):
    """The event is well-formed and the domain says it can never be handled."""


class Foreign(Permanent):
    """The event is of a model that nobody described here.

    Raised before anything that is remembered was looked at: memory is as it was, and need not be
    read again. Whoever shares a cluster meets these all the time.
    """


class Transient(Exception):
    """Something outside does not answer now; the same message is tried again in place."""

    def __init__(self, message: str, *, delay_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.delay_seconds = delay_seconds


class Misconfigured(ValueError):
    """A person told us something that cannot be used; each line is one sentence on what and why.

    Raised while a process starts: it ends with exit code 2, and without a traceback.
    """


class Fatal(BaseException):
    """Going on would do harm: the process stops and says why."""


def is_exhausted(error: BaseException) -> bool:
    """Whether the machine lacks space, handles, memory or a sound disk.

    No other path would help, and no other setting: the same may work later.
    """
    return isinstance(error, OSError) and error.errno in _EXHAUSTED


@contextmanager
def about_file(path: object) -> Iterator[None]:
    """Let an error of the system that says no file name `path`: a full disk is found at a write."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
