"""`evermodel topics`, `tail` and `redrive`: the topics themselves."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from evermodel.cli.errors import AnswerIsNo, WrongUsage
from evermodel.cli.state import DEFAULT, Json, State, kafka_settings
from evermodel.common.kernel.visible import visible

if TYPE_CHECKING:
    from evermodel.common.events.catalogue import Topic

topics = typer.Typer(help="The topics of the catalogue on a broker.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    topics.command()(create)
    topics.command()(check)
    topics.command()(access)
    app.add_typer(topics, name="topics")
    app.command()(tail)
    app.command()(redrive)


def create(*, state: State = DEFAULT, as_json: Json = False) -> None:
    """Make the topics that are missing; existing ones are left as they are."""
    from evermodel.common.messaging.kafka_admin import create_topics  # noqa: PLC0415  # heavy
    from evermodel.embedded.security import ADMINISTRATOR  # noqa: PLC0415  # heavy

    made = create_topics(kafka_settings(state, principal=ADMINISTRATOR))
    if as_json:
        _print_json({"made": made})
    else:
        typer.echo("\n".join(f"made {name}" for name in made) or "every topic is there already")


def check(*, state: State = DEFAULT, as_json: Json = False) -> None:
    """Say how the broker's topics differ from the catalogue; exit 1 if they do."""
    from evermodel.common.messaging.kafka_check import check_topics  # noqa: PLC0415  # heavy

    problems = check_topics(kafka_settings(state))
    if as_json:
        remedies = {str(problem): problem.remedy for problem in problems}
        _print_json({"problems": [*remedies], "remedies": remedies})
    else:
        told = [f"{problem}\n    → {problem.remedy}" for problem in problems]
        typer.echo("\n".join(told) or "every topic is as the catalogue says")
    if problems:
        raise AnswerIsNo(f"{len(problems)} differences from the catalogue")


def access(
    *,
    grant: Annotated[
        bool, typer.Option("--grant", help="Give these rights, as an administrator of the cluster.")
    ] = False,
    state: State = DEFAULT,
    as_json: Json = False,
) -> None:
    """Say who needs which rights on the broker, and no others; with --grant give them.

    Users are yours to make: each service logs in under its own name (scorer, drift-windower, ...).
    """
    from evermodel.common.events.access import grants, principals  # noqa: PLC0415  # heavy
    from evermodel.common.messaging.kafka_access import grant_access  # noqa: PLC0415  # heavy
    from evermodel.embedded.security import ADMINISTRATOR  # noqa: PLC0415  # heavy

    if grant:
        grant_access(kafka_settings(state, principal=ADMINISTRATOR), principals())
    rights = [{"principal": who, **asdict(g)} for who in principals() for g in sorted(grants(who))]
    if as_json:
        _print_json({"granted": grant, "rights": rights})
        return
    for right in rights:
        name = f"{right['name']}*" if right["is_prefix"] else right["name"]
        typer.echo(f"{right['principal']} may {right['operation']} {right['resource']} {name}")
    if grant:
        typer.echo(f"{len(rights)} rights are given")


def tail(
    *,
    topic: Annotated[str | None, typer.Argument(help="Default: all lifecycle topics.")] = None,
    last: Annotated[int, typer.Option("-n", min=0, help="Show this many first.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones.")] = False,
    state: State = DEFAULT,
    as_json: Json = False,
) -> None:
    """Show a topic's events, decoded; with -f those to come as well."""
    from evermodel.cli.tailing import show  # noqa: PLC0415  # heavy

    wanted = _named(topic)
    show(kafka_settings(state), topics=wanted, last=last, follow=follow, as_json=as_json)


def redrive(
    service: Annotated[str, typer.Argument(help="Whose dead letters, e.g. scorer.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show them.")] = False,
    state: State = DEFAULT,
    as_json: Json = False,
) -> None:
    """Put a service's dead letters back where they came from, each once.

    Passed over are orders, and rollout steps of which there is a newer one.
    """
    from evermodel.cli.redriving import put_back, waiting  # noqa: PLC0415  # heavy

    topic = _dead_letters_of(service)
    if dry_run:
        letters = waiting(kafka_settings(state), topic)
        if as_json:
            _print_json({"waiting": letters})
        else:
            shown = "\n".join(map(visible, letters))
            typer.echo(shown or f"no dead letter of {service} waits")
        return
    done = put_back(kafka_settings(state), service)
    if as_json:
        told = asdict(done)
        _print_json({"put_back": told.pop("back"), "orders": told.pop("left"), **told})
    else:
        typer.echo(f"{done.back} dead letters of {service} put back")
        if done.left:
            typer.echo(f"{done.left} orders passed over; whoever still means one gives it anew")
        if done.outdated:
            typer.echo(f"{done.outdated} rollout steps passed over: a newer one tells what serves")
    lost = "its original is gone from its topic, or its headers cannot be read"
    problems = [f"{origin}: {lost}" for origin in done.gone]
    if done.unreadable:
        problems.append(f"{done.unreadable} records of {topic.name} are no dead letters; left")
    if problems:
        raise AnswerIsNo("\n".join(problems))


def _named(name: str | None) -> "list[Topic]":
    from evermodel.common.events.catalogue import CATALOGUE  # noqa: PLC0415  # heavy

    wanted = [topic for topic in CATALOGUE if topic.name == name or not name]
    if not wanted:
        known = ", ".join(topic.name for topic in CATALOGUE)
        raise WrongUsage(f"no topic {name}: there are {known}")
    return [topic for topic in wanted if name or topic.plane == "lifecycle"]


def _dead_letters_of(service: str) -> "Topic":
    from evermodel.common.events.catalogue import CATALOGUE  # noqa: PLC0415  # heavy

    ending = ".dead-letter"
    letters = {t.name.removesuffix(ending): t for t in CATALOGUE if t.name.endswith(ending)}
    if service not in letters:
        raise WrongUsage(f"no service {service} has dead letters: there are {', '.join(letters)}")
    return letters[service]


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value))
