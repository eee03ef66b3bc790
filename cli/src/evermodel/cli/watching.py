"""The live table of `evermodel up`: which process runs, since when, how often it died."""

from pathlib import Path
from threading import Event

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from evermodel.common.kernel.redaction import redact
from evermodel.common.kernel.visible import visible
from evermodel.embedded.readiness import tail
from evermodel.embedded.slot import Standing
from evermodel.embedded.stack import Stack

_LOOK_SECONDS = 1.0


def watch(stack: Stack) -> int:
    """Show how `stack` stands until a signal ends it. Off a terminal only changes are said."""
    console = Console(stderr=True)
    where = f"Kafka {stack.bootstrap} · MLflow {redact(stack.mlflow_uri)} · console {stack.console}"
    console.print(Text(where), soft_wrap=True)
    console.print(Text(f"state {stack.folder} · logs {stack.folder / 'logs'}"), soft_wrap=True)
    if console.is_terminal:
        return _live(stack, console)
    return _changes(stack, console)


def _live(stack: Stack, console: Console) -> int:
    never = Event()
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        while not never.wait(_LOOK_SECONDS):
            live.update(Group(table(stack.standings()), *_last_words(stack)))
    return 0


def _last_words(stack: Stack) -> list[Text]:
    """Return what each process that is down said last, so that nobody has to look for it."""
    down = [standing for standing in stack.standings() if standing.state != "running"]
    return [
        Text(sentence(standing, log=stack.log(standing.name)), style="red", overflow="fold")
        for standing in down
        if standing.restarts
    ]


def _changes(stack: Stack, console: Console) -> int:
    never, seen = Event(), dict[str, tuple[str, int]]()
    while not never.wait(_LOOK_SECONDS):
        for standing in stack.standings():
            now = (standing.state, standing.restarts)
            if seen.get(standing.name) != now:
                seen[standing.name] = now
                said = sentence(standing, log=stack.log(standing.name))
                console.print(Text(said), soft_wrap=True)
    return 0


def table(standings: list[Standing]) -> Table:
    """Return the standings as a table."""
    shown = Table(box=None, header_style="bold")
    for title in ("process", "state", "pid", "up", "memory", "spare", "restarts"):
        right = title in {"pid", "up", "memory", "spare", "restarts"}
        shown.add_column(title, justify="right" if right else "left")
    for s in standings:
        state = "[green]running[/]" if s.state == "running" else f"[red]ended {s.status}[/]"
        sizes = (_megabytes(s.memory_bytes), _megabytes(s.spare_bytes))
        shown.add_row(s.name, state, str(s.pid or ""), str(s.up), *sizes, str(s.restarts or ""))
    shown.add_section()
    totals = (sum(s.memory_bytes for s in standings), sum(s.spare_bytes for s in standings))
    shown.add_row("together", "", "", "", *map(_megabytes, totals), "")
    return shown


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB" if size else ""


def sentence(standing: Standing, *, log: Path) -> str:
    """Return how a process stands in words; what has died is quoted with its last line."""
    if standing.state == "running":
        again = f" again ({standing.restarts} restarts)" if standing.restarts else ""
        return f"{standing.name} runs{again}, process {standing.pid}"
    ended = f"{standing.name} ended with status {standing.status}; it is started again"
    return f"{ended}: {visible(tail(log, lines=1)[:300])}" if log.exists() else ended
