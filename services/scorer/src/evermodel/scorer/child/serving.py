"""Answers one request after the other on one channel; the models are those of all channels.

Owns what becomes of an error here: a kind and a text. Whatever a model raises, the next request is
answered; whatever else is wrong ends this process, and its starter starts another.
"""

import gc
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from evermodel.artefact.bundle import BadBundle
from evermodel.artefact.columns import BadColumns
from evermodel.artefact.scoring import Scorer, load
from evermodel.common.kernel.redaction import redact
from evermodel.common.runtime.bounded import leave_orphaned
from evermodel.scorer.adapters.frames import (
    LONGEST_REQUEST,
    LONGEST_TEXT,
    REQUESTS,
    Ask,
    Failed,
    Kind,
    Load,
    Loaded,
    Reply,
    Request,
    Scores,
    receive,
    send,
    unpacked,
)


class Models:
    """The loaded models, by handle."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._loaded: dict[int, Scorer] = {}
        self._one_load_at_a_time = threading.Lock()

    def reply_to(self, request: Request) -> Reply:
        """Do what is asked."""
        self._forget(request.forget)
        try:
            return self._load(request) if isinstance(request, Load) else self._ask(request)
        except BadBundle as error:
            return _failed("refused", str(error))
        except BadColumns as error:
            return _failed("columns", str(error))
        except MemoryError as error:
            return _failed("memory", f"MemoryError: {error}")
        except OSError as error:
            return _failed("machine", f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001  # foreign code: it may not stop the others
            return _failed("unusable", f"{type(error).__name__}: {error}")

    def _forget(self, handles: Sequence[int]) -> None:
        """Let go of models, and of their memory: its graphs are cycles, 5 MB a small model.

        Python's own full collection comes after some twenty models, or never.
        """
        for handle in handles:
            self._loaded.pop(handle, None)
        if handles:
            gc.collect()

    def _load(self, request: Load) -> Loaded:
        with self._one_load_at_a_time:
            self._loaded[request.handle] = load(
                Path(request.bundle), expect_digest=request.digest, threads=self._threads
            )
        return Loaded()

    def _ask(self, request: Ask) -> Scores:
        answer = self._loaded[request.handle].answer(unpacked(request.columns))
        return Scores(answer.astype("<f4", copy=False).tobytes())


def serve(channel: socket.socket, models: Models) -> None:
    """Answer on `channel` until its other end is gone; then end this process."""
    try:
        while True:
            send(channel, models.reply_to(receive(channel, REQUESTS, longest=LONGEST_REQUEST)))
    except (EOFError, OSError):
        leave_orphaned()


def _failed(kind: Kind, text: str) -> Failed:
    return Failed(kind, redact(text[:LONGEST_TEXT]))
