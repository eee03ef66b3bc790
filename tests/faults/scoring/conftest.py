"""Scoring with a process that does something wrong, and is there at once."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from evermodel.artefact.bundle import digest_of
from evermodel.scorer.adapters.patience import Patience
from evermodel.scorer.adapters.process_scoring import ProcessScoring
from evermodel.scorer.ports import LoadedVersion
from tests.faults.scoring import odd_child

PATIENCE = Patience(call_seconds=1.0)


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Callable[..., ProcessScoring]]:
    with ExitStack() as stack:

        def made(what: str, patience: Patience = PATIENCE) -> ProcessScoring:
            command = (sys.executable, str(Path(odd_child.__file__)), what)
            scoring = ProcessScoring(home=tmp_path, command=command, patience=patience)
            return stack.enter_context(scoring)

        yield made


def loaded(scoring: ProcessScoring, folder: Path) -> LoadedVersion:
    folder.mkdir()
    (folder / "file").write_text("anything")
    return scoring.load(folder, digest=digest_of(folder))
