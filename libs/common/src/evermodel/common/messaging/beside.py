"""Where long work runs: in threads beside the loop, or inline where one thread must do.

Threads are daemons: an orderly stop does not wait for a training; it is found again at start.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

T = TypeVar("T")


class Beside(Protocol):
    """Runs work and tells its result."""

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        """Start `work`."""


class Threads:
    """A thread per piece of work. The loop bounds how many: partitions, and jobs in flight."""

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        future: Future[T] = Future()
        threading.Thread(target=_run, args=(work, future), daemon=True, name="beside").start()
        return future


class Inline:
    """At once, on the caller's thread: for the twin, whose order must not depend on speed."""

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        future: Future[T] = Future()
        _run(work, future)
        return future


def _run(work: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  # it is raised again where the result is asked for
        future.set_exception(error)
