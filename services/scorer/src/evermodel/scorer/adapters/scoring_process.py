"""One scoring process: started from nothing, asked over two channels, ended with its scorer.

Owns its environment (made here: no password of ours reaches it), its channels (nothing else of ours
is open in it), its end, and the checking of what it says. What becomes of a death is
``process_scoring``'s.

A model that is being loaded takes a second; payments must not wait for it. So there are two
channels, and a thread of the process for each.
"""

import os
import socket
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from evermodel.common.kernel.redaction import redact
from evermodel.common.runtime.bounded import end, ended_with, from_nothing
from evermodel.scorer.adapters.frames import (
    LONGEST_WORDS,
    REPLIES,
    Nonsense,
    Ready,
    Reply,
    Request,
    receive,
    send,
)

#: The channels by number.
LOADING, ANSWERING = 0, 1
#: Quiet, and without the file of settings that it would make in ``HOME``: a spare writes nothing.
_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_HOME": os.devnull}
_LAST_WORDS = 4000
#: What the lines of a C++ stack trace begin with.
_TRACE = "@*"


class Died(Exception):
    """The process ended in the call, or was ended for it; the message says how.

    `is_its_own`: no other call was under way, or this very one got no answer that makes sense.
    """

    def __init__(self, message: str, *, is_its_own: bool) -> None:
        super().__init__(message)
        self.is_its_own = is_its_own


class ScoringProcess:
    """Runs `command` with the numbers of its channels as the last arguments."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        home: Path,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it; it imports from now on.

        Raises:
            OSError: the machine has no room for it.
        """
        pairs = [socket.socketpair() for _ in (LOADING, ANSWERING)]
        self._channels = [ours for ours, _ in pairs]
        # Not when it ends: another thread may be in a call then, and the number be given anew.
        weakref.finalize(self, _close, self._channels)
        self._monotonic = monotonic
        self._ending = threading.Lock()
        self._why = ""
        self._under_way = [False, False]
        self._was_one_call = False
        self._words = b""
        its = [channel.fileno() for _, channel in pairs]
        try:
            self._popen = subprocess.Popen(  # the wiring's own command
                [*command, *map(str, its)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=from_nothing(home) | _TENSORFLOW,
                pass_fds=its,
                start_new_session=True,
            )
        finally:
            for _, channel in pairs:
                channel.close()
        self.is_ready = False
        self._awaited_since: float | None = None
        self._listener = threading.Thread(
            target=self._listen, args=(self._popen.stdout,), daemon=True, name="scoring-words"
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked, as far as one can see."""
        return not self._why and self._popen.poll() is None

    def is_ready_within(self, seconds: float, *, of: float) -> bool:
        """Whether it can be asked after so many `seconds`. One caller at a time.

        It goes on starting when it cannot. `of`: how long it has for that, from the first wait on.

        Raises:
            Died: it ended, or has had all that time.
        """
        if self.is_ready:
            return True
        self._awaited_since = self._awaited_since or self._monotonic()
        left = self._awaited_since + of - self._monotonic()
        if seconds < left and not self._speaks(seconds):
            return False
        reply = self._reply(LOADING, longest=LONGEST_WORDS, within_seconds=max(left, 0.0))
        if not isinstance(reply, Ready):
            raise self.end("spoke before it was asked")
        self.is_ready = True
        return True

    def _speaks(self, within_seconds: float) -> bool:
        """Whether there is something to read, be it the end."""
        channel = self._channels[LOADING]
        channel.settimeout(max(within_seconds, 1e-6))
        try:
            channel.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def call(self, channel: int, request: Request, *, longest: int, within_seconds: float) -> Reply:
        """Return what it says to `request`; one caller per channel at a time.

        `longest`: of the reply, in bytes, besides words.

        Raises:
            Died: it did not survive the call, or had to be ended in it.
        """
        self._under_way[channel] = True
        try:
            self._send(channel, request, within_seconds=within_seconds)
            return self._reply(
                channel, longest=longest + LONGEST_WORDS, within_seconds=within_seconds
            )
        finally:
            self._under_way[channel] = False

    def end(self, why: str = "") -> Died:
        """End it and return its death, `why` or how it ended by itself. The first reason counts."""
        with self._ending:
            if not self._why:
                self._was_one_call = sum(self._under_way) < 2  # of the two
                end(self._popen)
                self._listener.join(timeout=1.0)
                self._why = why or ended_with(self._popen.returncode)
        said = f"the scoring process {self._why}{self._said()}"
        return Died(said, is_its_own=bool(why) or self._was_one_call)

    def _send(self, channel: int, request: Request, *, within_seconds: float) -> None:
        try:
            self._channels[channel].settimeout(within_seconds)
            send(self._channels[channel], request)
        except TimeoutError:
            raise self.end(_silent(within_seconds)) from None
        except OSError as error:
            raise self.end() from error

    def _reply(self, channel: int, *, longest: int, within_seconds: float) -> Reply:
        try:
            return receive(
                self._channels[channel],
                REPLIES,
                longest=longest,
                within_seconds=within_seconds,
                monotonic=self._monotonic,
            )
        except TimeoutError:
            raise self.end(_silent(within_seconds)) from None
        except Nonsense as error:
            raise self.end(f"spoke nonsense: {redact(str(error))[:200]}") from error
        except (EOFError, OSError) as error:
            raise self.end() from error

    def _said(self) -> str:
        """Return its last line that is none of a trace, as text that cannot pass for our own."""
        lines = redact(self._words.decode(errors="replace")).splitlines()
        told = [line for line in map(str.strip, lines) if line and line[0] not in _TRACE]
        return f" (its last words: {told[-1][-300:]!r})" if told else ""

    def _listen(self, said: IO[bytes]) -> None:
        """Keep the last of what it says; it must never wait for a reader."""
        with said:
            while more := os.read(said.fileno(), 4096):
                self._words = (self._words + more)[-_LAST_WORDS:]


def _silent(seconds: float) -> str:
    return f"did not answer within {seconds:g} s and was ended"


def _close(channels: list[socket.socket]) -> None:
    for channel in channels:
        channel.close()
