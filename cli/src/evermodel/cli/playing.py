"""`evermodel replay` and `evermodel demo`: a history played in one process, or on real parts."""

import json
import shutil
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from evermodel.cli.errors import AnswerIsNo, Exit, WrongUsage
from evermodel.cli.running import end_on_signals
from evermodel.cli.times import time_of
from evermodel.common.kernel.redaction import redact
from evermodel.common.kernel.visible import visible

#: The demo's own description. It lies in a checkout: elsewhere a person names one.
_EXAMPLE = Path("examples/demo/model.toml")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(replay)
    app.command()(demo)


def replay(
    model: Annotated[Path, typer.Option(help="The model description.")],
    data: Annotated[Path, typer.Option(help="The history: Parquet or CSV.")],
    out: Annotated[Path, typer.Option(help="Folder for the report and the events.")],
    bootstrap_until: Annotated[
        str | None,
        typer.Option(help="Train the first model on what was known then (a date or time, UTC)."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Stop there.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the file's training.seed.")] = None,
    json_output: Annotated[  # noqa: FBT002  # typer reads the flag from the signature
        bool, typer.Option("--json", help="Print the summary as JSON.")
    ] = False,
) -> int:
    """Play a history through the services' own handlers: what would have been decided.

    Example: evermodel replay --model model.toml --data payments.parquet --out runs/mine
    """
    from evermodel.twin.replay import ReplayOptions  # noqa: PLC0415  # heavy
    from evermodel.twin.replay import replay as play  # noqa: PLC0415  # heavy

    options = ReplayOptions(
        model=model,
        data=data,
        out=out,
        bootstrap_until=_time(bootstrap_until, "--bootstrap-until"),
        until=_time(until, "--until"),
        seed=seed,
    )
    from evermodel.cli.replaying import progress  # noqa: PLC0415  # heavy

    with progress(enabled=sys.stderr.isatty()) as watch:
        summary = play(options, watch=watch, note=_note)
    _print(summary.content, out, as_json=json_output)
    return _end(summary.content)


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Play this table instead of the seeded story.")
    ] = None,
    model: Annotated[Path, typer.Option(help="The model description.")] = _EXAMPLE,
    out: Annotated[Path, typer.Option(help="Folder for everything it leaves.")] = Path("runs/demo"),
    bootstrap_until: Annotated[
        str | None, typer.Option(help="Train the first model on what was known then.")
    ] = None,
) -> int:
    """Play two months of payments over a real Kafka broker, with every service running.

    On a terminal the stack stays up afterwards until Ctrl-C.

    Example: evermodel demo --data payments.parquet --model model.toml --out runs/mine
    """
    if model == _EXAMPLE and not model.exists():
        raise WrongUsage(
            f"there is no {_EXAMPLE} here: call the demo where evermodel is checked out, or name a "
            "description by --model ('evermodel init --data FILE' writes a first one)"
        )
    from evermodel.common.runtime.clock import SystemClock  # noqa: PLC0415  # heavy
    from evermodel.demo.ending import surprises  # noqa: PLC0415  # heavy
    from evermodel.demo.story import FAULT, DemoOptions, tell  # noqa: PLC0415  # heavy
    from evermodel.embedded.stack import Stack  # noqa: PLC0415  # heavy
    from evermodel.playback.summary import Summary  # noqa: PLC0415  # heavy

    def stay(running: Stack, summary: Summary) -> None:
        _print(summary.content, out, as_json=False)
        if sys.stdout.isatty():
            mlflow = redact(running.mlflow_uri)
            typer.echo(f"Console: {running.console}/api/models   MLflow: {mlflow}")
            typer.echo("Ctrl-C ends everything.")
            with suppress(KeyboardInterrupt):  # the end that was asked for, not an interruption
                threading.Event().wait()

    options = DemoOptions(
        model=model,
        out=out,
        data=data,
        bootstrap_until=_time(bootstrap_until, "--bootstrap-until"),
        fault=FAULT if data is None else None,
    )
    end_on_signals(lambda number: 128 + number)  # a story that broke off was not told
    summary = tell(options, clock=SystemClock(), say=_say, then=stay)
    found = [] if data is not None else list(surprises(summary.content))
    return _end(summary.content, *found)


def _time(text: str | None, option: str) -> datetime | None:
    return None if text is None else time_of(text, option=option)


def _print(summary: Mapping[str, object], out: Path, *, as_json: bool) -> None:
    from evermodel.cli.replaying import closing_lines  # noqa: PLC0415  # heavy

    if as_json:
        typer.echo(json.dumps(dict(summary), indent=2))
    else:
        for line in closing_lines(summary, out=out):
            _say(line)


def _end(summary: Mapping[str, object], *surprises: str) -> int:
    """Return the exit code of a run.

    Raises:
        AnswerIsNo: no version ever served, or there are `surprises`.
    """
    from evermodel.playback.shortfall import why_nothing_served  # noqa: PLC0415  # heavy

    if shortfall := why_nothing_served(summary):
        raise AnswerIsNo(shortfall)
    if surprises:
        raise AnswerIsNo(f"the story did not end as it should: {'; '.join(surprises)}")
    return Exit.DONE


def _note(line: str) -> None:
    typer.echo(f"evermodel: {visible(line)}", err=True)


def _say(line: str) -> None:
    """Print `line` whole, for files and pipes; on a terminal folded between words."""
    from evermodel.cli.replaying import wrapped  # noqa: PLC0415  # heavy

    line = visible(line)
    if sys.stdout.isatty():
        line = wrapped(line, columns=shutil.get_terminal_size().columns)
    typer.echo(line)
