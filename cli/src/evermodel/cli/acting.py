"""What a person may order: each order is an event on ``lifecycle.commands``, with who and why.

The answer is awaited and told; a no is exit code 1, none in time 3.
"""

import getpass
import os
from typing import Annotated

import typer

from evermodel.cli.errors import AnswerIsNo, Unavailable, WrongUsage
from evermodel.cli.state import DEFAULT, State, addresses
from evermodel.common.kernel.visible import visible

Model = Annotated[str, typer.Option(help="The model's name.")]
Why = Annotated[str, typer.Option(help="The reason; it is kept for ever.")]
Version = Annotated[int | None, typer.Option(min=1, help="The version meant.")]
At = Annotated[
    str | None,
    typer.Option(help="Event time, RFC 3339; default: the end of the model's newest window."),
]
Wait = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for the answer; 0: do not ask for it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (retrain, pause, resume, promote, abort):
        app.command()(command)
    app.command(name="lift-hold")(lift_hold)


def retrain(
    model: Model, why: Why, at: At = None, wait: Wait = 10.0, state: State = DEFAULT
) -> None:
    """Train a new version now."""
    _order("retrain", model=model, why=why, at=at, wait=wait, state=state)


def pause(model: Model, why: Why, at: At = None, wait: Wait = 10.0, state: State = DEFAULT) -> None:
    """Let nothing advance, begin or train by itself until resumed.

    A person's promote and abort still go, and a bad version is still taken back.
    """
    _order("pause", model=model, why=why, at=at, wait=wait, state=state)


def resume(
    model: Model, why: Why, at: At = None, wait: Wait = 10.0, state: State = DEFAULT
) -> None:
    """Go on after a pause."""
    _order("resume", model=model, why=why, at=at, wait=wait, state=state)


def promote(
    model: Model,
    why: Why,
    version: Version = None,
    at: At = None,
    wait: Wait = 10.0,
    state: State = DEFAULT,
) -> None:
    """Give the challenger all traffic without further evidence."""
    _order("promote", model=model, why=why, version=version, at=at, wait=wait, state=state)


def abort(
    model: Model,
    why: Why,
    version: Version = None,
    at: At = None,
    wait: Wait = 10.0,
    state: State = DEFAULT,
) -> None:
    """Take the challenger to zero."""
    _order("abort", model=model, why=why, version=version, at=at, wait=wait, state=state)


def lift_hold(
    model: Model, why: Why, at: At = None, wait: Wait = 10.0, state: State = DEFAULT
) -> None:
    """Let a held rollout go on."""
    _order("lift_hold", model=model, why=why, at=at, wait=wait, state=state)


def _order(
    order: str,
    *,
    model: str,
    why: str,
    at: str | None,
    wait: float,
    state: State,
    version: int | None = None,
) -> None:
    from evermodel.cli.answering import Answers  # noqa: PLC0415  # heavy
    from evermodel.cli.orders import give, known_models, make  # noqa: PLC0415  # heavy
    from evermodel.common.events.access import OPERATOR  # noqa: PLC0415  # heavy
    from evermodel.embedded.security import connection  # noqa: PLC0415  # heavy

    found = addresses(state)
    known = known_models(found.models)
    if known and model not in known:
        raise WrongUsage(f"no model {model}: there is {', '.join(sorted(known))}")
    if not why.strip():
        raise WrongUsage("--why is empty: say why, it is kept for ever")
    command = make(order, model=model, who=_who(), why=why, version=version)
    kafka = connection(found, OPERATOR)
    answers = Answers(kafka, command) if wait else None
    try:
        identity = give(kafka, command, at=at)
        typer.echo(f"{order.replace('_', '-')} of {model} ordered as event {identity}")
        answer = answers.to(identity, within_seconds=wait) if answers else None
    finally:
        if answers:
            answers.close()
    if answer is not None and answer.is_no:
        raise AnswerIsNo(answer.words)
    if answer is not None:
        typer.echo(visible(answer.words))
    elif wait:
        raise Unavailable(
            f"no answer within {wait:g} s, it may still come: 'evermodel status' says who is behind"
        )


def _who() -> str:
    """Return the user's name; in a container nobody may have written one down."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"
