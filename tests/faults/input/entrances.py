"""The ways in, as the fuzzer sees them: each decoder, and the handlers of the hot path.

A handler that raises anything but `Poison`, `Permanent` or `Transient` at one record has its whole
batch taken apart and that record tried three times, which a fuzzed decoder alone does not show.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evermodel.common.events.traffic import Watermark
from evermodel.common.kernel.errors import Permanent, Poison
from evermodel.common.messaging.api import Reaction
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Record
from evermodel.common.models.file import parse_model
from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.clock import SystemClock
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.scorer.handlers.live import Serving
from evermodel.scorer.handlers.transactions import TransactionsHandler, form_of
from tests.contract.decoders.cases import CASES, Case
from tests.faults.input.windowing import LABEL, ROW
from tests.unit.drift.bench import DAY, MONDAY, made_windower
from tests.unit.scorer.bench import MODEL, payment

Headers = tuple[tuple[str, bytes], ...]
Handle = Callable[[Record], Reaction]
MARKED: Headers = (("ce_type", Watermark.TYPE.encode()),)
MARK: Mapping[str, Any] = {"model": "fraud", "time": "2018-06-04T10:00:00Z"}


def _into(name: str, make: Callable[[], Handle], example: Mapping[str, Any], **at: Any) -> Case:
    def decode(value: bytes | None) -> object:
        record = Record(partition=0, offset=0, key=b"k", value=value, **at)
        try:
            reaction = make()(record)
        except Permanent as error:
            raise Poison(str(error)) from error
        for rejected in reaction.rejected:
            raise rejected.error
        return reaction

    return Case(name, decode, example)


def _windower() -> Handle:
    nowhere = LakeReferences(Path("nowhere"), tries=0)  # none is on its way
    windower = made_windower(references=nowhere, clock=SimulatedClock(MONDAY + DAY))
    return lambda record: windower.on_records([record])


def _scorer() -> Handle:
    model = parse_model(MODEL, source="fuzz")
    handler = TransactionsHandler(
        models={model.name: model},
        forms={model.name: form_of(model)},
        serving=Serving(),
        metrics=Metrics(),
        clock=SystemClock(),
    )
    return lambda record: handler.on_transactions([record])


SCORER = _scorer()
ENTRANCES = (
    *CASES,
    _into("counted row", _windower, ROW, topic="transactions.scored"),
    _into("counted watermark", _windower, MARK, topic="transactions.scored", headers=MARKED),
    _into("kept label", _windower, LABEL, topic="labels"),
    _into("labels watermark", _windower, MARK, topic="labels", headers=MARKED),
    _into("scored payment", lambda: SCORER, payment(), topic="transactions"),
    _into("forwarded watermark", lambda: SCORER, MARK, topic="transactions", headers=MARKED),
)
