"""What the README names is there: its commands parse, its targets, links and variables exist."""

import json
import re
from pathlib import Path

import pytest
import typer.main

from evermodel.cli.main import app
from evermodel.common.events.hot import decode_label
from evermodel.scorer.domain.payments import RowForm, read_payment
from tests.unit.docs.readme import README, commands
from tests.unit.embedded.variables import known_variables

ROOT = Path(__file__).parents[3]
_VARIABLE = re.compile(r"\b(?:KAFKA|MLFLOW|EVERMODEL)_[A-Z_]+\*?")
_PLANTED = """
```sh
make demoo   # no such target
EVERMODEL_MODEL=model.toml .venv/bin/evermodel up
.venv/bin/evermodel replay --modell model.toml --data x.parquet --out o
.venv/bin/evermodel statsu
.venv/bin/evermodel topics chek
.venv/bin/evermodel replay --model model.toml
```
[nowhere](docs/nowhere.md), `KAFKA_SASSL_*`, `docs/missing.md`
"""


def evermodel_problems(text: str) -> list[str]:
    """Return each `evermodel` command that the command line itself would refuse."""
    found = []
    for words in commands(text):
        at = next((n for n, word in enumerate(words) if word.endswith("bin/evermodel")), None)
        if at is not None and (problem := _refusal(words[at + 1 :])):
            found.append(f"{' '.join(words)}: {problem}")
    return found


def _refusal(arguments: list[str]) -> str | None:
    """Parse `arguments` down to the last subcommand, running none."""
    command, rest = typer.main.get_command(app), arguments
    while commands := getattr(command, "commands", None):
        if not rest or rest[0] not in commands:
            return f"No such command {' '.join(rest[:1])!r}"
        command, rest = commands[rest[0]], rest[1:]
    try:
        command.make_context("evermodel", list(rest))
    except Exception as error:  # noqa: BLE001  # typer brings its own click: no class to name
        return str(error)
    return None


def missing_targets(text: str) -> list[str]:
    """Return each `make` target that the Makefile does not have."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    asked = [word for words in commands(text) if words[0] == "make" for word in words[1:]]
    return [word for word in asked if word not in targets]


def missing_files(text: str) -> list[str]:
    """Return each linked or named file of the repository that is not there."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    named = re.findall(r"`((?:docs|services|libs|cli|deploy|examples)/[^`]+|[\w-]+\.yml)`", text)
    return [name for name in [*linked, *named] if not list(ROOT.glob(name.rstrip("/")))]


def unknown_variables(text: str) -> list[str]:
    """Return each environment variable that neither a settings class nor compose reads."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    known = known_variables() | set(re.findall(r"\$\{(\w+)", compose))

    def is_read(name: str) -> bool:
        prefix = name.removesuffix("*")
        return any(k.startswith(prefix) if name.endswith("*") else k == name for k in known)

    return [name for name in _VARIABLE.findall(text) if not is_read(name)]


def test_every_evermodel_command_parses() -> None:
    shown = [words for words in commands(README) if any("evermodel" in word for word in words)]
    assert len(shown) >= 4
    assert evermodel_problems(README) == []


@pytest.mark.parametrize("find", [missing_targets, missing_files, unknown_variables])
def test_everything_named_is_there(find: object) -> None:
    assert callable(find)
    assert find(README) == []


def test_no_command_writes_over_the_file_it_makes() -> None:
    """`init` writes model.toml itself: a redirection would catch its notes."""
    assert [words for words in commands(README) if ">" in words] == []


def test_the_first_model_is_ordered_and_what_follows_up_has_a_terminal_of_its_own() -> None:
    """Nothing trains without an order, and `up` does not come back."""
    live = README.split("To run it for real")[1].split("\n## ")[0]
    asked = [words[words.index(".venv/bin/evermodel") + 1] for words in commands(live)]
    assert asked == ["up", "status", "retrain"]
    after = live.split("evermodel up\n")[1].splitlines()
    assert after[0] == "# in another terminal"


def test_what_is_wrong_in_a_page_is_found() -> None:
    assert missing_targets(_PLANTED) == ["demoo"]
    assert missing_files(_PLANTED) == ["docs/nowhere.md", "docs/missing.md"]
    assert unknown_variables(_PLANTED) == ["EVERMODEL_MODEL", "KAFKA_SASSL_*"]
    problems = evermodel_problems(_PLANTED)
    assert len(problems) == 4
    for problem, word in zip(
        problems, ["--modell", "statsu", "chek", "data"], strict=True
    ):  # `up` with a wrong variable parses: the variable is what is wrong
        assert word in problem


def test_the_payment_and_the_label_that_it_shows_are_read() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)
    payment, label = shown.splitlines()
    form = RowForm(
        id="TRANSACTION_ID",
        entity="CUSTOMER_ID",
        time="TX_DATETIME",
        continuous=("TX_AMOUNT",),
        categorical=(),
        flag=(),
    )
    read = read_payment(json.loads(payment), form=form, position="transactions-0-0")
    assert decode_label(label.encode()).id == read.id == "8f1c"
