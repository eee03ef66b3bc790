"""The orders are those of the event, and their times are read as every other command's are."""

import inspect
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from evermodel.cli import acting, orders, playing
from evermodel.cli.errors import WrongUsage
from evermodel.cli.main import app
from evermodel.cli.times import time_of
from evermodel.common.events.commands import LifecycleCommand
from evermodel.embedded.addresses_file import Addresses

ORDERS = get_args(LifecycleCommand.model_fields["command"].annotation)


def test_every_order_of_the_event_is_a_command_and_no_other_is_made() -> None:
    given = {
        command.name or getattr(command.callback, "__name__", "")
        for command in app.registered_commands
        if inspect.getmodule(command.callback) is acting
    }
    assert {name.replace("-", "_") for name in given} == set(ORDERS)
    for order in ORDERS:
        made = orders.make(order, model="m", who="w", why="y", version=None)
        assert made.command == order
    with pytest.raises(WrongUsage, match="command"):
        orders.make("halt", model="m", who="w", why="y", version=None)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2018-06-12", datetime(2018, 6, 12, tzinfo=UTC)),
        ("2018-06-12T09:30:00Z", datetime(2018, 6, 12, 9, 30, tzinfo=UTC)),
        ("2018-06-12 11:30+02:00", datetime(2018, 6, 12, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, time: datetime) -> None:
    assert time_of(text, option="--at") == time


@pytest.mark.parametrize("option", ["--at", "--until", "--bootstrap-until"])
def test_what_is_no_time_is_said_by_the_option(option: str) -> None:
    with pytest.raises(WrongUsage, match=f"{option} 'soon' is no date or time, e.g. 2018-06-12"):
        time_of("soon", option=option)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00Z", "1899-12-31", "9999-12-31T23:59:59-14:00", "9999-01-01T00:00:01Z"],
)
def test_a_time_that_no_service_reads_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match=f"--at '{text}' lies before the year 1900 or after 9998"):
        time_of(text, option="--at")


def test_no_command_reads_times_by_itself() -> None:
    assert [m.__name__ for m in (orders, playing) if "fromisoformat" in inspect.getsource(m)] == []


@pytest.mark.guarantee(
    "outside",
    fault="an order is given in a container whose user has a number and no name",
    promise="given all the same, by 'uid …'",
    seen="lifecycle.commands: who",
)
def test_who_has_no_name_gives_orders_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: object) -> None:
        raise KeyError("getpwuid(): uid not found: 54321")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    given: list[LifecycleCommand] = []

    def give(_: object, command: LifecycleCommand, **__: object) -> str:
        given.append(command)
        return "an-id"

    monkeypatch.setattr(orders, "give", give)
    here = Addresses(bootstrap="nowhere:1", mlflow_uri="", repository="", lake="", models="")
    monkeypatch.setattr(acting, "addresses", lambda _: here)
    acting.pause(model="m", why="a test", wait=0.0, state=tmp_path)
    assert [command.who for command in given] == [f"uid {os.getuid()}"]
