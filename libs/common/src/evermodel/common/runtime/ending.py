"""The end of a process that was told to end, or failed: in bounded time, whatever it waits for.

Owns the clock of the end, and that nothing is taken apart. Must never know what the process does.

A call into librdkafka waits 10 to 30 s for a broker that is gone, closing some of its clients
without a bound, and one follows the other; meanwhile Python runs no signal handler. What is cut
short here is what ``kill -9`` would have cut short: exactly once does not hang on an orderly end.

A process that has committed its last transaction therefore leaves as it is. Closing a member whose
group is at an end at the same moment may hang for ever in librdkafka 2.12 (its issue 4884), and
tells the group nothing: a static member is expected back. Taking TensorFlow apart is a second.
"""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

#: From being told to end until it is ended. Above the longest orderly end (3 to 4 s on a busy
#: machine), below the ten seconds after which Compose and an operator lose patience.
END_SECONDS = 8.0

T = TypeVar("T")

_STDERR = 2
_ARMED = threading.Event()
_KEPT: list[object] = []


def kept_to_the_end(thing: T) -> T:
    """Return `thing`, which from now on only the end of the process takes apart, not Python."""
    _KEPT.append(thing)
    return thing


def leave(code: int) -> NoReturn:
    """End this process now, with `code`: its work is done, and lies in closed files or is said."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def end_in_time() -> None:
    """From now on this process has `END_SECONDS`; whatever hangs then is written on stderr.

    The exit code is 1. The watch is a thread of C, so that it needs nothing of what may hang. It
    is never called off: whatever comes before `leave` may hang as well.
    """
    if not _ARMED.is_set():  # told twice: the first counts
        _ARMED.set()
        faulthandler.dump_traceback_later(END_SECONDS, exit=True, file=_STDERR)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """While the block runs, a signal that has a handler starts the clock of `end_in_time`.

    At once: the interpreter writes its number into a pipe when it arrives, and runs the handler
    when the main thread is back from whatever call it is in.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    threading.Thread(target=_heed, args=(reading,), daemon=True, name="ending").start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)


def _heed(reading: int) -> None:
    if os.read(reading, 1):
        end_in_time()
    os.close(reading)
