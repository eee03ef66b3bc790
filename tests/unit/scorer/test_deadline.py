"""What is left of the time that a question has: nothing is begun or waited for beyond it."""

import threading
import time

import pytest

from evermodel.scorer.adapters.patience import Deadline
from evermodel.scorer.ports import ScoringAway


def test_what_could_not_end_in_time_is_not_begun() -> None:
    now = [100.0]
    deadline = Deadline(50.0, monotonic=lambda: now[0])
    assert deadline.needs(50.0) == 50.0
    now[0] = 141.0
    assert deadline.needs(9.0) == 9.0
    with pytest.raises(ScoringAway, match="in time"):
        deadline.needs(9.1)
    now[0] = 200.0
    assert deadline.left() == 0.0


def test_a_lock_is_waited_for_no_longer_than_there_is_time() -> None:
    lock = threading.Lock()
    deadline = Deadline(0.05, monotonic=time.monotonic)
    with lock, pytest.raises(ScoringAway, match="is being loaded"), deadline.held(lock):
        pass
    assert not lock.locked()


def test_who_has_all_time_waits_for_a_lock_and_lets_go_of_it() -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(0.05, lock.release).start()
    with Deadline(monotonic=time.monotonic).held(lock):
        assert lock.locked()
    assert not lock.locked()
