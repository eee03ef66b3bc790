"""Ports are free, distinct, on loopback, and the same after a restart."""

import socket
from pathlib import Path

import pytest

from evermodel.embedded.addresses import LOOPBACK, kept_ports, require_free
from evermodel.embedded.errors import Occupied


def test_a_restart_keeps_its_ports(tmp_path: Path) -> None:
    first = kept_ports(tmp_path / "ports.json", names=("a", "b"))
    assert len(set(first.values())) == 2
    assert kept_ports(tmp_path / "ports.json", names=("a", "b")) == first


def test_a_port_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    first = kept_ports(tmp_path / "ports.json", names=("a",))
    with socket.create_server((LOOPBACK, first["a"])):
        assert kept_ports(tmp_path / "ports.json", names=("a",)) != first


def test_a_port_that_a_person_named_is_not_given_up_but_told() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Occupied, match=f"EVERMODEL_CONSOLE_PORT={port} cannot be listened on"):
            require_free(port, variable="EVERMODEL_CONSOLE_PORT")
    require_free(port, variable="EVERMODEL_CONSOLE_PORT")


@pytest.mark.parametrize("content", ["", "[]", '{"a": "x"}', "{"])
def test_a_broken_port_file_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)
    assert kept_ports(tmp_path / "ports.json", names=("a",))["a"] > 0
