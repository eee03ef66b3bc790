"""The bans of ruff bite where they should and only there."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BANNED = [
    ("import datetime\n\nX = datetime.datetime.now(datetime.UTC)\n", "TID251"),
    ("import uuid\n\nX = uuid.uuid4()\n", "TID251"),
    ("import os\n\nX = os.environ\n", "TID251"),
    ("import os\n\nX = os.getenv('A')\n", "TID251"),
    ("import time\n\ntime.sleep(1)\n", "TID251"),
    ("import time\n\nX = time.time()\n", "TID251"),
    ("import datetime\n\nX = datetime.datetime(2020, 1, 1)\n", "DTZ001"),
]


def check(source: str, *, at: str) -> str:
    return subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--no-cache",
            "--stdin-filename",
            at,
            "-",
        ],
        cwd=ROOT,
        input=f'"""A planted module."""\n\n{source}',
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize(("source", "code"), BANNED)
def test_a_banned_call_is_caught_in_a_handler(source: str, code: str) -> None:
    assert code in check(source, at="services/trainer/src/evermodel/trainer/handlers.py")


@pytest.mark.parametrize(
    "at",
    [
        "services/trainer/src/evermodel/trainer/settings.py",
        "libs/common/src/evermodel/common/runtime/clock.py",
    ],
)
def test_settings_and_runtime_may(at: str) -> None:
    assert "TID251" not in check("import os\n\nX = os.environ\n", at=at)
