"""A service as a process of its own, for as long as a test needs it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


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
