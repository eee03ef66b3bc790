"""Deaths while somebody is asked: who is asked again, and who is blamed."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from evermodel.scorer.adapters.process_scoring import ProcessScoring
from evermodel.scorer.ports import BundleRefused
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
