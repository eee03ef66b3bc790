"""The live table of `evermodel up`: which process runs, since when, how often it died."""

from threading import Event

from rich.console import Console
from rich.live import Live
from rich.table import Table

from evermodel.embedded.stack import Stack
from evermodel.embedded.supervisor import Standing

_LOOK_SECONDS = 1.0


def watch(stack: Stack) -> int:
    """Show how `stack` stands until a signal ends it. Off a terminal only changes are said."""
    console = Console(stderr=True)
    where = f"Kafka {stack.bootstrap} · MLflow {stack.mlflow_uri} · console {stack.console}"
    console.print(where, soft_wrap=True, highlight=False)
    console.print(
        f"state {stack.folder} · logs {stack.folder / 'logs'}", soft_wrap=True, highlight=False
    )
    if console.is_terminal:
        return _live(stack, console)
    return _changes(stack, console)


def _live(stack: Stack, console: Console) -> int:
    never = Event()
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        while not never.wait(_LOOK_SECONDS):
            live.update(table(stack.standings()))
    return 0


def _changes(stack: Stack, console: Console) -> int:
    never, seen = Event(), dict[str, tuple[str, int]]()
    while not never.wait(_LOOK_SECONDS):
        for standing in stack.standings():
            now = (standing.state, standing.restarts)
            if seen.get(standing.name) != now:
                seen[standing.name] = now
                console.print(_sentence(standing), highlight=False, soft_wrap=True)
    return 0


def table(standings: list[Standing]) -> Table:
    """Return the standings as a table."""
    shown = Table(box=None, header_style="bold")
    for title in ("process", "state", "pid", "up", "memory", "restarts"):
        right = title in {"pid", "up", "memory", "restarts"}
        shown.add_column(title, justify="right" if right else "left")
    for s in standings:
        state = "[green]running[/]" if s.state == "running" else f"[red]ended {s.status}[/]"
        size = f"{s.memory_bytes / 2**20:.0f} MB" if s.pid else ""
        shown.add_row(s.name, state, str(s.pid or ""), str(s.up), size, str(s.restarts or ""))
    total = sum(s.memory_bytes for s in standings) / 2**20
    shown.add_section()
    shown.add_row("together", "", "", "", f"{total:.0f} MB", "")
    return shown


def _sentence(standing: Standing) -> str:
    if standing.state == "running":
        again = f" again ({standing.restarts} restarts)" if standing.restarts else ""
        return f"{standing.name} runs{again}, process {standing.pid}"
    return f"{standing.name} ended with status {standing.status}; it is started again"
