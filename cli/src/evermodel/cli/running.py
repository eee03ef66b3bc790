"""`evermodel up` and `evermodel down`: everything on this machine, and its end."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from evermodel.cli.errors import Exit, WrongUsage
from evermodel.cli.state import DEFAULT, State
from evermodel.common.kernel.whole_number import whole_number

#: More replicas of a role than any machine runs.
_DIGITS = 4


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(up)
    app.command()(down)


def up(
    model: Annotated[
        list[Path] | None,
        typer.Option(help="model.toml or a folder of them; may be repeated.", show_default=False),
    ] = None,
    replicas: Annotated[
        list[str] | None, typer.Option(help="Replicas of a service, e.g. drift-windower=2.")
    ] = None,
    state: State = DEFAULT,
) -> int:
    """Start Kafka, MLflow, the config repository and every service; Ctrl-C ends them.

    A part of your own is used instead of started where KAFKA_BOOTSTRAP_SERVERS,
    MLFLOW_TRACKING_URI, EVERMODEL_CONFIG_REPOSITORY or EVERMODEL_LAKE names it. One that cannot
    be used ends it with exit code 2, a server that does not answer with 3.
    """
    from evermodel.cli.watching import watch  # noqa: PLC0415  # heavy
    from evermodel.common.models.file import read_models  # noqa: PLC0415  # heavy
    from evermodel.common.runtime.service import read  # noqa: PLC0415  # heavy
    from evermodel.embedded.settings import StackSettings  # noqa: PLC0415  # heavy
    from evermodel.embedded.stack import stack  # noqa: PLC0415  # heavy

    named = model or _parts(read(StackSettings).evermodel_models) or [_model_here()]
    # In full: what is written down is read from other folders as well.
    models = ":".join(str(path.resolve()) for path in named)
    _say(f"keeping {', '.join(sorted(read_models(models)))} alive, as described in {models}")
    wanted = _replicas(replicas or [])
    end_on_signals(lambda _: Exit.DONE)  # the end that was asked for
    with stack(state, models=models, wanted_replicas=wanted, say=_say) as running:
        return watch(running)


def down(state: State = DEFAULT) -> int:
    """End the stack of a state folder, or what a killed one left of it."""
    from evermodel.embedded.ending import end  # noqa: PLC0415  # heavy

    typer.echo(end(state))
    return 0


def end_on_signals(code: Callable[[int], int]) -> None:
    """The first signal ends the stack; further ones do not disturb its ending.

    `code` gives the exit code by the signal's number. Ctrl-C has one of its own.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(code(number))

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, end)


def _parts(models: str | None) -> list[Path]:
    return [Path(part) for part in (models or "").split(":") if part]


def _model_here() -> Path:
    """Return the model that a person in this folder most likely means, and say which."""
    for path in (Path("model.toml"), Path("examples/demo/model.toml")):
        if path.exists():
            _say(f"no --model given: taking {path}")
            return path
    raise WrongUsage("name a model by --model: 'evermodel init --data FILE' writes a first one")


def _replicas(texts: Sequence[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        count = whole_number(number, digits=_DIGITS)
        if count is None:
            raise WrongUsage(f"--replicas {text:.60}: write NAME=NUMBER, e.g. drift-windower=2")
        found[name] = count
    return found


def _say(text: str) -> None:
    typer.echo(f"evermodel: {text}", err=True)
