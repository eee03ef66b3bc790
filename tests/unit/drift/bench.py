"""A model, its reference, and fakes of what the drift service needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np

from evermodel.common.events.hot import LabelRow, ScoredRow, encode_label, encode_scored
from evermodel.common.events.traffic import Watermark
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.domain.rows import Labels, Rows
from evermodel.drift.handlers.windower import Windower
from evermodel.drift.ports import Packed, References, RowLake
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows

MONDAY = datetime(2018, 6, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def described() -> ModelDescription:
    return parse_model(
        """
        [model]
        name = "fraud"
        [stream]
        time = "t"
        label = "y"
        label_delay = "3d"
        [features]
        continuous = ["amount"]
        categorical = ["shop"]
        flag = ["night"]
        [quality.amount]
        min = 0
        [windows]
        min_rows = 500
        [drift]
        cool_down = "5d"
        """,
        source="test",
    )


def features(number: int, *, rows: int = 1000, shift: float = 0.0) -> dict[str, list[object]]:
    random = np.random.default_rng([4, number])
    return {
        "amount": (random.lognormal(3, 1, rows) * (1 + shift)).tolist(),
        "shop": random.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]).tolist(),
        "night": random.integers(0, 2, rows).tolist(),
    }


def referenced() -> Reference:
    schema = Schema(continuous=("amount",), categorical=("shop",), flag=("night",))
    windows = [
        WindowRows(
            start=MONDAY + (n - 28) * DAY,
            end=MONDAY + (n - 27) * DAY,
            columns=features(1000 + n),
            alerts=20 + (-1) ** n,
        )
        for n in range(28)
    ]
    return build_reference(windows, schema=schema, min_rows=500)


def scored(offset: int, time: datetime, *, partition: int = 0, **given: object) -> Record:
    row = ScoredRow(
        model="fraud",
        id=f"{partition}-{offset}",
        entity="card",
        time=time,
        features={"amount": 10.0, "shop": "a", "night": 0},
        scores={"1": 0.25},
        alerts={"1": False},
        decided_by=1,
        decision="pass",
    )
    for name, value in given.items():
        setattr(row, name, value)
    return record("transactions.scored", offset, encode_scored(row), partition=partition)


def label(
    offset: int, id_: str, known_at: datetime, *, value: int = 0, partition: int = 0
) -> Record:
    row = LabelRow(model="fraud", id=id_, label=1 if value else 0, known_at=known_at)
    return record("labels", offset, encode_label(row), partition=partition)


def watermark(topic: str, offset: int, time: datetime, *, partition: int = 0) -> Record:
    value = Watermark(model="fraud", time=time).model_dump_json().encode()
    headers = (("ce_type", Watermark.TYPE.encode()),)
    return record(topic, offset, value, partition=partition, headers=headers)


def record(
    topic: str,
    offset: int,
    value: bytes | None,
    *,
    partition: int = 0,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> Record:
    return Record(
        topic=topic, partition=partition, offset=offset, key=b"k", value=value, headers=headers
    )


def made_windower(
    lake: RowLake | None = None,
    *,
    references: References | None = None,
    clock: Clock | None = None,
    model: ModelDescription | None = None,
) -> Windower:
    """Return a windower of `model` or the described one, over topics of one partition."""
    return Windower(
        models={"fraud": model or described()},
        references=references or FakeReferences(),
        lake=lake or FakeLake(),
        codec=MsgpackTallies(),
        partitions=lambda _topic: 1,
        clock=clock,
    )


@dataclass
class FakePacked:
    rows: Rows | Labels


@dataclass
class FakeLake:
    """The files that were written, each as the ids in it."""

    files: dict[str, list[str]] = field(default_factory=dict)
    writes: int = 0

    def pack_rows(self, rows: Rows) -> Packed:
        return Packed(FakePacked(rows))

    def pack_labels(self, labels: Labels) -> Packed:
        return Packed(FakePacked(labels))

    def write(self, path: str, parts: Sequence[Packed], *, keep: bool = False) -> None:
        self.writes += 1
        ids = [id_ for part in parts for id_ in cast(FakePacked, part).rows.ids]
        keep = keep or len(self.files.get(path, ())) > len(ids)
        self.files[path] = [*self._others(path, ids), *ids] if keep else ids

    def _others(self, path: str, ids: Sequence[str]) -> list[str]:
        coming, others = Counter(ids), []
        for id_ in self.files.get(path, ()):
            if coming[id_]:
                coming[id_] -= 1
            else:
                others.append(id_)
        return others

    def ids(self) -> list[str]:
        return sorted(id_ for ids in self.files.values() for id_ in ids)


@dataclass
class FakeReferences:
    """References by id."""

    known: Mapping[str, Reference] = field(default_factory=dict)

    def get(self, model: str, reference_id: str) -> Reference:
        if reference_id not in self.known:
            raise Transient(f"{reference_id} of {model} is not there")
        return self.known[reference_id]
