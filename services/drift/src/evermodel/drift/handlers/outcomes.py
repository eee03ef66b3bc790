"""The role ``outcomes``: when a window closes, the labels of an older one have matured.

Counts are recomputed from the lake. All that is kept is which windows failed their quality
checks, until their labels mature: what was scored on broken input says nothing of a version.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured, PairedOutcomes, VersionOutcomes
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign
from evermodel.common.kernel.stream_time import refuse_astray
from evermodel.common.messaging.api import NOTHING, Emit, Held, Reaction, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.grid import micros, moment
from evermodel.drift.domain.outcomes import Joined, agreement, cohort_of, confusion, pairs_of
from evermodel.drift.handlers.detector import SOURCE
from evermodel.drift.ports import OutcomesLake

_MICROSECOND = timedelta(microseconds=1)
_SPANS = TypeAdapter(tuple[Span, ...])


class OutcomesHandler:
    """Joins scores with labels, once for each closed window."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        lake: OutcomesLake,
        wall: Clock | None = None,
    ) -> None:
        """`wall`: what the dates of windows are held against, if anything.

        `_told`: how far they have come since this replica was given what it has now.
        """
        self._models, self._lake, self._wall = models, lake, wall
        self._failed: dict[str, tuple[Span, ...]] = {}
        self._told: dict[str, datetime] = {}

    def on_transactions_windowed(self, event: TransactionsWindowed, meta: EventMeta) -> Held:
        """Return the work: reading the lake takes longer than a poll may."""
        model = self._models.get(event.model)
        if model is None:
            raise Foreign(f"no model {event.model!r} is described here")
        self._refuse_astray(model, event.window, meta)
        cohort = _cohort(model, event.window)
        known = self._failed.get(event.model, ())
        failed = tuple(span for span in known if span.end > cohort.start)
        if event.quality == "fail" and event.window not in failed:
            failed = (*failed, event.window)
        self._failed[event.model] = failed
        state: dict[str, bytes] = {}
        if failed != known:
            state = {event.model: _SPANS.dump_json(failed)}
        broken = any(s.start < cohort.end and s.end > cohort.start for s in failed)
        return Held(lambda: self._mature(model, event, meta, cohort, state, broken=broken))

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None
    ) -> Restored:
        """Take over the models of a partition."""
        self._failed |= {model: _SPANS.validate_json(raw) for model, raw in state.items()}
        return Restored()

    def on_revoked(self, partition: TopicPartition) -> None:
        """Forget; what is taken over again comes from the state topic."""
        self._failed.clear()
        self._told.clear()

    def on_done(self, key: str, cause: EventMeta, result: object) -> Reaction:
        """The role starts no jobs."""
        return NOTHING

    def _refuse_astray(self, model: ModelDescription, window: Span, meta: EventMeta) -> None:
        """Return if the date of `window` may be meant; the detector's own are of dated rows.

        After a restart such a one tells how far a stream is that is played ahead of the wall.
        """
        told = self._told.get(model.name)
        if told is not None or meta.source != SOURCE:
            refuse_astray(window.end, told=told, window=model.windows.length, wall=self._wall)
        self._told[model.name] = window.end if told is None else max(told, window.end)

    def _mature(
        self,
        model: ModelDescription,
        event: TransactionsWindowed,
        meta: EventMeta,
        cohort: Span,
        state: Mapping[str, bytes],
        *,
        broken: bool,
    ) -> Reaction:
        joined = self._lake.join(
            model.name, start=cohort.start, end=cohort.end, known_before=event.window.end
        )
        matured = OutcomesMatured(
            model=model.name,
            cohort=cohort,
            known_until=event.window.end,
            label_age_seconds=model.stream.label_delay.total_seconds(),
            rows=len(joined.labels),
            labelled=joined.labelled,
            frauds=joined.frauds,
            quality_failed=broken,
            versions=tuple(_version(joined, v) for v in sorted(joined.scores)),
            paired=tuple(
                _paired(joined, a, b) for a, b in pairs_of(joined.scores, champion=event.champion)
            ),
        )
        identity = f"{model.name}/{cohort.start.isoformat()}/{cohort.end.isoformat()}"
        return Reaction(events=[Emit(matured, meta.time, identity=identity)], state=state)


def _cohort(model: ModelDescription, window: Span) -> Span:
    start, end = cohort_of(
        start=micros(window.start),
        end=micros(window.end),
        delay=model.stream.label_delay // _MICROSECOND,
        length=model.windows.length // _MICROSECOND,
    )
    return Span(start=moment(start), end=moment(end))


def _version(joined: Joined, version: int) -> VersionOutcomes:
    counts = confusion(joined, version)
    return VersionOutcomes(
        version=version,
        true_positives=counts.true_positives,
        false_positives=counts.false_positives,
        false_negatives=counts.false_negatives,
        true_negatives=counts.true_negatives,
        fraud_scores=counts.fraud_scores,
        genuine_scores=counts.genuine_scores,
    )


def _paired(joined: Joined, champion: int, challenger: int) -> PairedOutcomes:
    frauds = agreement(joined, champion, challenger, label=1)
    genuine = agreement(joined, champion, challenger, label=0)
    return PairedOutcomes(
        champion=champion,
        challenger=challenger,
        frauds_both=frauds.both,
        frauds_champion_only=frauds.first_only,
        frauds_challenger_only=frauds.second_only,
        frauds_neither=frauds.neither,
        genuine_both=genuine.both,
        genuine_champion_only=genuine.first_only,
        genuine_challenger_only=genuine.second_only,
        genuine_neither=genuine.neither,
    )
