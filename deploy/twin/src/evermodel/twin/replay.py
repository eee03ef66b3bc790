"""``evermodel replay``: a table played to the services window by window, and what came of it.

Owns the order of a replay: a window's rows and labels, its watermarks, then until nothing
moves. The first champion is trained when the history up to the bootstrap has been played, by
the same order that a person would give.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evermodel.common.events.catalogue import DEAD_LETTERS, LABELS, TRANSACTIONS_SCORED
from evermodel.common.messaging.emission import emissions
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_model, seeded
from evermodel.deployer.wiring import require_built_in
from evermodel.playback.feed import Feed, Window, first_order, in_order, watermarks
from evermodel.playback.files import read_file
from evermodel.playback.givenup import given_up
from evermodel.playback.journal import TOPICS, Journal, journal_of
from evermodel.playback.outputs import require_writable, write_outputs
from evermodel.playback.scored import read_scored, tally_of
from evermodel.playback.source import BadData, Table
from evermodel.playback.summary import Scene, Summary
from evermodel.trainer.domain.enough import too_few
from evermodel.twin.assembly import PARTITIONS, Twin, twin


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What the command line says. Times inside a window become its start."""

    model: Path
    data: Path
    out: Path
    bootstrap_until: datetime | None = None
    until: datetime | None = None
    seed: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is; `transactions` played so far, of `total`."""

    time: datetime
    transactions: int
    total: int
    words: str


Watcher = Callable[[Progress], None]


def replay(
    options: ReplayOptions,
    *,
    watch: Watcher = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Play the file, write the four outputs into ``options.out``, return the summary.

    `note` is told what was changed in the table to play it.

    Raises:
        BadModelFile: the model description cannot be used, or not with this seed.
        BadData: the data file cannot be played.
    """
    model = read_model(options.model)
    if options.seed is not None:
        model = seeded(model, options.seed, source="--seed")
    table = read_file(options.data, model=model)
    for notice in table.notices:
        note(f"{options.data}: {notice}")
    return play([table], options.out, span=Span.of(options), watch=watch)[0]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the tables is played, and with which planted fault."""

    bootstrap_until: datetime | None = None
    until: datetime | None = None
    fault: str | None = None

    @classmethod
    def of(cls, options: ReplayOptions) -> "Span":
        """Return the span that `options` name."""
        return cls(options.bootstrap_until, options.until, options.fault)


def play(
    tables: Sequence[Table], out: Path, *, span: Span, watch: Watcher = lambda _: None
) -> list[Summary]:
    """Play `tables`, one a model, side by side; outputs go to `out`, or `out`/<model> if several.

    Raises:
        BadModelFile: a model asks for a rollout engine that is not here.
        BadData: a table's first model would not be trained inside of what is played, or of too
            little.
        OSError: `out` is no folder that can be written to; nothing has been played then.
    """
    began = time.monotonic()
    require_built_in({table.model.name: table.model for table in tables})
    feeds = [Feed(table, until=span.until) for table in tables]
    outs = {f.model.name: out if len(feeds) == 1 else out / f.model.name for f in feeds}
    for feed in feeds:
        feed.require_history(bootstrap_until=span.bootstrap_until, until=span.until)
        _require_lesson(feed, span)
    for folder in outs.values():
        require_writable(folder)
    models: dict[str, ModelDescription] = {feed.model.name: feed.model for feed in feeds}
    with (
        tempfile.TemporaryDirectory(prefix="evermodel-twin-") as work,
        twin(models, folder=Path(work), fault=span.fault) as services,
    ):
        published = _stream(services, feeds, span, watch)
        journal = journal_of(r for t in TOPICS for r in services.broker.records(t.name))
        seconds = {"total": time.monotonic() - began, "training": services.child.seconds}
        return [
            _written(
                services,
                feed,
                journal,
                outs[feed.model.name],
                published[feed.model.name],
                seconds,
            )
            for feed in feeds
        ]


def _require_lesson(feed: Feed, span: Span) -> None:
    """Refuse what the first training could only refuse, before an hour is played for it."""
    trained = feed.bootstrap_end(span.bootstrap_until)
    # A label is known `label_delay` after its row: these are the labels of the training's rows.
    rows, frauds = feed.known_between(trained - feed.model.training.window, trained)
    if lacking := too_few(rows=rows, frauds=frauds):
        raise BadData(
            f"{feed.model.name}: the first model is trained at {trained:%Y-%m-%d %H:%M}, of "
            f"{lacking}: give a later --bootstrap-until, or a longer training.window"
        )


def _stream(services: Twin, feeds: Sequence[Feed], span: Span, watch: Watcher) -> dict[str, int]:
    """Play every window in order of its end; return the transactions published by model."""
    published: dict[str, int] = {feed.model.name: 0 for feed in feeds}
    total = sum(feed.rows for feed in feeds)
    for feed, window in (each for _, ending in in_order(feeds) for each in ending):
        _publish(services, feed.model, window)
        services.settle()
        if window.end == feed.bootstrap_end(span.bootstrap_until):
            order = first_order(feed.model.name, window.end)
            services.broker.publish(emissions([order], cause=None, source="/evermodel/replay"))
            services.settle()
        _forget(services, feed.model)
        published[feed.model.name] += len(window.transactions)
        watch(Progress(window.end, sum(published.values()), total, feed.model.name))
    return published


def _publish(services: Twin, model: ModelDescription, window: Window) -> None:
    services.broker.publish(window.transactions)
    services.broker.publish(window.labels)
    for topic in (model.stream.topic, LABELS.name):
        services.broker.publish(
            watermarks(topic, partitions=PARTITIONS, model=model, time=window.end)
        )


def _forget(services: Twin, model: ModelDescription) -> None:
    """Let go of rows that every service has passed: a long history must not stay in memory."""
    for topic in (model.stream.topic, TRANSACTIONS_SCORED.name, LABELS.name):
        services.broker.trim(topic)


def _written(
    services: Twin,
    feed: Feed,
    journal: Journal,
    out: Path,
    published: int,
    seconds: dict[str, float],
) -> Summary:
    model = feed.model
    dead = given_up(
        (r for topic in DEAD_LETTERS for r in services.broker.records(topic.name)), model=model
    )
    scored, git = read_scored(services.lake, model.name), services.git(model.name)
    scene = Scene(
        model=model.name,
        start=feed.start,
        until=feed.end,
        tally=tally_of(scored, journal.of(model.name), published=published, given_up=dead),
        git_head=git.head,
        desired_version=git.desired_version,
        registry_champion=services.champion(model.name),
        seconds={name: round(value, 3) for name, value in seconds.items()},
    )
    return write_outputs(
        out, journal=journal, scored=scored, scene=scene, model=model, lake=services.lake
    )
