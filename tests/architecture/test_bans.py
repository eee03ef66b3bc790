"""The bans of ruff bite where they should and only there."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def banned_names() -> list[str]:
    """Return every name that pyproject bans: each is planted, so none can be misspelt there."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(settings["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"])


def planted(name: str) -> str:
    """Return a module that uses `name`."""
    return f"import {name.split('.', maxsplit=1)[0]}\n\nX = {name}\n"


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


@pytest.mark.parametrize("name", banned_names())
def test_a_banned_name_is_caught_in_a_handler(name: str) -> None:
    assert "TID251" in check(planted(name), at="services/trainer/src/evermodel/trainer/handlers.py")


def test_what_the_house_cannot_do_without_is_banned() -> None:
    """Clock, randomness and environment: a replay gives the same bytes only without them."""
    wanted = {"datetime.datetime.now", "time.time", "time.sleep", "uuid.uuid4", "os.environ"}
    assert wanted <= set(banned_names())


def test_a_time_without_a_zone_is_caught() -> None:
    source = "import datetime\n\nX = datetime.datetime(2020, 1, 1)\n"
    assert "DTZ001" in check(source, at="services/trainer/src/evermodel/trainer/handlers.py")


@pytest.mark.parametrize(
    "at",
    [
        "services/trainer/src/evermodel/trainer/settings.py",
        "libs/common/src/evermodel/common/runtime/clock.py",
    ],
)
def test_settings_and_runtime_may(at: str) -> None:
    assert "TID251" not in check("import os\n\nX = os.environ\n", at=at)
