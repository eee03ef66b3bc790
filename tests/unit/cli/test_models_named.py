"""Models are written down where they lie, whoever named them and from whichever folder."""

from pathlib import Path

import pytest

from evermodel.cli.main import run
from evermodel.embedded import stack
from tests.integration.services import MODEL


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that the stack is told to run, from a folder with two of them in it."""
    found: list[str] = []

    def started(_folder: Path, *, models: str, **_: object) -> None:
        found.append(models)
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "more" / "model.toml").write_text(MODEL.replace('"m"', '"n"'))
    monkeypatch.delenv("EVERMODEL_MODELS", raising=False)
    monkeypatch.setattr(stack, "stack", started)
    monkeypatch.setattr("evermodel.cli.running.end_on_signals", lambda _: None)
    return found


@pytest.mark.parametrize("by", ["options", "environment"])
def test_every_part_is_written_in_full(
    by: str, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "environment":
        monkeypatch.setenv("EVERMODEL_MODELS", "model.toml:more:")
    given = ["--model", "model.toml", "--model", "more"] if by == "options" else []
    assert run(["up", *given]) == 130
    assert told == [f"{tmp_path / 'model.toml'}:{tmp_path / 'more'}"]


def test_so_is_the_one_that_is_guessed(told: list[str], tmp_path: Path) -> None:
    assert run(["up"]) == 130
    assert told == [str(tmp_path / "model.toml")]
