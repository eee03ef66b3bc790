"""A model, payments and rollout steps as the scorer meets them, and models that are formulas."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.kernel.ids import EventId, LifecycleId
from evermodel.common.messaging.api import Held, Reaction, ServiceSpec
from evermodel.common.messaging.records import Record
from evermodel.common.testing.sample import settled
from evermodel.scorer.domain.payments import RowForm
from evermodel.scorer.ports import BundleRefused, Columns, LoadedVersion, Unasked

P = ParamSpec("P")
T = TypeVar("T")

MODEL = """
[model]
name = "fraud"
[stream]
time = "TX_DATETIME"
label = "TX_FRAUD"
id = "TRANSACTION_ID"
entity = "CUSTOMER_ID"
forbidden = ["TX_FRAUD_SCENARIO"]
[features]
continuous = ["TX_AMOUNT"]
categorical = ["MERCHANT"]
flag = ["TX_DURING_NIGHT"]
"""

#: Of a row of which only the time and the amount are read.
FORM = RowForm(time="T", id=None, entity=None, continuous=("TX_AMOUNT",), categorical=(), flag=())
DIGEST = "sha256:" + "a" * 64

Formula = Callable[[Columns], Sequence[float]]


def by_amount(columns: Columns) -> Sequence[float]:
    """A hundredth of the amount: the score can be read off the payment."""
    return [min(1.0, float(amount) / 100) for amount in columns["TX_AMOUNT"]]


@dataclass
class FormulaModel:
    formula: Formula
    unasked: str | None = None

    def score(self, columns: Columns) -> Sequence[float]:
        if self.unasked is not None:
            raise Unasked(self.unasked)
        return self.formula(columns)


@dataclass
class FormulaStore:
    """Bundles and Scoring in one: URI -> formula, or the error that fetching it raises."""

    formulas: dict[str, Formula | Exception] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    last: dict[str, FormulaModel] = field(default_factory=dict)

    def fetch(self, uri: str, *, digest: str) -> Path:
        found = self.formulas.get(uri, BundleRefused(f"nothing at {uri}"))
        if isinstance(found, Exception):
            raise found
        return Path(uri)

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        self.loads.append(str(bundle))
        formula = self.formulas[str(bundle)]
        assert not isinstance(formula, Exception)
        self.last[str(bundle)] = model = FormulaModel(formula)
        return model


class Inline(Executor):
    """Does what it is given at once."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Later(Executor):
    """Does what it is given when told to."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._waiting.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future

    def catch_up(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()


@dataclass
class Bench:
    """A scorer on the bench: say what serves, hand it payments, read what it said."""

    spec: ServiceSpec
    store: FormulaStore

    def step(
        self,
        *plays: Mapping[str, Any],
        version: int = 2,
        event_id: str = "step-1",
        **fields: Any,
    ) -> ServingApplied:
        held = self.spec.tables[0].handler(step(*plays, version=version, **fields), meta(event_id))
        assert isinstance(held, Held)  # loading is slow: the loop does it beside scoring
        (emit,) = settled(held).events
        assert isinstance(emit.payload, ServingApplied)
        return emit.payload

    def ticks(self, count: int) -> list[ServingApplied]:
        """Let seconds pass; return what is said meanwhile."""
        said = [emit.payload for _ in range(count) for emit in self.tick().events]
        return [payload for payload in said if isinstance(payload, ServingApplied)]

    def tick(self) -> Reaction:
        """Let a second pass."""
        assert self.spec.on_tick is not None
        return self.spec.on_tick()

    def score(self, *values: Any, **fields: Any) -> list[dict[str, Any]]:
        reaction = self.react([record(value, offset=i, **fields) for i, value in enumerate(values)])
        assert not reaction.rejected
        return [json.loads(out.value or b"") for out in reaction.records]

    def react(self, records: Sequence[Record]) -> Reaction:
        return self.spec.batches[0].handler(records)

    def refusal(self, value: Any, **fields: Any) -> str:
        reaction = self.react([record(value, **fields)])
        assert not reaction.records
        (rejected,) = reaction.rejected
        assert type(rejected.error).__name__ == "Poison"
        return str(rejected.error)


def play(version: int, *, role: str, weight: int, **fields: Any) -> dict[str, Any]:
    artefact = {
        "uri": f"v{version}",
        "digest": fields.pop("digest", DIGEST),
        "threshold": fields.pop("threshold", 0.5),
        "reference_id": f"ref{version}",
    }
    return {
        "version": version,
        "role": role,
        "weight": weight,
        "model_uri": f"models:/fraud/{version}",
        "artefact": artefact,
    }


def step(*plays: Mapping[str, Any], version: int = 2, **fields: Any) -> RolloutStep:
    said = {"model": "fraud", "action": "advanced", "from_version": 1, "step": 1}
    said |= {"stable_version": 1, "desired_version": version, "reason": "a test"}
    return RolloutStep.model_validate({**said, **fields, "version": version, "in_play": plays})


def meta(event_id: str = "step-1") -> EventMeta:
    return EventMeta(
        id=EventId(event_id),
        type=RolloutStep.TYPE,
        source="/evermodel/deployer",
        subject="fraud",
        time=datetime(2018, 6, 12, tzinfo=UTC),
        lifecycle_id=LifecycleId("life"),
    )


def payment(**columns: Any) -> dict[str, Any]:
    row = {"TRANSACTION_ID": 1, "CUSTOMER_ID": 7, "TX_DATETIME": "2018-06-12 10:00:00"}
    return row | {"TX_AMOUNT": 20.0, "MERCHANT": "m1", "TX_DURING_NIGHT": 0} | columns


def record(
    value: Any,
    *,
    offset: int = 0,
    partition: int = 0,
    subject: str | None = "fraud",
    kind: str | None = None,
    topic: str = "transactions",
) -> Record:
    headers = [("ce_subject", subject), ("ce_type", kind)]
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        key=b"7",
        value=value if isinstance(value, bytes | None) else json.dumps(value).encode(),
        headers=tuple((name, text.encode()) for name, text in headers if text is not None),
    )
