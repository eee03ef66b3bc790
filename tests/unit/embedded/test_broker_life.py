"""When a broker's earlier life is ended before the next, and what its controller alone is."""

from pathlib import Path

import pytest

from evermodel.embedded.broker_life import controllers, read_properties, was_killed
from evermodel.embedded.broker_properties import server_properties

PORTS = {"client": 1001, "administration": 1002, "controller": 1003}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a broker has run."""
    made = tmp_path / "data"
    made.mkdir()
    (made / "recovery-point-offset-checkpoint").touch()
    return made


def properties(data: Path, *, certificates: Path | None = None) -> dict[str, str]:
    text = server_properties(data=Path(data.name), ports=PORTS, certificates=certificates)
    return dict(read_properties(text))


def test_a_broker_that_left_no_word_was_killed(data: Path) -> None:
    assert was_killed(properties(data), folder=data.parent)


def test_a_broker_that_ended_in_order_was_not(data: Path) -> None:
    (data / ".kafka_cleanshutdown").touch()
    assert not was_killed(properties(data), folder=data.parent)


def test_a_broker_that_never_ran_was_not(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").touch()
    assert not was_killed(properties(tmp_path / "data"), folder=tmp_path)


def test_where_others_lead_meanwhile_nothing_is_ended(data: Path) -> None:
    three = properties(data) | {"controller.quorum.voters": "1@a:1,2@b:1,3@c:1"}
    assert not was_killed(three, folder=data.parent)


@pytest.mark.parametrize("certificates", [None, Path("certificates")])
def test_the_controller_alone_listens_to_nobody_else_and_keeps_its_secrets(
    data: Path, certificates: Path | None
) -> None:
    whole = properties(data, certificates=certificates)
    alone = controllers(whole)
    assert alone["process.roles"] == "controller"
    assert alone["listeners"] == "CONTROLLER://127.0.0.1:1003"
    assert "advertised.listeners" not in alone
    secrets = {name for name in whole if name.startswith(("ssl.", "listener.name.controller."))}
    assert secrets <= alone.keys()
    assert bool(secrets) == (certificates is not None)
