"""A bare repository, and every kind of config repository."""

from pathlib import Path

import pytest

from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import (
    ConfigRepository,
)
from tests.contract.git.writing import (
    git,
    on_git,
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "config.git"
    path.mkdir()
    git("init", "-q", "--bare", "-b", "main", at=path)
    return path


@pytest.fixture(params=["git", "memory"])
def repository(request: pytest.FixtureRequest, bare: Path) -> ConfigRepository:
    return on_git(bare) if request.param == "git" else MemoryRepository()
