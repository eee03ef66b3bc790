"""A service, or the whole stack, as a process of its own for as long as a test needs it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

MODEL = """
[model]
name = "m"
[stream]
time = "t"
label = "y"
[features]
continuous = ["x"]
"""


@contextmanager
def up(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run ``evermodel up`` in `folder`, everything in it said to be up; killed at the end."""
    (folder / "model.toml").write_text(MODEL)
    command = [sys.executable, "-m", "evermodel.cli", "up", "--model", "model.toml", *options]
    ours = {name: text for name, text in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    with subprocess.Popen(
        command, cwd=folder, env=ours, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("state "):
                break
        yield process
        process.kill()


@contextmanager
def service(
    name: str, *, environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run service `name` with `environment` beside our own; killed at the end if it is there yet.

    What it says is added to `log`.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", f"evermodel.{name}"],
            env={**os.environ, **environment},
            cwd=log.parent,
            stdout=out,
            stderr=out,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def end(*processes: "subprocess.Popen[bytes]", log: Path, within_seconds: float = 10.0) -> None:
    """Tell all to stop; each must do so in time, as having done its work."""
    for process in processes:
        process.terminate()
    codes = {process.wait(timeout=within_seconds) for process in processes}
    assert codes == {0}, log.read_text()[-3000:]
