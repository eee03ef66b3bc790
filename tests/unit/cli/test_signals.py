"""A signal is the end of `up` that was asked for, and the breaking off of a demo."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.services import MODEL

SCRIPT = """
import os, signal, sys
from evermodel.cli import main
from evermodel.demo import story
from evermodel.embedded import stack

def ended(*_, **__):
    os.kill(os.getpid(), getattr(signal, {name!r}))

story.tell = stack.stack = ended
sys.exit(main.run([{command!r}, "--model", "model.toml"]))
"""


@pytest.mark.parametrize(
    ("command", "name", "code"),
    [
        ("up", "SIGTERM", 0),
        ("up", "SIGHUP", 0),
        ("up", "SIGINT", 130),
        ("demo", "SIGTERM", 143),
        ("demo", "SIGHUP", 129),
        ("demo", "SIGINT", 130),
    ],
)
def test_a_demo_that_a_signal_broke_off_is_no_success(
    command: str, name: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "model.toml").write_text(MODEL)
    script = SCRIPT.format(command=command, name=name)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
