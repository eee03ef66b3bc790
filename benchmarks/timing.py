"""Time in benchmarks: contenders turn about, so that a busy moment hits all of them; a pause."""

import time
from collections.abc import Callable, Mapping, Sequence
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


def pause(seconds: float) -> None:
    """Wait: a driver may, services may not."""
    time.sleep(seconds)  # noqa: TID251  # see above
