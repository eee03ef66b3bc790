"""``make demo``: the whole system on this machine, two months of payments, and what came of it.

Owns the order of the demo: table, stack, play, outputs. What is planted is said here: version 3
is served with one feature skewed, which its shadow scores do not show.

    <out>/  summary.json  events.jsonl  scored.parquet  report.html  data.parquet  played.toml
            drift/  stack/
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from evermodel.common.events.access import OPERATOR
from evermodel.common.events.catalogue import DEAD_LETTERS
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Record
from evermodel.common.models.file import read_model
from evermodel.common.runtime.service import read
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo.description import write_description
from evermodel.demo.drift_reports import fetch_reports, reports_in
from evermodel.demo.generator import generate
from evermodel.demo.play import LOCKSTEP, Played, play
from evermodel.demo.world import STORY
from evermodel.deployer.adapters.git_answer import ask_git
from evermodel.embedded import lock
from evermodel.embedded.errors import NotOurs
from evermodel.embedded.settings import StackSettings
from evermodel.embedded.stack import Stack, forget, read_environment, stack
from evermodel.playback.feed import Feed
from evermodel.playback.files import read_file
from evermodel.playback.givenup import given_up
from evermodel.playback.journal import journal_of
from evermodel.playback.outputs import EVENTS, REPORT, SCORED, SUMMARY, write_outputs
from evermodel.playback.scored import read_scored, tally_of
from evermodel.playback.source import Table, read_frame
from evermodel.playback.summary import Scene, Summary

#: The classic train/serve skew: what decides sees a tenth of the amount that training saw.
FAULT = "3:TX_AMOUNT:0.1"
#: Not ``model.toml``: that may be the author's own, if it lies in the folder played into.
DESCRIPTION = "played.toml"
#: The seeded payments.
DATA = "data.parquet"

Say = Callable[[str], None]
Then = Callable[[Stack, Summary], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line says. Without `data` the seeded story is played."""

    model: Path
    out: Path
    data: Path | None = None
    bootstrap_until: datetime | None = None
    fault: str | None = FAULT


def nothing_more(_running: Stack, _summary: Summary) -> None:
    """End at once."""


def tell(options: DemoOptions, *, clock: Clock, say: Say, then: Then = nothing_more) -> Summary:
    """Play the demo, write its outputs, then call `then` while the stack still runs.

    Raises:
        Misconfigured, BadData: a file or a variable cannot be used.
        NotAvailable, Occupied: the stack cannot be started.
        NotOurs: the environment names a system of one's own, or the folder is no demo's.
        NotQuiet: the services did not come to rest.
    """
    if named := read(StackSettings).parts_named():
        raise NotOurs(f"the demo plays on parts of its own: unset {', '.join(named)} first")
    read_environment(options.out / "stack", {})
    began = clock.monotonic()
    _require_ours(options)
    options.out.mkdir(parents=True, exist_ok=True)
    table, seeded = _table(options, say)
    feed = Feed(table)
    feed.require_history(bootstrap_until=options.bootstrap_until, until=None)
    _forget(options.out)
    if seeded is not None:
        seeded.write_parquet(options.out / DATA)
    environment = dict(LOCKSTEP)
    if options.fault:
        environment["EVERMODEL_SCORER_FAULT"] = options.fault
    models = str(write_description(table.model, options.out / DESCRIPTION).resolve())
    with stack(options.out / "stack", models=models, extra_env=environment, say=say) as running:
        say(f"the services start; playing {feed.rows:,} payments of {feed.model.name!r}")
        played = play(
            [feed],
            kafka=running.kafka,
            clock=clock,
            bootstrap_until=options.bootstrap_until,
            say=say,
            check=running.check,
        )
        summary = _written(options, feed, running, played, clock.monotonic() - began)
        fetch_reports(
            journal_of(played.records),
            model=feed.model.name,
            mlflow=running.mlflow_uri,
            out=options.out,
            clock=clock,
            say=say,
        )
        then(running, summary)
    return summary


def _require_ours(options: DemoOptions) -> None:
    """Refuse a folder with a file that would be removed or written over, where no demo ran.

    What tells them apart is the mark that a stack leaves: a report may be a replay's, or a
    person's own.
    """
    out = options.out
    if lock.is_marked(out / "stack"):
        return
    made = [out / name for name in (EVENTS, SCORED, SUMMARY, REPORT, DESCRIPTION)]
    made += [out / DATA] if options.data is None else []
    made += [*reports_in(out), *(out / "stack").glob("*")]
    if found := [str(path.relative_to(out)) for path in made if path.exists()]:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise NotOurs(
            f"{out} holds {', '.join(found[:3])}{more}, and no demo ever ran there: "
            "name another folder by --out, or remove what it holds"
        )


def _forget(out: Path) -> None:
    """Remove what an earlier demo left in `out`, and nothing that no demo made.

    A story is told from its beginning: topics that hold an earlier one would mix the two. And
    where this one fails, nobody must take the other's summary for its own. The folder keeps its
    mark, whenever this one is interrupted.
    """
    forget(out / "stack")
    lock.mark(out / "stack")
    for name in (EVENTS, SCORED, SUMMARY, REPORT):
        (out / name).unlink(missing_ok=True)
    for page in reports_in(out):
        page.unlink()


def _table(options: DemoOptions, say: Say) -> tuple[Table, pl.DataFrame | None]:
    """Return what is played, and the seeded payments if that is what they are. Writes nothing."""
    model, seeded = read_model(options.model), None
    if options.data is not None:
        table = read_file(options.data, model=model)
    else:
        say("making two months of payments from a seed")
        seeded = generate(STORY)
        table = read_frame(seeded, model=model, name="the demo's payments")
    for notice in table.notices:
        say(notice)
    return table, seeded


def _written(  # everything a run leaves behind
    options: DemoOptions,
    feed: Feed,
    running: Stack,
    played: Played,
    total: float,
) -> Summary:
    model, lake = feed.model, Path(running.lake)
    scored, journal = read_scored(lake, model.name), journal_of(played.records)
    dead = given_up(_dead_letters(running.kafka(OPERATOR)), model=model)
    training = played.training_seconds.get(model.name, 0.0)
    git = ask_git(running.repository, model=model.name)
    scene = Scene(
        model=model.name,
        start=feed.start,
        until=feed.end,
        tally=tally_of(
            scored,
            journal.of(model.name),
            published=played.published[model.name],
            given_up=dead,
        ),
        git_head=git.head,
        desired_version=git.desired_version,
        registry_champion=_champion(running.mlflow_uri, model.name),
        seconds={"total": round(total, 3), "training": round(training, 3)},
    )
    return write_outputs(
        options.out,
        journal=journal,
        scored=scored,
        scene=scene,
        model=model,
        lake=lake,
    )


def _dead_letters(kafka: KafkaSettings) -> list[Record]:
    broker = KafkaBroker(kafka)
    try:
        return read_whole(broker, partitions_of(broker, [topic.name for topic in DEAD_LETTERS]))
    finally:
        broker.close()


def _champion(mlflow: str, model: str) -> int | None:
    """Return the version that MLflow's alias names, by its REST interface: no heavy import."""
    url = f"{mlflow}/api/2.0/mlflow/registered-models/alias?name={model}&alias=champion"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # the stack's own server
            return int(json.load(answer)["model_version"]["version"])
    except (urllib.error.URLError, KeyError):
        return None
