"""Files that must hold a secret are their owner's alone, from their first moment on."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from evermodel.cli import watching
from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters import process_reports
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.ports import ReportFailed
from evermodel.embedded import lock
from evermodel.embedded.addresses_file import Addresses, read_addresses, write_addresses
from evermodel.embedded.findings import mlflow_at
from evermodel.embedded.settings import StackSettings
from evermodel.embedded.stack import Stack, _security
from tests.unit.drift.alarms import alarm
from tests.unit.drift.windows import REFERENCE

PASSWORD = "planted-mlflow-password"  # noqa: S105  # planted
URI = f"http://ada:{PASSWORD}@127.0.0.1:9"


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    """No umask helps: what is closed is closed by us."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.guarantee(
    "security",
    fault="MLFLOW_TRACKING_URI holds a password, and the stack notes where its parts answer",
    promise="stack.json is its owner's alone (0600)",
    seen="ls -l .evermodel/stack.json",
)
def test_where_the_parts_answer_is_its_owners_alone(tmp_path: Path) -> None:
    told = Addresses("127.0.0.1:1", URI, "https://token@git.example/x", "/lake", "m.toml")
    for _ in range(2):
        write_addresses(tmp_path, told)
        assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    assert read_addresses(tmp_path) == told
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]
    assert json.loads((tmp_path / "stack.json").read_text())["mlflow_uri"] == URI


@pytest.mark.guarantee(
    "security",
    fault="MLFLOW_TRACKING_URI holds a password, and a drift report is ordered from its process",
    promise="the folder of the order is its owner's alone (0700), and gone afterwards",
    seen="ls -ld work/drift-detector/report-*",
)
def test_the_order_of_a_report_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    def run(command: Sequence[str], *, log: Path, **_given: object) -> None:
        log.touch()
        order = Path(command[-2])
        assert PASSWORD in order.read_text(), "what is looked at is there"
        modes.append(order.parent.stat().st_mode & 0o777)

    monkeypatch.setattr(process_reports, "run_bounded", run)
    work = tmp_path / "work"
    reports = ProcessReports(lake=tmp_path, tracking_uri=URI, work=work, bounds=Bounds(1, 1))
    with pytest.raises(ReportFailed):
        reports.file(alarm("a1", REFERENCE))
    assert modes == [0o700]
    assert [*work.iterdir()] == []


@pytest.mark.guarantee(
    "security",
    fault="MLFLOW_TRACKING_URI holds a password, and evermodel doctor looks at it",
    promise="the address is shown without it",
    seen="evermodel doctor: 'no MLflow server answers at http://127.0.0.1:9'",
)
def test_a_person_is_shown_the_address_without_its_password() -> None:
    told = mlflow_at(URI)
    assert told.verdict == "wrong"
    assert PASSWORD not in repr(told)


def test_nor_is_who_starts_the_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "_changes", lambda *_: 0)
    places = SimpleNamespace(bootstrap="b", mlflow_uri=URI, console="c", folder=Path("f"))
    watching.watch(cast("Stack", places))
    said = capsys.readouterr().err
    assert "MLflow http://***@127.0.0.1:9" in said
    assert PASSWORD not in said


@pytest.mark.guarantee(
    "security",
    fault="another user of the machine looks for payments in the files of a stack",
    promise="a state folder that 'up' or the demo makes is its owner's alone (0700), one that was "
    "there stays as open as it was made",
    seen="ls -ld .evermodel",
)
def test_what_a_stack_keeps_is_its_owners_alone(tmp_path: Path) -> None:
    lock.mark(tmp_path / "runs" / "stack")
    with lock.held(tmp_path / "held"), lock.held(tmp_path):
        pass
    modes = {place: place.stat().st_mode & 0o777 for place in tmp_path.iterdir() if place.is_dir()}
    assert modes == {tmp_path / "runs": 0o777, tmp_path / "held": 0o700}
    assert (tmp_path / "runs" / "stack").stat().st_mode & 0o777 == 0o700


def test_a_secured_stack_closes_its_folder_even_if_it_was_open(tmp_path: Path) -> None:
    place = tmp_path / "open"
    place.mkdir(mode=0o777)
    assert _security(place, StackSettings()) is None
    assert place.stat().st_mode & 0o777 == 0o777
    assert _security(place, StackSettings(EVERMODEL_SECURITY="on")) is not None
    assert place.stat().st_mode & 0o777 == 0o700
