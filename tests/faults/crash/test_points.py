"""The list of crash points is whole, and a plant strikes as told."""

import ast
import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crash.points import MOMENTS, POINTS, Spot, spots
from tests.faults.crash.striking import Strikes

ROOT = Path(__file__).resolve().parents[3]
#: What changes something in MLflow, by the first word of its name.
_CHANGES = ("create", "set", "delete", "log", "update", "rename", "transition", "restore")
#: Calls that are no crash points of a service, and why.
_EXEMPT = {
    "delete_model_version_tag": "mends what a person did to a mark by hand",
    "set_tag": "of the report child, whose end is a point of the detector's",
}
#: Commands of git that change only the clone, which is a cache: thrown away when in doubt.
_OF_THE_CLONE = {"init", "hash-object", "read-tree", "update-index", "write-tree"}
_READS = {"ls-remote", "ls-tree", "cat-file", "log", "rev-parse", "for-each-ref"}


def calls(*folders: str) -> Iterator[ast.Call]:
    for file in sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node


def changes_of_mlflow(*folders: str) -> set[str]:
    """Return the methods of MLflow's client that are called there and that change something."""
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    names = {call.func.attr for call in calls(*folders) if isinstance(call.func, ast.Attribute)}
    known = {name for name in vars(MlflowClient) if name.startswith(_CHANGES)}
    return names & known


@pytest.mark.parametrize("service", ["trainer", "registrar"])
def test_every_change_of_mlflow_is_a_crash_point(service: str) -> None:
    planted = {p.target.rpartition(".")[2] for p in POINTS if service in p.roles}
    changes = changes_of_mlflow(f"services/{service}")
    assert changes - set(_EXEMPT) <= planted
    assert changes & planted


def test_every_change_of_mlflow_by_what_services_share_is_a_crash_point() -> None:
    planted = {p.target.rpartition(".")[2] for p in POINTS}
    assert {"log_artifacts"} <= changes_of_mlflow("libs/tracking") <= planted


def test_every_write_to_the_lake_is_a_crash_point() -> None:
    """Whatever a service puts there itself; what a child writes comes with the child's end."""
    writes = {"write_table", "write_parquet", "sink_parquet"}
    found = {
        call.func.attr
        for call in calls("services/drift/src/evermodel/drift/adapters", "libs/lake")
        if isinstance(call.func, ast.Attribute) and call.func.attr in writes
    }
    assert found == {p.target.rpartition(".")[2] for p in POINTS} & writes


def test_every_change_of_git_is_a_crash_point() -> None:
    said = {
        call.args[0].value
        for call in calls("services/deployer")
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "_git"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert said - _OF_THE_CLONE - _READS == {"fetch", "commit-tree", "push"}


def test_every_service_has_every_moment_of_the_loop() -> None:
    found = list(spots())
    assert len({spot.name for spot in found}) == len(found)
    for role in {spot.role for spot in found}:
        assert {s.point for s in found if s.role == role} >= set(MOMENTS.values())


SPOT = Spot(role="trainer", when="before", point="MLflow run")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fired").mkdir()
    return tmp_path


def planted(folder: Path, action: str, *, nth: int = 1) -> Strikes:
    plan = {SPOT.name: {"action": action, "phase": 0, "nth": nth}}
    (folder / "plan.json").write_text(json.dumps(plan))
    return Strikes(folder, role="trainer")


def reach(strikes: Strikes) -> None:
    strikes.at(SPOT.point, SPOT.when, is_moment=False)


def test_a_plant_strikes_once_when_its_phase_has_begun(folder: Path) -> None:
    strikes = planted(folder, "exception", nth=2)
    reach(strikes)
    reach(strikes)  # its phase has not begun
    (folder / "phase-0").touch()
    reach(strikes)
    with pytest.raises(OSError, match="planted") as caught:
        reach(strikes)
    assert caught.value.errno == errno.ENOSPC
    reach(strikes)
    reach(planted(folder, "exception"))  # a restarted process: it has struck
    assert [path.name for path in (folder / "fired").iterdir()] == [SPOT.name]


def test_a_process_is_killed_and_one_that_hangs_goes_on(folder: Path) -> None:
    (folder / "phase-0").touch()
    planted(folder, "kill -9")
    code = (
        "import sys; from pathlib import Path; from tests.faults.crash.striking import Strikes;"
        f"Strikes(Path(sys.argv[1]), role='trainer').at('{SPOT.point}', '{SPOT.when}', "
        "is_moment=False); print('on')"
    )
    command = [sys.executable, "-c", code, str(folder)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    (folder / "fired" / SPOT.name).unlink()
    planted(folder, "hang")
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "on\n"
