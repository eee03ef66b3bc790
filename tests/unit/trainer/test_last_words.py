"""What goes wrong is told once, in words, by whoever needs what went wrong."""

import pytest

from evermodel.trainer.adapters.mlflow_runs import MlflowRuns
from evermodel.trainer.child import training
from evermodel.trainer.ports import Unavailable


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
