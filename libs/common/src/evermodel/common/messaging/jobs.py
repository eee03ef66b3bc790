"""Long work that was accepted durably: who runs it, and who takes its result.

Owns each job from its acceptance to the service's ``on_done``. Must never commit, nor persist:
the service's state says what was accepted, and on restart the service returns its unfinished
jobs anew. A job runs on through a revocation until the new assignment says whether it is ours::

    accepted ─commit─▶ running ─▶ finished ─on_done─▶ in a transaction ─commit─▶ forgotten
                                      └─not taken, again and again─▶ on_done(the error) ─▶ as above

One that is another replica's runs on, for nobody can stop it. Should it come back before it has
ended, it is not begun anew: two of one job would work in one folder, and take it from each other.

A result that cannot be taken is no reason to stop: the job lies in the state, so that the next
process would stop at it as well. The service is told of a failure instead, and can say so.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import (
    BUG_DELAY_SECONDS,
    Bug,
    Dead,
    Done,
    Outcome,
    Retry,
    StateInDoubt,
    attempt,
)
from evermodel.common.messaging.preparing import Accepted, Prepared
from evermodel.common.messaging.records import TopicPartition


@dataclass(slots=True)
class Running:
    """An accepted job and its result to come. `refused`: why that could not be taken."""

    accepted: Accepted
    future: "Future[Outcome[object]]"
    attempts: int = 0
    not_before: float = 0.0
    refused: Exception | None = None

    @property
    def result(self) -> object:
        """What it returned, or the exception it raised. Only when it is done."""
        if self.refused is not None:
            return self.refused
        outcome = self.future.result()
        match outcome:
            case Done(result):
                return result
            case Dead(_, error) | Retry(error) | Bug(error):
                return error


class Jobs:
    """The jobs in flight, by key."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._spec = spec
        self._outbox, self._beside, self._clock = means.outbox, means.beside, means.clock
        self._attempts, self._report = means.attempts, means.report
        self._running: dict[str, Running] = {}
        #: What still runs of jobs that are another replica's.
        self._left: dict[str, Future[Outcome[object]]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, jobs: Iterable[Accepted]) -> None:
        """Run each of `jobs` unless one of its key is running."""
        for accepted in jobs:
            job = accepted.job
            if job.key not in self._running:
                future = self._left.pop(job.key, None)
                if future is None or future.done():
                    future = self._beside.submit(partial(attempt, job.run))
                self._running[job.key] = Running(accepted, future)

    def adopt(self, jobs: Iterable[Accepted]) -> None:
        """Run `jobs` and drop all others: another replica has taken over their state."""
        ours = list(jobs)
        keys = {accepted.job.key for accepted in ours}
        gone = [key for key in self._running if key not in keys]
        left = self._left | {key: self._running[key].future for key in gone}
        self._left = {key: future for key, future in left.items() if not future.done()}
        self.forget(gone)
        self.start(ours)

    def forget(self, keys: Iterable[str]) -> None:
        """Drop jobs: their results are committed."""
        for key in keys:
            self._running.pop(key, None)

    def due(self, numbers: Iterable[int]) -> Iterator[Running]:
        """Yield those of the partitions `numbers` whose result can be taken now."""
        ours, now = set(numbers), self._clock.monotonic()
        for running in list(self._running.values()):
            is_ours = running.accepted.number in ours
            if is_ours and running.future.done() and now >= running.not_before:
                yield running

    def waits(self) -> Iterator[float]:
        """Yield when each result that was refused is offered again, in monotonic seconds."""
        for running in self._running.values():
            if running.future.done() and running.not_before:
                yield running.not_before

    def finish(self, running: Running, *, positions: Mapping[TopicPartition, int]) -> None:
        """Hand a result to the service; its reaction waits to be committed.

        Raises:
            Fatal: the service takes neither it nor that it failed.
            StateInDoubt: not now. It will be offered again.
        """
        key = running.accepted.job.key
        match attempt(partial(self._answer, running)):
            case Done(prepared):
                self._outbox.put(prepared, offsets=positions.items(), finished=[key])
                return
            case Retry(error):
                self._delay(running, seconds=error.delay_seconds)
            case Bug(error) | Dead(_, error):
                self._refuse(running, error)
        raise StateInDoubt

    def _refuse(self, running: Running, error: Exception) -> None:
        running.attempts += 1
        if running.attempts >= self._attempts:
            key = running.accepted.job.key
            if running.refused is not None:
                raise Fatal(f"the result of job {key} cannot be taken: {error!r}")
            self._report.failed(f"the result of job {key} cannot be taken: it failed", error)
            running.attempts, running.refused = 0, error
        else:
            self._report.failed("a job's result was not taken, again", error)
        self._delay(running, seconds=BUG_DELAY_SECONDS)

    def _delay(self, running: Running, *, seconds: float) -> None:
        running.not_before = self._clock.monotonic() + seconds

    def _answer(self, running: Running) -> Prepared:
        accepted, assignment = running.accepted, self._spec.assignment
        job = accepted.job
        if assignment is None:
            raise Fatal(f"{self._spec.name} returned a job and has nobody to take its result")
        reaction = assignment.on_done(job.key, job.cause, running.result)
        return self._outbox.prepare(
            reaction, cause=job.cause, number=accepted.number, since_ms=accepted.since_ms
        )
