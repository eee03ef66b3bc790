"""`evermodel status`, `doctor` and `init`: how it stands, what is wrong, a first model.toml."""

import json
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from evermodel.cli.errors import AnswerIsNo, WrongUsage
from evermodel.cli.state import DEFAULT, Json, State, kafka_settings
from evermodel.common.kernel.visible import visible


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (status, doctor, init):
        app.command()(command)


def status(*, state: State = DEFAULT, as_json: Json = False) -> None:
    """What serves and why, what happened, what lies undone."""
    from evermodel.cli.overview import overview, shown  # noqa: PLC0415  # heavy

    found = overview(kafka_settings(state), state)
    if as_json:
        typer.echo(json.dumps(found.as_json()))
    else:
        shown(found)


def doctor(*, state: State = DEFAULT, as_json: Json = False) -> None:
    """Look at everything evermodel needs and say what to do; exit 1 if something is wrong."""
    from evermodel.cli.examination import examine, shown  # noqa: PLC0415  # heavy

    findings = examine(state)
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings]))
    else:
        shown(findings)
    wrong = [finding.what for finding in findings if finding.verdict == "wrong"]
    if wrong:
        raise AnswerIsNo(f"{len(wrong)} of {len(findings)} are wrong: {', '.join(wrong)}")


def init(
    *,
    data: Annotated[Path, typer.Option(help="Parquet or CSV file with a time and a label column.")],
    name: Annotated[str | None, typer.Option(help="The model's name; default: the file's.")] = None,
    time: Annotated[
        str | None, typer.Option(help="The time column, where it is not plain.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="The label column, likewise.")] = None,
    out: Annotated[Path, typer.Option(help="Where to write.")] = Path("model.toml"),
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Write a first model.toml for a table, saying what was guessed and why."""
    from evermodel.cli.guessing import guess  # noqa: PLC0415  # heavy

    piped = _is_stdout(out)
    if out.exists() and not (force or piped):
        raise WrongUsage(f"{out} is there already: --force writes over it, --out names another")
    guessed = guess(data, name=name, time=time, label=label)
    if piped:
        typer.echo(guessed.text().encode(), nl=False)  # whatever letters this terminal has
    else:
        _write(out, guessed.text())
    for line in guessed.lines():
        typer.echo(visible(line), err=piped)
    named = {"--model": out, "--data": data, "--out": f"runs/{guessed.name}"}
    replay = shlex.join(["evermodel", "replay", *(str(x) for pair in named.items() for x in pair)])
    typer.echo(f"wrote {out}: read it once, then run: {replay}", err=piped)


def _write(out: Path, text: str) -> None:
    """Write `text` to `out`, whole or not at all: half a description would be in the way."""
    is_plain = out.is_file() or not out.exists()  # nothing is put in the place of a device
    place = out.with_name(f".{out.name}.part") if is_plain else out
    try:
        place.write_text(text, encoding="utf-8")
        if is_plain:
            place.replace(out)
    except OSError as error:
        error.filename = str(out)  # which a full disk does not say, and nobody knows the other
        raise
    finally:
        if is_plain:
            with suppress(OSError):
                place.unlink(missing_ok=True)


def _is_stdout(out: Path) -> bool:
    """Whether the shell already made `out` for our output, as in ``init … > model.toml``."""
    try:
        return out.is_file() and out.samefile("/dev/stdout")
    except OSError:
        return False
