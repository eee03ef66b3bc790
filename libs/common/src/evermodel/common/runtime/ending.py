"""The end of a process that was told to end, or failed: in bounded time, whatever it waits for.

Owns the clock of the end. Must never know what the process does.

A call into librdkafka waits 10 to 30 s for a broker that is gone, closing some of its clients
without a bound, and one follows the other; meanwhile Python runs no signal handler. What is cut
short here is what ``kill -9`` would have cut short: exactly once does not hang on an orderly end.
"""

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: From being told to end until it is ended. Above the longest orderly end (3 to 4 s on a busy
#: machine), below the ten seconds after which Compose and an operator lose patience.
END_SECONDS = 8.0

_STDERR = 2
_ARMED = threading.Event()


def end_in_time() -> None:
    """From now on this process has `END_SECONDS`; whatever hangs then is written on stderr.

    The exit code is 1. The watch is a thread of C, so that it needs nothing of what may hang. It
    is never called off: the interpreter's own end may hang as well, in the destructor of a client.
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
