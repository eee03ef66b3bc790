"""Time in benchmarks: contenders turn about, so that a busy moment hits all of them; a pause;
what goes on beside what is measured.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

MIN_ROUNDS = 3


def turn_about(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int = MIN_ROUNDS
) -> dict[str, float]:
    """Return each contender's median seconds over `rounds`, after one unmeasured call each."""
    if rounds < MIN_ROUNDS:
        raise ValueError(f"medians are of at least {MIN_ROUNDS} rounds")
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: median(seconds) for name, seconds in taken.items()}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of `values` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Let `work` go on in a thread of its own while the block runs; then its event is set.

    Raises:
        Exception: what `work` failed by, at the end of a block that went well: too little was done.
    """
    over = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as own:
        going_on = own.submit(work, over)
        try:
            yield
        finally:
            over.set()
        going_on.result()


def pause(seconds: float) -> None:
    """Wait: a driver may, services may not."""
    time.sleep(seconds)  # noqa: TID251  # see above
