"""A leak is seen through restarts; a restart alone is none."""

from benchmarks.flatness import BESIDE_HEAP_MB, Slope, slope, verdicts
from benchmarks.samples import Look, Samples
from evermodel.embedded.broker import HEAP_MB, NAME


def life(*, level: float, by_hour: float, seconds: int = 1200) -> list[Look]:
    """Return looks at a process that takes `level` and grows."""
    return [Look(at, at, level + by_hour * at / 3600, 5, 3) for at in range(0, seconds, 10)]


def test_lives_of_different_levels_have_one_slope() -> None:
    found = slope([life(level=100, by_hour=60), life(level=300, by_hour=60)], "memory")
    assert isinstance(found, Slope)
    assert abs(found.by_hour - 60) < 1e-6


def test_what_starts_high_after_a_restart_is_flat() -> None:
    found = slope([life(level=100, by_hour=0), life(level=300, by_hour=0)], "memory")
    assert found is not None
    assert abs(found.by_hour) < 1e-6


def test_the_first_minutes_say_nothing() -> None:
    assert slope([life(level=100, by_hour=60, seconds=360)], "memory") is None


def test_what_is_given_back_within_a_minute_is_no_growth_however_often_it_is_taken() -> None:
    """Threads of a pool that works more and more, and is at rest between."""
    busy = [Look(at, at, 100, 5, 3 + (at // 60 if at % 60 else 0)) for at in range(0, 1200, 10)]
    found = slope([busy], "threads")
    assert found is not None
    assert found.by_hour == 0


def test_what_is_left_behind_by_each_use_is_growth() -> None:
    left = [Look(at, at, 100, 5, 3 + at // 300) for at in range(0, 1200, 10)]
    found = slope([left], "threads")
    assert found is not None
    assert found.by_hour > 10


def test_one_thread_more_is_no_leak_and_a_second_is() -> None:
    samples = Samples()
    for count, steps in ((1, (600,)), (2, (500, 800))):
        looks = range(0, 1200, 10)
        samples.lives["pool", 1] = [
            Look(at, at, 100, 5, 3 + sum(at > step for step in steps)) for at in looks
        ]
        found = verdicts(samples)
        assert found["threads_pool"].value > 3, "more than the bound, so short"
        assert found["slopes_not_flat"].value == count - 1


def test_a_leak_of_one_role_is_the_one_that_is_not_flat() -> None:
    samples = Samples()
    samples.lives["leaks", 1] = life(level=100, by_hour=60)
    samples.lives["sound", 2] = life(level=100, by_hour=1)
    found = verdicts(samples)
    assert found["slopes_not_flat"].value == 1
    assert "of 6 slopes" in found["slopes_not_flat"].unit


def test_of_what_was_seen_for_minutes_only_nothing_is_said() -> None:
    samples = Samples()
    samples.lives["young", 1] = life(level=100, by_hour=600, seconds=640)
    assert set(verdicts(samples)) == {"slopes_not_flat"}


def test_a_heap_may_grow_to_what_it_was_allowed_and_no_further() -> None:
    samples = Samples()
    samples.lives[NAME, 1] = life(level=HEAP_MB - 100, by_hour=400)
    assert verdicts(samples)["slopes_not_flat"].value == 0
    samples.lives[NAME, 2] = life(level=HEAP_MB + BESIDE_HEAP_MB, by_hour=1)
    assert verdicts(samples)["slopes_not_flat"].value == 1
