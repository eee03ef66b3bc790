"""A model that has taken its process over can say whatever it likes: the scorer takes no harm."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.scorer.adapters.process_scoring import ProcessScoring, Unanswered
from tests.faults.scoring import odd_child
from tests.faults.scoring.conftest import loaded
from tests.faults.scoring.models import amounts


@pytest.mark.guarantee(
    "security",
    fault="a model that has taken the scoring process over answers {what}",
    promise="it has given no answer; the scorer goes on",
    seen="log 'version … gave no answer to … rows'; metric evermodel_unanswered_total",
)
@pytest.mark.parametrize("what", odd_child.ODD)
def test_nonsense_is_no_answer(
    odd: Callable[[str], ProcessScoring], tmp_path: Path, what: str
) -> None:
    version = loaded(odd(what), tmp_path / "bundle")
    with pytest.raises(Unanswered) as caught:
        version.score(amounts(1.0, 2.0))
    assert "planted" not in str(caught.value)


def test_no_memory_is_taken_for_what_is_only_announced(
    odd: Callable[[str], ProcessScoring], tmp_path: Path
) -> None:
    version = loaded(odd("a frame of four gigabytes"), tmp_path / "bundle")
    with pytest.raises(Unanswered, match="spoke nonsense: a frame of 4294967295 bytes"):
        version.score(amounts(1.0))
