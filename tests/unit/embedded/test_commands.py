"""Every replica is told something of its own wherever two could get into each other's way."""

from collections import Counter
from pathlib import Path

import pytest

from evermodel.embedded.stack import commands

SHELL = {"EVERMODEL_CONSOLE_PORT": "8123", "EVERMODEL_HEALTH_PORT": "9100"}


@pytest.mark.parametrize("name", sorted(SHELL))
def test_no_two_replicas_are_told_one_port(tmp_path: Path, name: str) -> None:
    found = commands(tmp_path, environment=SHELL, wanted={"console": 3})
    consoles = [c.environment[name] for c in found if c.name.startswith("console")]
    taken = Counter(port for port in consoles if port != "0")
    assert len(consoles) == 3
    assert all(number == 1 for number in taken.values())


def test_a_health_port_of_the_shell_becomes_a_free_one_for_everybody(tmp_path: Path) -> None:
    found = list(commands(tmp_path, environment=SHELL, wanted={}))
    assert {command.environment["EVERMODEL_HEALTH_PORT"] for command in found} == {"0"}
    silent = list(commands(tmp_path, environment={}, wanted={}))
    assert not [c for c in silent if "EVERMODEL_HEALTH_PORT" in c.environment]


def test_every_replica_works_in_a_folder_of_its_own(tmp_path: Path) -> None:
    found = list(commands(tmp_path, environment={}, wanted={"scorer": 2}))
    assert len({command.environment["EVERMODEL_WORK"] for command in found}) == len(found)
