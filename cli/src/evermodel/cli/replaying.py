"""How a run is shown: a bar while it plays, and the summary in a dozen lines."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from evermodel.twin.replay import Progress as Played

#: As wide as the first column of the closing lines, and as a date in the demo's story.
_INDENT = " " * 13


@contextmanager
def progress(*, enabled: bool) -> Iterator[Callable[[Played], None]]:
    """Yield what shows progress on stderr, or nothing when it is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not enabled) as bars:
        task = bars.add_task("replay", total=None)

        def watch(played: Played) -> None:
            told = f"{played.time:%Y-%m-%d} {played.words} {played.transactions:,}"
            bars.update(task, completed=played.transactions, total=played.total, description=told)

        yield watch


def closing_lines(summary: Mapping[str, Any], *, out: Path) -> Iterator[str]:
    """Yield the summary as a person reads it: each line a whole statement, however long."""
    outcomes = Counter(rollout["outcome"] for rollout in summary["rollouts"])
    alarms = Counter(f"{alarm['cause']} {alarm['severity']}" for alarm in summary["alarms"])
    yield ""
    yield f"{summary['transactions']:,} transactions in {summary['windows']} windows"
    yield f"verdicts     {_counted(alarms)}"
    yield f"trainings    {_counted(Counter(t['outcome'] for t in summary['trainings']))}"
    for training in summary["trainings"]:
        if training["outcome"] == "failed":
            yield f"failed       {training['time'][:10]}: {training['reason']}"
    yield f"rollouts     {_counted(outcomes)}"
    git, registry = summary["git"], summary["registry"]
    says = f"Git says {git['desired_version']}, MLflow's champion is {registry['champion']}"
    stable = git["stable_version"]
    yield f"serving      {'nothing' if stable is None else f'version {stable}'} ({says})"
    dead = f"dead letters {summary['dead_letters']}"
    yield f"lost         {summary['lost']}, duplicated {summary['duplicated']}, {dead}"
    yield f"ledger       {summary['ledger_sha256']}"
    seconds = summary["seconds"]
    yield f"took         {seconds['total']:.0f} s, {seconds['training']:.0f} s of it training"
    yield f"see          {out / 'report.html'}"


def wrapped(line: str, *, columns: int) -> str:
    """Return `line` folded between words to `columns`, what follows under the second column.

    Paths and digests stay whole: they are there to be copied.
    """
    return "\n".join(
        textwrap.wrap(
            line,
            width=max(columns, len(_INDENT) + 20),
            subsequent_indent=_INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"
