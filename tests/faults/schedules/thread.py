"""One turn of a service on a thread of its own, so that it can stop in the middle and come back.

Owns the baton: whoever has it runs, and only one of the two ever does.
"""

import threading
from collections.abc import Callable

from evermodel.common.testing.harness import Crashed


class Suspended(Exception):
    """The turn hangs; `Turn.resume` lets it go on."""


class Turn:
    """Runs one piece of work; returns, raises, or hangs."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._ended: bool | BaseException | None = None
        self._is_doomed = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> bool:
        """Return what the work returns.

        Raises:
            Suspended: it hangs.
        """
        self._thread.start()
        return self.resume()

    def resume(self) -> bool:
        """Go on from where it hangs; as `begin`."""
        self._go.release()
        self._back.acquire()
        match self._ended:
            case None:
                raise Suspended
            case bool(moved):
                return moved
            case error:
                raise error

    def hang(self) -> None:
        """Stop here, until resumed. Called by the work itself."""
        self._back.release()
        self._go.acquire()
        if self._is_doomed:
            raise Crashed("never resumed")

    def end(self) -> None:
        """Let a turn that hangs for ever come to an end, and its thread with it."""
        if self._ended is None and self._thread.is_alive():
            self._is_doomed = True
            self._go.release()
            self._back.acquire()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._ended = self._work()
        except BaseException as error:  # noqa: BLE001  # it is raised again on the other side
            self._ended = error
        self._back.release()
