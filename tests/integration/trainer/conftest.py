"""A lake, and the real child."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.trainer.adapters.process_child import ProcessChild
from tests.integration.trainer.lakes import table, write_lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    write_lake(root, table())
    return root


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def child(cache: Path) -> ProcessChild:
    return ProcessChild(monotonic=time.monotonic, cache=cache)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        path.mkdir()
        return path

    return make
