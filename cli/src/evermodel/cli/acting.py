"""What a person may order: each order is an event on ``lifecycle.commands``, with who and why."""

import getpass
from typing import Annotated

import typer

from evermodel.cli.errors import WrongUsage
from evermodel.cli.state import DEFAULT, State, addresses

Model = Annotated[str, typer.Option(help="The model's name.")]
Why = Annotated[str, typer.Option(help="The reason; it is kept for ever.")]
Version = Annotated[int | None, typer.Option(min=1, help="The version meant.")]
At = Annotated[
    str | None,
    typer.Option(help="Event time, RFC 3339; default: the end of the model's newest window."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (retrain, pause, resume, promote, abort):
        app.command()(command)
    app.command(name="lift-hold")(lift_hold)


def retrain(model: Model, why: Why, at: At = None, state: State = DEFAULT) -> None:
    """Train a new version now."""
    _order("retrain", model=model, why=why, at=at, state=state)


def pause(model: Model, why: Why, at: At = None, state: State = DEFAULT) -> None:
    """Let nothing change until resumed."""
    _order("pause", model=model, why=why, at=at, state=state)


def resume(model: Model, why: Why, at: At = None, state: State = DEFAULT) -> None:
    """Go on after a pause."""
    _order("resume", model=model, why=why, at=at, state=state)


def promote(
    model: Model, why: Why, version: Version = None, at: At = None, state: State = DEFAULT
) -> None:
    """Give the challenger all traffic without further evidence."""
    _order("promote", model=model, why=why, version=version, at=at, state=state)


def abort(
    model: Model, why: Why, version: Version = None, at: At = None, state: State = DEFAULT
) -> None:
    """Take the challenger to zero."""
    _order("abort", model=model, why=why, version=version, at=at, state=state)


def lift_hold(model: Model, why: Why, at: At = None, state: State = DEFAULT) -> None:
    """Let a held rollout go on."""
    _order("lift_hold", model=model, why=why, at=at, state=state)


def _order(
    order: str, *, model: str, why: str, at: str | None, state: State, version: int | None = None
) -> None:
    from evermodel.cli.orders import give, known_models, make  # noqa: PLC0415  # heavy
    from evermodel.common.events.access import OPERATOR  # noqa: PLC0415  # heavy
    from evermodel.embedded.security import connection  # noqa: PLC0415  # heavy

    found = addresses(state)
    known = known_models(found.models)
    if known and model not in known:
        raise WrongUsage(f"no model {model}: there is {', '.join(sorted(known))}")
    if not why.strip():
        raise WrongUsage("--why is empty: say why, it is kept for ever")
    command = make(order, model=model, who=getpass.getuser(), why=why, version=version)
    identity = give(connection(found, OPERATOR), command, at=at)
    typer.echo(f"{order.replace('_', '-')} of {model} ordered as event {identity}")
