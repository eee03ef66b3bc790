"""Durable jobs in flight: each key runs once here, whatever happens to its partition meanwhile.

A rebalance takes partitions away and, mostly, gives them back at once; a training that is
running must then not start a second time. So a job outlives a revocation until the new
assignment says whether it is still ours.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from evermodel.common.messaging.api import Job
from evermodel.common.messaging.beside import Beside
from evermodel.common.messaging.outcome import Bug, Dead, Done, Outcome, Retry, attempt


@dataclass(slots=True)
class Running:
    """A job, the number of the partition whose state accepted it, and its result to come."""

    job: Job
    partition: int
    future: "Future[Outcome[object]]"
    attempts: int = 0
    not_before: float = 0.0

    @property
    def result(self) -> object:
        """What it returned, or the exception it raised. Only when it is done."""
        outcome = self.future.result()
        match outcome:
            case Done(result):
                return result
            case Dead(_, error) | Retry(error) | Bug(error):
                return error


class Jobs:
    """The jobs in flight, by key."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self._running: dict[str, Running] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, job: Job, *, partition: int) -> None:
        """Run `job` unless one with its key is running."""
        if job.key not in self._running:
            run = job.run
            self._running[job.key] = Running(
                job, partition, self._beside.submit(lambda: attempt(run))
            )

    def finished(self) -> Iterator[Running]:
        """Yield those whose result is there."""
        for running in list(self._running.values()):
            if running.future.done():
                yield running

    def forget(self, keys: Iterable[str]) -> None:
        """Drop jobs: their results are committed."""
        for key in keys:
            self._running.pop(key, None)

    def keep_only(self, keys: set[str]) -> None:
        """Drop the jobs whose state another replica has taken over."""
        self.forget([key for key in self._running if key not in keys])
