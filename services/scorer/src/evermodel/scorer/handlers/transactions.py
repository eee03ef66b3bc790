"""Scores batches of payments, and passes watermarks on in order with the rows around them.

Each record goes to the partition of the same number, so order within a partition is kept and
downstream watermarks mean what they meant upstream.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from evermodel.common.events.catalogue import TRANSACTIONS_SCORED
from evermodel.common.events.traffic import ScoredTransaction, Watermark
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign, Poison
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Reaction, Rejected
from evermodel.common.messaging.records import Headers, Outgoing, Record
from evermodel.common.models.description import ModelDescription
from evermodel.common.observability.metrics import Metrics
from evermodel.scorer.domain.payments import Payment, RowForm
from evermodel.scorer.handlers import readings
from evermodel.scorer.handlers.fault import Fault
from evermodel.scorer.handlers.live import Serving
from evermodel.scorer.handlers.payment_decoder import PaymentDecoder
from evermodel.scorer.handlers.rows import encode_rows
from evermodel.scorer.handlers.scoring import score_batch

_WATERMARK = Watermark.TYPE.encode()
_SCORED = ScoredTransaction.TYPE.encode()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one model's payments are read and written."""

    model: ModelName
    form: RowForm
    decoder: PaymentDecoder
    headers: Headers


@dataclass(slots=True)
class _Batch:
    """A batch being worked on: a slot per record, so that the order survives the grouping."""

    slots: list[Outgoing | None]
    rejected: list[Rejected] = field(default_factory=list)
    rows: dict[ModelName, list[tuple[int, Payment]]] = field(default_factory=dict)


class TransactionsHandler:
    """Answers batches of ``transactions``, whatever topics the models read them from."""

    def __init__(
        self,
        *,
        models: Mapping[ModelName, ModelDescription],
        forms: Mapping[ModelName, RowForm],
        serving: Serving,
        metrics: Metrics,
        clock: Clock,
        fault: Fault | None = None,
    ) -> None:
        self._desks = {name: _desk(name, form) for name, form in forms.items()}
        self._by_topic = _by_topic(models.values(), self._desks)
        self._serving = serving
        self._fault = fault
        self._metrics = metrics
        self._clock = clock

    def on_transactions(self, records: Sequence[Record]) -> Reaction:
        """Return a scored payment per sound record, in order; the others are rejected."""
        batch = _Batch([None] * len(records))
        for slot, record in enumerate(records):
            try:
                self._read(slot, record, batch)
            except (Poison, Foreign) as error:
                batch.rejected.append(Rejected(record, error))
        for model, rows in batch.rows.items():
            self._score(self._desks[model], rows, records, batch)
        return Reaction(
            records=[out for out in batch.slots if out is not None], rejected=batch.rejected
        )

    def _read(self, slot: int, record: Record, batch: _Batch) -> None:
        kind = subject = None
        for name, value in record.headers:
            if name == "ce_subject":
                subject = value
            elif name == "ce_type":
                kind = value
        desk = self._desk(record, subject)
        if kind == _WATERMARK:
            batch.slots[slot] = _forwarded(record, desk)
            return
        payment = desk.decoder.decode(
            record.value, position=f"{record.topic}-{record.partition}-{record.offset}"
        )
        batch.rows.setdefault(desk.model, []).append((slot, payment))

    def _desk(self, record: Record, subject: bytes | None) -> Desk:
        """Return the record's model: the one it names, or the only one there is."""
        desks = self._by_topic.get(record.topic, {})
        if subject is None and len(desks) == 1:
            return next(iter(desks.values()))
        if subject is None:
            raise Poison(f"no ce_subject header, and {len(desks)} models read {record.topic}")
        desk = desks.get(subject)
        if desk is None:
            raise Foreign(f"ce_subject {subject!r} names no model that reads {record.topic}")
        return desk

    def _score(
        self,
        desk: Desk,
        rows: Sequence[tuple[int, Payment]],
        records: Sequence[Record],
        batch: _Batch,
    ) -> None:
        live = self._serving.of(desk.model)
        payments = [payment for _, payment in rows]
        started = self._clock.monotonic()
        scored = score_batch(payments, live=live, form=desk.form, fault=self._fault)
        seconds = self._clock.monotonic() - started
        readings.count_batch(self._metrics, desk.model, scored=scored, seconds=seconds)
        values = encode_rows(
            payments, model=desk.model, reference=live.plan.reference, scored=scored
        )
        for (slot, _), value in zip(rows, values, strict=True):
            record = records[slot]
            batch.slots[slot] = Outgoing(
                topic=TRANSACTIONS_SCORED.name,
                key=record.key,
                value=value,
                headers=desk.headers,
                partition=record.partition,
            )


def form_of(model: ModelDescription) -> RowForm:
    """Return the columns of `model`'s payments."""
    return RowForm(
        time=model.stream.time,
        id=model.stream.id,
        entity=model.stream.entity,
        continuous=model.features.continuous,
        categorical=model.features.categorical,
        flag=model.features.flag,
    )


def _desk(model: ModelName, form: RowForm) -> Desk:
    headers = (("ce_type", _SCORED), ("ce_subject", model.encode()))
    return Desk(model, form, PaymentDecoder(form), headers)


def _by_topic(
    models: Iterable[ModelDescription], desks: Mapping[ModelName, Desk]
) -> dict[str, dict[bytes, Desk]]:
    topics: dict[str, dict[bytes, Desk]] = {}
    for model in models:
        topics.setdefault(model.stream.topic, {})[model.name.encode()] = desks[model.name]
    return topics


def _forwarded(record: Record, desk: Desk) -> Outgoing:
    if record.value is None:
        raise Poison("a watermark without a value")
    try:
        mark = Watermark.model_validate_json(record.value, extra="ignore")
    except ValidationError as error:
        raise Poison(f"not a watermark: {error.errors(include_url=False)[0]['msg']}") from error
    if mark.model != desk.model:
        raise Poison(f"a watermark of {mark.model!r} under ce_subject {desk.model!r}")
    return Outgoing(
        topic=TRANSACTIONS_SCORED.name,
        key=record.key,
        value=record.value,
        headers=(*_of_the_event(record), ("ce_subject", desk.model.encode())),
        partition=record.partition,
    )


def _of_the_event(record: Record) -> Headers:
    """Return the headers that are the event's own.

    Notes about this one record stay behind: with "put back for the scorer" on it, everybody who
    reads on would pass the watermark by, and the windows would wait for it.
    """
    return tuple(
        (name, value)
        for name, value in record.headers
        if value is not None
        and (name == "content-type" or (name.startswith("ce_") and name != "ce_subject"))
    )
