"""The role ``outcomes``: when a window closes, the labels of an older one have matured."""

from collections.abc import Mapping
from datetime import timedelta

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured, PairedOutcomes, VersionOutcomes
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.errors import Permanent
from evermodel.common.messaging.api import Emit, Held, Reaction
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.grid import micros, moment
from evermodel.drift.domain.outcomes import Joined, agreement, cohort_of, confusion, pairs_of
from evermodel.drift.ports import OutcomesLake

_MICROSECOND = timedelta(microseconds=1)


class OutcomesHandler:
    """Joins scores with labels, once for each closed window."""

    def __init__(self, *, models: Mapping[str, ModelDescription], lake: OutcomesLake) -> None:
        self._models, self._lake = models, lake

    def on_transactions_windowed(self, event: TransactionsWindowed, meta: EventMeta) -> Held:
        """Return the work: reading the lake takes longer than a poll may."""
        model = self._models.get(event.model)
        if model is None:
            raise Permanent(f"no model {event.model!r} is described here")
        return Held(lambda: self._mature(model, event, meta))

    def _mature(
        self, model: ModelDescription, event: TransactionsWindowed, meta: EventMeta
    ) -> Reaction:
        start, end = cohort_of(
            start=micros(event.window.start),
            end=micros(event.window.end),
            delay=model.stream.label_delay // _MICROSECOND,
            length=model.windows.length // _MICROSECOND,
        )
        cohort, known_until = Span(start=moment(start), end=moment(end)), event.window.end
        joined = self._lake.join(
            model.name, start=cohort.start, end=cohort.end, known_until=known_until
        )
        matured = OutcomesMatured(
            model=model.name,
            cohort=cohort,
            known_until=known_until,
            label_age_seconds=model.stream.label_delay.total_seconds(),
            rows=len(joined.labels),
            labelled=joined.labelled,
            frauds=joined.frauds,
            versions=tuple(_version(joined, v) for v in sorted(joined.scores)),
            paired=tuple(
                _paired(joined, a, b) for a, b in pairs_of(joined.scores, champion=event.champion)
            ),
        )
        identity = f"{model.name}/{cohort.start.isoformat()}/{cohort.end.isoformat()}"
        return Reaction(events=[Emit(matured, meta.time, identity=identity)])


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
