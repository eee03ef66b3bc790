"""Models that end or stop the process that they are asked in: the others answer all the same."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evermodel.scorer.adapters import process_scoring
from evermodel.scorer.adapters.patience import Patience
from evermodel.scorer.adapters.process_scoring import ProcessScoring, Unanswered
from evermodel.scorer.ports import BundleRefused, LoadedVersion, ScoringAway, Unasked
from tests.faults.scoring import models
from tests.faults.scoring.models import FATAL, amounts

Write = Callable[[Path], str]


@pytest.fixture(scope="module")
def scoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessScoring]:
    patience = Patience(call_seconds=1.0)
    with ProcessScoring(home=tmp_path_factory.mktemp("home"), patience=patience) as made:
        yield made


@pytest.fixture
def load(scoring: ProcessScoring, tmp_path: Path) -> Callable[[Write], LoadedVersion]:
    def load(write: Write) -> LoadedVersion:
        bundle = tmp_path / write.__name__
        return scoring.load(bundle, digest=write(bundle))

    return load


def restarts(scoring: ProcessScoring) -> float:
    return scoring.metrics.registry.get_sample_value("evermodel_scoring_restarts_total") or 0.0


def killed(scoring: ProcessScoring) -> None:
    """Kill the process, and return when it is gone."""
    assert scoring.pid is not None
    os.kill(scoring.pid, signal.SIGKILL)
    os.waitid(os.P_PID, scoring.pid, os.WEXITED | os.WNOWAIT)  # it stays to be waited for


@pytest.mark.guarantee(
    "outside",
    fault="a model in service {harm} whenever it meets one payment",
    promise="the scoring process is started again, the version gives no answer from then on; "
    "the other versions answer",
    seen="log 'the scoring process {words}…; it is started again'; metrics "
    "evermodel_scoring_restarts_total, evermodel_unanswered_total; serving.applied `failed`",
)
@pytest.mark.parametrize(
    ("harm", "write", "words"),
    [
        ("aborts its process", models.aborting, "ended with signal SIGABRT"),
        pytest.param(
            *("never answers", models.hanging, "did not answer within 1 s and was ended"),
            marks=pytest.mark.whole,
        ),
    ],
)
def test_a_version_whose_calls_are_not_survived_is_not_asked_again(
    scoring: ProcessScoring,
    load: Callable[[Write], LoadedVersion],
    caplog: pytest.LogCaptureFixture,
    harm: str,
    write: Write,
    words: str,
) -> None:
    bad, good = load(write), load(models.sound)
    before = restarts(scoring)
    (sound,) = bad.score(amounts(1.0))
    with caplog.at_level(logging.WARNING), pytest.raises(Unanswered, match="second time"):
        bad.score(amounts(1.0, FATAL))
    assert good.score(amounts(1.0)) == [sound], f"one that {harm} stops no other"
    said = [record.getMessage() for record in caplog.records]
    assert [words in line and "it is started again" in line for line in said] == [True, True]
    assert restarts(scoring) == before + 2
    assert "for the second time in its calls" in (bad.unasked or "")
    with pytest.raises(Unasked):
        bad.score(amounts(1.0))
    assert restarts(scoring) == before + 2, "it was not asked"


@pytest.mark.guarantee(
    "outside",
    fault="the scoring process is killed -9, once and again",
    promise="it is started again and loads what it had; every question has its answer, and no "
    "version is blamed for what happened between its calls",
    seen="log 'the scoring process ended with signal SIGKILL; it is started again'; metric "
    "evermodel_scoring_restarts_total",
)
def test_a_killed_process_is_replaced_and_nobody_is_blamed(
    scoring: ProcessScoring, load: Callable[[Write], LoadedVersion]
) -> None:
    version = load(models.sound)
    answer = version.score(amounts(1.0, 2.0))
    before = restarts(scoring)
    for _ in range(2):
        killed(scoring)
        assert version.score(amounts(1.0, 2.0)) == answer
    assert restarts(scoring) == before + 2


@pytest.mark.whole
def test_a_death_is_forgotten_when_much_was_answered_since(
    scoring: ProcessScoring,
    load: Callable[[Write], LoadedVersion],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process_scoring, "FORGIVEN_AFTER_ANSWERS", 5)
    version = load(models.sound)
    for _ in range(2):
        assert scoring.pid is not None
        os.kill(scoring.pid, signal.SIGSTOP)  # so that it shows in a call
        assert version.score(amounts(1.0))
        for _ in range(5):
            version.score(amounts(1.0))
    assert version.score(amounts(1.0))


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="a model ends its process while it is loaded",
    promise="it is tried twice and refused; what serves goes on",
    seen="serving.applied `failed`, 'for the second time while it was loaded'; metric "
    "evermodel_load_failures_total",
)
def test_a_bundle_whose_loading_is_not_survived_is_refused(
    scoring: ProcessScoring, load: Callable[[Write], LoadedVersion], tmp_path: Path
) -> None:
    good = load(models.sound)
    with pytest.raises(BundleRefused, match="second time while it was loaded"):
        load(models.fatal_at_once)
    assert good.score(amounts(1.0))


@pytest.mark.guarantee(
    "outside",
    fault="no scoring process can be started (TensorFlow cannot be imported, memory is short)",
    promise="no version is blamed; what there is to load or to score waits",
    seen="log '… is not here yet: no model can be asked: the scoring process ended with …'",
)
def test_a_process_that_does_not_start_is_no_versions_fault(tmp_path: Path) -> None:
    digest = models.sound(tmp_path / "bundle")
    broken = (sys.executable, "-c", "raise ImportError('no such thing')")
    with (
        ProcessScoring(home=tmp_path, command=broken) as scoring,
        pytest.raises(ScoringAway, match=r"exit code 1 .*no such thing"),
    ):
        scoring.load(tmp_path / "bundle", digest=digest)
