"""Deaths while somebody is asked: who is asked again, and who is blamed."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from evermodel.scorer.adapters.process_scoring import ProcessScoring, Unanswered
from evermodel.scorer.ports import BundleRefused, LoadedVersion, Unasked
from tests.faults.scoring.conftest import loaded
from tests.faults.scoring.models import amounts


@pytest.mark.guarantee(
    "outside",
    fault="the scoring process is killed -9 while it works on a batch",
    promise="the batch is asked for again, and has its answer",
    seen="log 'the scoring process ended with signal SIGKILL; it is started again'; metric "
    "evermodel_scoring_restarts_total",
)
def test_who_was_asked_is_asked_again(
    odd: Callable[[str], ProcessScoring], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scoring = odd("slow")
    version = loaded(scoring, tmp_path / "bundle")
    with ThreadPoolExecutor(max_workers=1) as beside:
        asked = beside.submit(version.score, amounts(1.0))
        Event().wait(0.2)  # it answers after half a second
        assert scoring.pid is not None
        os.kill(scoring.pid, signal.SIGKILL)
        assert asked.result() == [0.5]
    assert "the scoring process ended with signal SIGKILL; it is started again" in caplog.text


@pytest.mark.guarantee(
    "outside",
    fault="a version ends the scoring process while it is loaded and another one is asked",
    promise="the one that is loaded is refused; the one that is asked answers, and is not blamed",
    seen="serving.applied `failed`; metrics evermodel_scoring_restarts_total, "
    "evermodel_load_failures_total",
)
def test_who_is_asked_meanwhile_is_not_blamed_for_a_loading(
    odd: Callable[[str], ProcessScoring], tmp_path: Path
) -> None:
    scoring = odd("slow")
    good = loaded(scoring, tmp_path / "good")
    with ThreadPoolExecutor(max_workers=1) as beside:
        for attempt in range(2):
            (tmp_path / str(attempt)).mkdir()
            bad = beside.submit(loaded, scoring, tmp_path / str(attempt) / "deadly")
            while not bad.done():
                assert good.score(amounts(1.0)) == [0.5]
            with pytest.raises(BundleRefused, match="second time while it was loaded"):
                bad.result()
    assert good.score(amounts(1.0)) == [0.5]


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="versions in service end the scoring process again and again while another one is loaded",
    promise="the one that is loaded serves: it is loaded again, alone, and refused for no death of "
    "another's",
    seen="serving.applied `ready`; metric evermodel_scoring_restarts_total",
)
def test_who_is_loaded_meanwhile_is_not_blamed_for_what_others_did_in_their_calls(
    odd: Callable[[str], ProcessScoring], tmp_path: Path
) -> None:
    scoring = odd("death")
    deadly = [loaded(scoring, tmp_path / str(number)) for number in range(4)]
    with ThreadPoolExecutor(max_workers=2) as beside:
        asking = [beside.submit(ask_for_ever, each) for each in (deadly[::2], deadly[1::2])]
        loaded(scoring, tmp_path / "large")  # and not refused
        for each in asking:
            each.result()


def ask_for_ever(versions: list[LoadedVersion]) -> None:
    """Ask each until it is not asked any more."""
    for version in versions:
        with suppress(Unasked):
            while True:
                with suppress(Unanswered):
                    version.score(amounts(1.0))
