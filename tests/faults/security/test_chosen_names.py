"""Names that somebody chose to do harm with: refused, or taken for nothing but names."""

import io
import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError
from rich.console import Console

from evermodel.cli import examination, redriving, topic_commands, watching
from evermodel.cli.errors import AnswerIsNo
from evermodel.cli.main import run
from evermodel.cli.overview import Overview, Standing, shown
from evermodel.common.kernel.visible import visible
from evermodel.common.models.file import BadModelFile
from evermodel.common.observability.logs import configure_logs
from evermodel.deployer.adapters import yaml_manifest
from evermodel.deployer.ports import RepositoryBroken
from evermodel.deployer.settings import Settings as Deployer
from evermodel.embedded.findings import Finding
from evermodel.embedded.slot import Standing as Kept
from evermodel.lake.sql import connected, quoted, table_of
from tests.contract.git.writing import release, up
from tests.unit.models.files import SMALL, described

TRICKS = {
    "a path upwards": "../../etc",
    "an absolute path": "/etc/passwd",
    "a home folder": "~root",
    "a NUL byte": "fraud\\u0000",
    "a shell": "$(touch x)",
    "another command": "fraud;touch x",
    "a back quote": "`touch x`",
    "an option": "--upload-pack=x",
    "a quote of SQL": "fraud'; drop table x; --",
    "HTML": "<script>x</script>",
    "a formula": "=cmd|' /C calc'!A0",
    "a second line": "fraud\\nModel-Digest: x",
    "an escape of terminals": "\\u001b[2Jfraud",
    "a look-alike": "fr\\u0430ud",
    "nothing": "",
}


@pytest.mark.guarantee(
    "security",
    fault="model.toml calls the model {kind}",
    promise="it is refused with the line: the name becomes a path, a branch and a topic's key",
    seen="exit code 2: 'model.toml:2: model.name: expected 1 to 63 of a-z, 0-9, - and _'",
)
@pytest.mark.parametrize("kind", TRICKS)
def test_a_models_name_is_nothing_but_a_name(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SMALL, "model", [f'name = "{TRICKS[kind]}"'])
    with pytest.raises(BadModelFile, match=r"m\.toml:2: model\.name: expected 1 to 63 of a-z"):
        described()


@pytest.mark.guarantee(
    "security",
    fault="model.toml calls the topic of its payments {kind}",
    promise="it is refused with the line",
    seen="exit code 2: 'model.toml:…: stream.topic: …'",
)
@pytest.mark.parametrize("kind", TRICKS)
def test_a_topics_name_is_nothing_but_a_name(kind: str) -> None:
    with pytest.raises(BadModelFile, match=r"stream\.topic"):
        described(f'stream.topic = "{TRICKS[kind]}"')


@pytest.mark.guarantee(
    "security",
    fault="EVERMODEL_ENVIRONMENT or EVERMODEL_CONFIG_BRANCH is {kind}",
    promise="the deployer does not start",
    seen="exit code 2 with the variable's name",
)
@pytest.mark.parametrize("kind", sorted(TRICKS.keys() - {"nothing"}))
@pytest.mark.parametrize("variable", ["EVERMODEL_ENVIRONMENT", "EVERMODEL_CONFIG_BRANCH"])
def test_what_names_a_path_or_a_branch_is_nothing_but_a_name(variable: str, kind: str) -> None:
    told = {"EVERMODEL_MODELS": "m", "EVERMODEL_CONFIG_REPOSITORY": "/x"}
    named = TRICKS[kind].encode().decode("unicode_escape")
    with pytest.raises(ValidationError, match=variable):
        Deployer.model_validate({**told, variable: named})


