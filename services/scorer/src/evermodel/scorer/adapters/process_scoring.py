"""Models that are SavedModels in bundles, loaded and asked in a process beside the scorer.

A SavedModel is a program of somebody else's. Here it may read no password of ours and break
nothing but the process it runs in. Owns what becomes of a death of that process:

    it dies ─▶ started anew ─▶ whoever was asked is loaded again and asked again, alone
                                 ├─ an answer: nothing shows
                                 └─ it dies again ─▶ failed: not asked until it is loaded anew

Alone, because a load and a call may be under way at once, and one must not pay for the other. A
death that nobody caused (the machine's memory, ``kill -9``) is forgotten after a thousand answers.
Must never import TensorFlow.
"""

import itertools
import logging
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from evermodel.artefact.bundle import BadBundle, verify
from evermodel.artefact.columns import BadColumns
from evermodel.common.kernel.redaction import redact
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.adapters.frames import (
    LONGEST_TEXT,
    Ask,
    Failed,
    Load,
    Loaded,
    Nonsense,
    Reply,
    Scores,
    packed,
    scores_of,
)
from evermodel.scorer.adapters.patience import Deadline, Patience
from evermodel.scorer.adapters.scoring_process import ANSWERING, LOADING, Died, ScoringProcess
from evermodel.scorer.ports import BundleRefused, Columns, LoadedVersion, ScoringAway, Unasked

_LOG = logging.getLogger(__name__)

CHILD = (sys.executable, "-m", "evermodel.scorer.child")
#: This many in a row, some seconds of traffic or more, and a death is forgotten.
FORGIVEN_AFTER_ANSWERS = 1000
#: Why a version is not asked any more: the second death in a call of its own.
DEATHS = 2


class Unanswered(RuntimeError):
    """The model gave no usable answer."""


