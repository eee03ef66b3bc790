"""One question takes no longer than the group waits for a scorer, whatever it needs."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.scorer.adapters.patience import Patience
from evermodel.scorer.adapters.process_scoring import ProcessScoring, Unanswered
from evermodel.scorer.ports import ScoringAway
from tests.faults.scoring.conftest import loaded
from tests.faults.scoring.models import amounts

#: What Kafka and the health check wait for a turn of the loop.
GROUP_WAITS_SECONDS = 60.0


def test_a_question_has_time_for_a_load_and_a_call_and_less_than_the_group_waits() -> None:
    patience = Patience()
    assert patience.load_seconds + patience.call_seconds <= patience.ask_seconds
    assert patience.ask_seconds < GROUP_WAITS_SECONDS


@pytest.mark.guarantee(
    "outside",
    fault="the scoring process ends, and its next start takes longer than a batch can wait",
    promise="the batch is handed back in time and asked again; the start goes on, once",
    seen="log 'no model can be asked: the scoring process is being started'",
)
def test_a_slow_start_goes_on_while_the_batch_is_asked_again(
    odd: Callable[..., ProcessScoring], tmp_path: Path
) -> None:
    scoring = odd("late", Patience(load_seconds=0.5, call_seconds=0.5, ask_seconds=1.2))
    version = loaded(scoring, tmp_path / "bundle")
    kill(scoring)
    with pytest.raises(ScoringAway, match="is being started"):
        version.score(amounts(1.0))
    assert answer(lambda: version.score(amounts(1.0))) == [0.5]
    assert scoring.metrics.registry.get_sample_value("evermodel_scoring_restarts_total") == 1


def test_a_load_that_could_not_end_in_time_is_not_begun(
    odd: Callable[..., ProcessScoring], tmp_path: Path
) -> None:
    # A late one starts in two seconds at least, which leaves less than a load may take.
    scoring = odd("late", Patience(load_seconds=19.0, call_seconds=0.5, ask_seconds=20.0))
    version = loaded(scoring, tmp_path / "bundle")
    kill(scoring)
    with pytest.raises(ScoringAway, match="in time"):
        version.score(amounts(1.0))
    assert answer(lambda: version.score(amounts(1.0))) == [0.5]


def kill(scoring: ProcessScoring) -> None:
    assert scoring.pid is not None
    os.kill(scoring.pid, signal.SIGKILL)
    os.waitid(os.P_PID, scoring.pid, os.WEXITED | os.WNOWAIT)  # it stays to be waited for


def answer(ask: Callable[[], object]) -> object:
    """Ask until it is there, as the loop does."""
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        try:
            return ask()
        except ScoringAway:
            continue
    raise TimeoutError


@pytest.mark.guarantee(
    "outside",
    fault="a model never answers, and what it takes to ask it again does not fit into a batch's "
    "time",
    promise="the batch is handed back in time and asked again; the second hang is the version's "
    "last",
    seen="log 'no model can be asked in time'; then 'for the second time in its calls'",
)
def test_a_second_call_that_could_not_end_in_time_is_not_begun(
    odd: Callable[..., ProcessScoring], tmp_path: Path
) -> None:
    scoring = odd("hanging", Patience(load_seconds=0.9, call_seconds=1.0, ask_seconds=1.9))
    version = loaded(scoring, tmp_path / "bundle")
    with pytest.raises(ScoringAway):
        version.score(amounts(1.0))
    assert version.unasked is None
    with pytest.raises(Unanswered, match="second time in its calls"):
        answer(lambda: version.score(amounts(1.0)))
