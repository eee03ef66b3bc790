"""What people and systems wrote is shown as they wrote it, square brackets and colons alike."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from evermodel.cli import examination, watching
from evermodel.cli.overview import Overview, Standing, shown
from evermodel.embedded.findings import Finding
from evermodel.embedded.stack import Stack

WORDS = ("see [/INC-12]", "[x] taken back", "[bold]why[/bold]", "a [link=x] and [/]", "10 :bug: 5")


@pytest.mark.guarantee(
    "security",
    fault="a reason holds the terminal's markup",
    promise="evermodel status shows it as it is",
    seen="evermodel status",
)
@pytest.mark.parametrize("words", WORDS)
def test_the_status_tells_a_reason_as_it_was_given(words: str) -> None:
    standing = Standing("fraud", reason=words, last_alarm=words)
    out = StringIO()
    shown(Overview(models=[standing], dead_letters={}, lag={}, processes={}), Console(file=out))
    assert out.getvalue().count(words) == 2


@pytest.mark.parametrize("words", WORDS)
def test_the_doctor_tells_a_detail_and_a_remedy_as_they_are(words: str) -> None:
    out = StringIO()
    examination.shown([Finding("lake", "wrong", words, words)], Console(file=out))
    assert out.getvalue() == f"wrong   lake: {words}\n        → {words}\n"


@pytest.mark.parametrize("words", WORDS)
def test_up_tells_where_it_keeps_its_state(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def at_once(*_: object) -> int:
        return 0

    monkeypatch.setattr(watching, "_changes", at_once)
    places = SimpleNamespace(bootstrap="b", mlflow_uri="m", console="c", folder=Path(words))
    watching.watch(cast("Stack", places))
    assert f"state {Path(words)} · logs" in capsys.readouterr().err