class ProcessScoring:
    """Loads bundles in the scoring process. Any thread may load, and any may ask."""

    def __init__(
        self,
        *,
        home: Path,
        threads: int = 1,
        metrics: Metrics | None = None,
        patience: Patience = Patience(),  # frozen
        command: Sequence[str] = CHILD,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start nothing yet. `home`: the process's ``HOME``; `threads` bounds its TensorFlow."""
        self.metrics = metrics or Metrics()
        self._command, self._home = (*command, str(threads)), home
        self._patience, self._monotonic = patience, monotonic
        self._handles = itertools.count()
        self._gone: deque[int] = deque()  # filled by the garbage collector: it may take no lock
        self._calls = (threading.Lock(), threading.Lock())  # by channel; always in this order
        self._starting = threading.Lock()
        self._process: ScoringProcess | None = None

    def __enter__(self) -> Self:
        """Let the process start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._process is not None:
            self._process.end()

    @property
    def pid(self) -> int | None:
        """The process that is asked now, if there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Let the process import what it needs, so that nobody waits for it; do not wait here."""
        with self._starting:
            if self._process is None:
                try:
                    self._process = self._started()
                except OSError as error:  # the machine has no room now: the first load will ask
                    _LOG.warning("no scoring process is started ahead: %s", error)

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        """Load `bundle` (``Scoring``)."""
        try:
            verify(bundle, expect_digest=digest)
        except BadBundle as error:
            raise BundleRefused(str(error)) from error
        version = ProcessVersion(self, next(self._handles), bundle=bundle, digest=digest)
        weakref.finalize(version, self._gone.append, version.handle).atexit = False
        try:
            self._load(version, self._deadline())
        except Died:  # another's, perhaps
            self._load_again(version, self._deadline())
        return version

    def ask(self, version: "ProcessVersion", columns: Columns) -> list[float]:
        """Return what `version` says about `columns`.

        Raises:
            Unanswered: nothing, or it did not survive the question.
            ScoringAway: there is no answer yet, and no more time to wait for it.
        """
        deadline = self._deadline(self._patience.ask_seconds)
        try:
            with deadline.held(self._calls[ANSWERING]):
                return self._answer(version, columns, deadline)
        except Died as death:
            if death.is_its_own:
                version.blame(death)
        try:
            with self._alone(deadline):
                return self._answer(version, columns, deadline)
        except Died as death:
            version.blame(death)
            raise Unanswered(str(death)) from death

    def _deadline(self, seconds: float = threading.TIMEOUT_MAX) -> Deadline:
        return Deadline(seconds, monotonic=self._monotonic)

    def _load(self, version: "ProcessVersion", deadline: Deadline) -> None:
        with deadline.held(self._calls[LOADING]):
            self._make_sure_of(version, self._alive(deadline), LOADING, deadline)

    def _load_again(self, version: "ProcessVersion", deadline: Deadline) -> None:
        try:
            with self._alone(deadline):  # nobody's call can end it now: what happens is its own
                self._make_sure_of(version, self._alive(deadline), LOADING, deadline)
        except Died as death:
            raise BundleRefused(f"{death}, for the second time while it was loaded") from death

    def _answer(
        self, version: "ProcessVersion", columns: Columns, deadline: Deadline
    ) -> list[float]:
        process = self._alive(deadline)
        self._make_sure_of(version, process, ANSWERING, deadline)
        rows = len(next(iter(columns.values()), ()))
        request = Ask(version.handle, packed(columns), self._forgotten())
        within = deadline.needs(self._patience.call_seconds)
        reply = process.call(ANSWERING, request, longest=4 * rows, within_seconds=within)
        if not isinstance(reply, Scores):
            raise _error(reply, process)
        try:
            return scores_of(reply.values, rows=rows)
        except Nonsense as error:
            raise process.end(f"spoke nonsense: {error}") from error

    def _make_sure_of(
        self, version: "ProcessVersion", process: ScoringProcess, channel: int, deadline: Deadline
    ) -> None:
        """Load `version` unless `process` has it."""
        if version.loaded_in is process:
            return
        within = deadline.needs(self._patience.load_seconds)
        request = Load(
            version.handle, str(version.bundle.absolute()), version.digest, self._forgotten()
        )
        reply = process.call(channel, request, longest=0, within_seconds=within)
        if not isinstance(reply, Loaded):
            raise _error(reply, process)
        version.loaded_in = process

    def _forgotten(self) -> tuple[int, ...]:
        gone = []
        with suppress(IndexError):  # the other channel's caller may have taken the last
            while self._gone:
                gone.append(self._gone.popleft())
        return tuple(gone)

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[None]:
        with deadline.held(self._calls[LOADING]), deadline.held(self._calls[ANSWERING]):
            yield

    def _alive(self, deadline: Deadline) -> ScoringProcess:
        """Return a process that can be asked; start one if the last has ended.

        Raises:
            ScoringAway: none can be started now, or it is not there in time.
        """
        process = self._process
        if process is not None and process.is_ready and process.is_alive:
            return process
        with deadline.held(self._starting):
            return self._ready(deadline)

    def _ready(self, deadline: Deadline) -> ScoringProcess:
        if self._process is not None and not self._process.is_alive:
            _LOG.warning("%s; it is started again", self._process.end())
            self.metrics.count("scoring_restarts")
            self._process = None
        try:
            if self._process is None:
                self._process = self._started()
            if self._process.is_ready_within(deadline.left(), of=self._patience.start_seconds):
                return self._process
        except (Died, OSError) as error:
            raise ScoringAway(f"no model can be asked: {error}") from error
        raise ScoringAway("no model can be asked: the scoring process is being started")

    def _started(self) -> ScoringProcess:
        return ScoringProcess(self._command, home=self._home, monotonic=self._monotonic)


class ProcessVersion:
    """One model in the scoring process, and what it has on its conscience."""

    def __init__(self, scoring: ProcessScoring, handle: int, *, bundle: Path, digest: str) -> None:
        self.handle, self.bundle, self.digest = handle, bundle, digest
        self.loaded_in: ScoringProcess | None = None
        self._scoring = scoring
        self.unasked: str | None = None
        self._deaths = self._answers = 0

    def score(self, columns: Columns) -> Sequence[float]:
        if self.unasked is not None:
            raise Unasked(f"the bundle {self.digest} is not asked any more: {self.unasked}")
        try:
            scores = self._scoring.ask(self, columns)
        except BundleRefused as error:  # it could be loaded before; what lies there is another now
            self.unasked = str(error)
            raise
        self._answers += 1
        if self._answers >= FORGIVEN_AFTER_ANSWERS:
            self._deaths = 0
        return scores

    def blame(self, death: Died) -> None:
        """Take a death upon it.

        Raises:
            Unanswered: it is not asked any more from now on.
        """
        self._answers, self._deaths = 0, self._deaths + 1
        if self._deaths >= DEATHS:
            self.unasked = f"{death}, for the second time in its calls"
            raise Unanswered(f"{self.unasked}: not asked again until loaded anew") from death


def _error(reply: Reply, process: ScoringProcess) -> Exception:
    """Return what a reply that is no answer means."""
    if not isinstance(reply, Failed):
        return process.end(f"spoke nonsense: {type(reply).__name__}")
    kinds: dict[str, type[Exception]] = {
        "refused": BundleRefused,
        "columns": BadColumns,
        "unusable": Unanswered,
        "machine": OSError,
        "memory": MemoryError,
    }
    return kinds[reply.kind](redact(reply.text[:LONGEST_TEXT]))
