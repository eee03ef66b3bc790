"""What goes wrong is told once, in words, by whoever needs what went wrong."""

import errno
from pathlib import Path
from typing import cast

import pytest

from evermodel.trainer.adapters.mlflow_runs import MlflowRuns
from evermodel.trainer.adapters.process_child import LOG, PLAN, _report
from evermodel.trainer.child import __main__ as child
from evermodel.trainer.child import training
from evermodel.trainer.ports import BROKE, REPORT, Plan, Report, Unavailable


def test_a_tensorflow_that_cannot_start_is_not_told_by_the_thread_that_warms_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*, threads: int) -> None:
        raise ImportError(f"no TensorFlow for {threads} threads")

    monkeypatch.setattr(training, "start_tensorflow", missing)

    training._warm(threads=1)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(), "OSError"),
        (OSError("API request to http://ada:s3cr3t@mlflow:5000/api failed\nmore"), "***@mlflow"),
    ],
)
def test_a_store_that_fails_without_a_word_or_with_too_many_is_unavailable(
    error: OSError, said: str
) -> None:
    runs = MlflowRuns("http://mlflow:5000")

    with pytest.raises(Unavailable) as raised, runs._client():
        raise error

    assert said in str(raised.value)
    assert "s3cr3t" not in str(raised.value)
    assert "more" not in str(raised.value)


def test_a_child_on_a_machine_that_is_full_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(training, "train", full)

    report = child._report(cast("Plan", None), tmp_path)

    assert report.outcome == "unavailable"
    assert "no space left" in report.reason


def test_a_trainer_that_cannot_read_a_report_now_says_nothing_about_the_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_handle(_path: Path) -> bytes:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(Path, "read_bytes", no_handle)

    with pytest.raises(OSError, match="too many open files"):
        _report(tmp_path, code=0)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("one class only", "one class only"),
        (f"{BROKE}: KeyError", f"{BROKE}: KeyError; its last words:\n900 rows\n  in fit\n"),
    ],
)
def test_a_training_that_made_nothing_says_why_and_where_only_if_it_broke(
    reason: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = Report(outcome="failed", reason=reason)
    (tmp_path / REPORT).write_text(report.model_dump_json())
    (tmp_path / PLAN).write_text("{}")
    (tmp_path / LOG).write_text("900 rows\n  in fit\n")

    assert _report(tmp_path, code=0) == report

    assert caplog.messages == [f"the training made nothing: {told}"]
