"""Exit codes mean something, and an error is one sentence on stderr."""

import os
import shlex
import subprocess
import sys
from errno import EACCES, EMFILE, ENOENT, ENOSPC
from pathlib import Path

import pytest

from evermodel.cli.main import run
from evermodel.common.models.file import read_model


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "MLFLOW_TRACKING_URI", "EVERMODEL_MODELS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a-file").write_text("neither a folder nor TOML", encoding="utf-8")
    times = (f"2024-01-{day:02d}T{hour:02d}" for day in range(1, 21) for hour in range(24))
    rows = (f"{time}:00:00Z,{number % 30}.5,{number % 2}" for number, time in enumerate(times))
    (tmp_path / "t.csv").write_text("\n".join(["at,amount,label", *rows]), encoding="utf-8")
    model = '[model]\nname = "t"\n[stream]\ntime = "at"\nlabel = "label"\nlabel_delay = "1d"\n'
    model += '[training]\nwindow = "10d"\n[features]\n'
    (tmp_path / "good.toml").write_text(model + 'continuous = ["amount"]\n', encoding="utf-8")
    (tmp_path / "odd.toml").write_text(model + 'continuous = "amount"\n', encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["status"], 3, "evermodel up"),
        (["statu"], 2, "No such command"),
        (["up"], 2, "--model"),
        (["up", "--model", "nothing.toml"], 2, "nothing.toml"),
        (["tail", "nothing"], 2, "no topic nothing: there are transactions"),
        (["tail", "-n", "-1"], 2, "-n"),
        (["init", "--data", "nothing.csv"], 2, "nothing.csv: cannot be read"),
        (["doctor"], 1, "broker"),
        (["retrain", "--model", "fraud"], 2, "--why"),
        (["redrive", "nothing"], 2, "there are scorer, drift"),
        (["topics", "chek"], 2, "No such command"),
        (["up", "--state", "a-file", "--model", "good.toml"], 2, "a-file: cannot be used"),
        (["init", "--data", "t.csv", "--out", "no/m.toml"], 2, "no/m.toml: cannot be used"),
        (["replay", "--model", "good.toml", "--data", "t.csv", "--out", "a-file"], 2, "a-file:"),
        (["replay", "--model", "a-file", "--data", "t.csv", "--out", "o"], 2, "not TOML"),
        (["replay", "--model", "none.toml", "--data", "t.csv", "--out", "o"], 2, "No such file"),
        (["replay", "--model", "odd.toml", "--data", "t.csv", "--out", "o"], 2, "expected a list"),
        (["replay", "--model", "good.toml", "--data", "none.csv", "--out", "o"], 2, "no such"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_code(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("evermodel: ")
    assert "Traceback" not in said


def test_a_bug_is_called_one_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: Path) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("evermodel.cli.examination.examine", broken)
    assert run(["doctor"]) == 1
    assert (
        "unexpected ZeroDivisionError: division by zero (this is a bug" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FileNotFoundError(ENOENT, "No such file", "/x"), 2, "/x: cannot be used: No such file"),
        (PermissionError(EACCES, "Permission denied", "/x"), 2, "/x: cannot be used: Permission"),
        (OSError(ENOSPC, "No space left on device", "/x"), 3, "/x: cannot be used: No space left"),
        (OSError(ENOSPC, "No space left on device"), 3, "evermodel: No space left on device"),
        (OSError(EMFILE, "Too many open files"), 3, "evermodel: Too many open files"),
        (OSError("what?"), 1, "unexpected OSError: what? (this is a bug"),
    ],
    ids=str,
)
def test_a_path_that_is_wrong_is_usage_and_a_machine_that_is_full_is_not(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    code: int,
    said: str,
) -> None:
    def refused(state: Path) -> None:
        raise error

    monkeypatch.setattr("evermodel.cli.examination.examine", refused)
    assert run(["doctor"]) == code
    assert said in capsys.readouterr().err


def test_secrets_do_not_show_in_errors(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(state: Path) -> None:
        raise OSError("cannot reach https://me:hunter2@registry/x")

    monkeypatch.setattr("evermodel.cli.examination.examine", refused)
    run(["doctor"])
    assert "hunter2" not in capsys.readouterr().err


def test_an_interrupt_has_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(state: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evermodel.cli.examination.examine", interrupted)
    assert run(["doctor"]) == 130


@pytest.mark.parametrize(
    ("command", "needed"),
    [("--help", set()), ("status", {"confluent_kafka", "pydantic"}), ("down", {"pydantic"})],
)
def test_a_command_imports_only_what_it_needs(command: str, needed: set[str]) -> None:
    heavy = {"tensorflow", "mlflow", "pandas", "duckdb", "polars", "pyarrow", "numpy", "evidently"}
    heavy |= {"confluent_kafka", "pydantic"}
    code = (
        f"import sys; from evermodel.cli.main import run; run([{command!r}]);"
        f"print(*sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[-1].split()) == needed


def test_down_where_nothing_runs_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down"]) == 0
    assert "nothing runs" in capsys.readouterr().out


@pytest.mark.parametrize("data", ["t.csv", "my data.csv", "bob's.csv", "$HOME.csv", 'a"b.csv'])
def test_init_ends_with_the_command_that_plays_what_it_wrote(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("t.csv").rename(data)
    assert run(["init", "--data", data, "--name", "Mine!", "--out", "my model.toml"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    command = last.partition(" run: ")[2]
    assert shlex.split(command) == [
        *("evermodel", "replay", "--model", "my model.toml", "--data", data, "--out", "runs/mine"),
    ]
    said = ["sh", "-c", f"printf '%s\\n' {command}"]  # as a shell takes what was copied into it
    assert data in subprocess.check_output(said, text=True).splitlines()


def test_init_may_be_redirected_onto_the_file_it_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evermodel.cli", "init", "--data", "t.csv"]
    with Path("model.toml").open("w", encoding="utf-8") as taken:
        done = subprocess.run(command, stdout=taken, stderr=subprocess.PIPE, text=True, check=True)
    assert read_model(tmp_path / "model.toml").stream.time == "at"
    assert "wrote model.toml" in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_what_a_terminal_has_no_letters_for_is_spelled_out(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    Path("u.csv").write_text(Path("t.csv").read_text().replace("amount", "größe ≥ 日"), "utf-8")
    words = [sys.executable, "-m", "evermodel.cli", "init", "--data", "u.csv", "--out"]
    done = subprocess.run([*words, "u.toml"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "größe ≥ 日: continuous".encode(encoding, "backslashreplace") in done.stdout
    with Path("v.toml").open("wb") as file:
        subprocess.run([*words, "v.toml"], stdout=file, check=True)
    assert Path("v.toml").read_bytes() == Path("u.toml").read_bytes(), "TOML is UTF-8 anywhere"


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "evermodel.cli", "topics", "access"]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, b"")