@pytest.mark.parametrize("branch", ["main", "release/2026-11", "a.b_c-d"])
def test_a_branch_may_have_any_usual_name(branch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERMODEL_MODELS", "m")
    monkeypatch.setenv("EVERMODEL_CONFIG_REPOSITORY", "/x")
    monkeypatch.setenv("EVERMODEL_CONFIG_BRANCH", branch)
    assert Deployer().branch == branch


@pytest.mark.guarantee(
    "security",
    fault="a column is called {kind}",
    promise="the lake is asked for that column and nothing else: names are quoted in SQL",
    seen="no error",
)
@pytest.mark.parametrize("kind", sorted(TRICKS.keys() - {"nothing", "a NUL byte"}))
def test_a_columns_name_is_quoted(kind: str, tmp_path: Path) -> None:
    name = TRICKS[kind].encode().decode("unicode_escape") + '" or 1=1; --'
    file = tmp_path / "it's; drop table x.parquet"
    pl.DataFrame({name: [7], "other": [8]}).write_parquet(file)
    with connected([file], threads=1) as lake:
        found = lake.execute(f"select {quoted(name)} from {table_of([file])}").fetchall()  # noqa: S608
    assert found == [(7,)]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [*{old},*{old},*{old},*{old},*{old},*{old},*{old},*{old},*{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML = {
    "objects of Python": "desired: !!python/object/apply:os.system ['touch {mark}']",
    "a billion laughs": BOMB,
    "itself": "a: &a\n  b: *a\n",
    "a depth beyond measure": "[" * 5_000,
}


@pytest.mark.guarantee(
    "security",
    fault="the machine's file in Git holds {kind}",
    promise="it is told as broken, at once, and nothing of it is run",
    seen="deployer logs '… is owed to the config repository: …'; nothing is written",
)
@pytest.mark.parametrize("kind", YAML)
@pytest.mark.timeout(20)
def test_what_git_holds_is_only_data(kind: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = YAML[kind].replace("{mark}", str(mark))
    for use in (lambda: yaml_manifest.read(text), lambda: yaml_manifest.edit(text, up(1, 2))):
        with pytest.raises(RepositoryBroken):
            use()
    assert not mark.exists()


def test_what_an_event_calls_a_model_cannot_write_more_than_its_line() -> None:
    forged = replace(release(2), model_uri="models:/fraud/2\n  digest: sha256:evil")
    text = yaml_manifest.first(up(None, 1))
    with pytest.raises(RepositoryBroken, match=r"written twice|more than the desired"):
        yaml_manifest.edit(text, replace(up(1, 2), to=forged))


SPOKEN = "done\x1b[2J\x1b]0;owned\x07\n12:00:00 ERROR forged \u202eesrever \u2028 end\x9b31m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.guarantee(
    "security",
    fault="an id, a reason or an error holds escapes of terminals and line breaks",
    promise="a log line stays one line, and the terminal obeys nothing",
    seen=r"'\x1b[2J' as text; JSON escapes in files",
)
@pytest.mark.usefixtures("root_restored")
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_log_line_stays_one_line(stream: type[io.StringIO]) -> None:
    out = stream()
    configure_logs(service="deployer", stream=out)
    logging.getLogger("x").warning("said %s", SPOKEN, extra={"event_id": SPOKEN})
    said = out.getvalue()
    assert said.count("\n") == 1
    assert not obeyed(said)


@pytest.mark.guarantee(
    "security",
    fault="a reason holds escapes of terminals, and an operator asks for the status",
    promise="they are shown, not obeyed",
    seen="evermodel status, evermodel doctor, evermodel tail",
)
def test_the_commands_show_what_a_terminal_would_obey() -> None:
    out = io.StringIO()
    standing = Standing("fraud", reason=SPOKEN, last_alarm=SPOKEN)
    shown(Overview(models=[standing], dead_letters={}, lag={}, processes={}), Console(file=out))
    examination.shown([Finding("lake", "wrong", SPOKEN, SPOKEN)], Console(file=out))
    assert not obeyed(out.getvalue())


def obeyed(said: str) -> set[str]:
    return {"\x1b", "\x07", "\x9b", "\u202e", "\u2028"} & set(said)


@pytest.mark.parametrize("line", [SPOKEN, json.dumps({"message": SPOKEN})])
def test_what_a_process_said_last_is_shown_not_obeyed(line: str, tmp_path: Path) -> None:
    log = tmp_path / "scorer.log"
    log.write_text(line, encoding="utf-8")
    down = Kept(
        name="scorer",
        state="restarting",
        pid=None,
        restarts=1,
        status=3,
        memory_bytes=0,
        up=timedelta(0),
    )
    said = watching.sentence(down, log=log)
    assert "it is started again: " in said
    assert not obeyed(said)


def test_an_error_and_a_dead_letter_are_shown_not_obeyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: object) -> None:
        raise AnswerIsNo(SPOKEN)

    monkeypatch.setattr(examination, "examine", refused)
    assert run(["doctor"]) == 1
    monkeypatch.setattr(topic_commands, "kafka_settings", lambda _: None)
    monkeypatch.setattr(redriving, "waiting", lambda *_: [SPOKEN, SPOKEN])
    assert run(["redrive", "scorer", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert "done" in told.err
    assert not obeyed(told.err)
    assert told.out.count("\n") == 2, "a dead letter is one line"
    assert not obeyed(told.out)


def test_what_people_write_stays_as_it_is() -> None:
    text = "Größe ≥ 20 % · 日本 👍 'quoted' [INC-12]\u00a0"
    assert visible(text) == text
    assert visible("a\nb\tc", lines=True) == "a\nb\\tc"
