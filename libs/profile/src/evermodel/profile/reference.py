"""What a model version was trained on, as counts: the thing every later window is held against.

Saved as one JSON file whose SHA-256 is its id: equal references have equal ids, and a file
that was altered does not load.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from evermodel.profile.columns import Columns
from evermodel.profile.counters import Counters, count
from evermodel.profile.history import AlertHistory, FeatureHistory, History, Volume
from evermodel.profile.layout import Counts, Edges, Layout, Levels, Part
from evermodel.profile.schema import ALL, Schema

FILE = "reference.json"
_FORMAT = 1


class BadReference(ValueError):
    """A reference that cannot be read, or is not the one that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Edges and levels, counts by window class (``"all"`` is always there), and the history.

    In the counts of a class, a feature without enough windows of that class has the counts of
    all windows. `trained_from`, `trained_until`: the event time it was made from, half open.
    `since`: the features that were made of the windows from a later time on alone.
    """

    schema: Schema
    layout: Layout
    classes: Mapping[str, Counts]
    history: History
    trained_from: datetime
    trained_until: datetime
    since: Mapping[str, datetime] = field(default_factory=dict)

    def counts(self, window_class: str) -> Counts:
        """Return the counts to compare a window of `window_class` with."""
        return self.classes.get(window_class, self.classes[ALL])

    def count(self, columns: Columns) -> Counters:
        """Return the counters of rows; raises ``BadColumn``."""
        return count(columns, reference_id=self.reference_id, layout=self.layout)

    def empty(self) -> Counters:
        """Return the counters of no rows."""
        return Counters.empty(self.reference_id, self.layout)

    @cached_property
    def reference_id(self) -> str:
        """SHA-256 of the saved form, in hexadecimal."""
        return hashlib.sha256(self._encoded).hexdigest()

    @cached_property
    def _encoded(self) -> bytes:
        content = {
            "format": _FORMAT,
            "schema": asdict(self.schema),
            "parts": [_part_out(part) for part in self.layout.parts],
            "classes": {k: self.layout.by_feature(v) for k, v in self.classes.items()},
            "history": asdict(self.history),
            "trained_from": self.trained_from.isoformat(),
            "trained_until": self.trained_until.isoformat(),
        }
        if self.since:  # left out when empty: references made before it keep their ids
            content["since"] = {name: time.isoformat() for name, time in self.since.items()}
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    def save(self, path: Path) -> Path:
        """Write into the folder `path` (made when absent), whole or not at all; return the file."""
        path.mkdir(parents=True, exist_ok=True)
        file, draft = path / FILE, path / f".{FILE}.{self.reference_id[:12]}"
        draft.write_bytes(self._encoded)
        draft.replace(file)
        return file

    @classmethod
    def load(cls, path: Path, *, expect: str | None = None) -> Self:
        """Return the reference in the folder `path`.

        Raises:
            BadReference: it is absent, malformed, or its id is not `expect`.
        """
        try:
            raw = (path / FILE).read_bytes()
        except OSError as error:
            raise BadReference(f"{path / FILE}: cannot be read: {error}") from error
        found = hashlib.sha256(raw).hexdigest()
        if expect is not None and found != expect:
            raise BadReference(f"{path / FILE}: its id is {found}, expected {expect}")
        try:
            return cls._decoded(json.loads(raw))
        except (ValueError, KeyError, TypeError) as error:
            raise BadReference(f"{path / FILE}: not a reference: {error!r}") from error

    @classmethod
    def _decoded(cls, content: Mapping[str, Any]) -> Self:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']} is not {_FORMAT}")
        layout = Layout([_part_in(part) for part in content["parts"]])
        return cls(
            schema=Schema(**{k: _tuple(v) for k, v in content["schema"].items()}),
            layout=layout,
            classes={k: _vector(layout, v) for k, v in content["classes"].items()},
            history=_history_in(content["history"]),
            trained_from=datetime.fromisoformat(content["trained_from"]),
            trained_until=datetime.fromisoformat(content["trained_until"]),
            since={k: datetime.fromisoformat(v) for k, v in content.get("since", {}).items()},
        )


def _tuple(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _vector(layout: Layout, by_feature: Mapping[str, list[int]]) -> Counts:
    vector = np.zeros(layout.size, dtype=np.int64)
    for part in layout.parts:
        vector[layout.slice(part.feature)] = by_feature[part.feature]
    return vector


def _part_out(part: Part) -> dict[str, object]:
    if isinstance(part, Edges):
        return {"feature": part.feature, "kind": part.kind, "edges": part.edges.tolist()}
    return {
        "feature": part.feature,
        "kind": part.kind,
        "levels": part.levels,
        "rare": sorted(part.rare),
        "open_ended": part.open_ended,
    }


def _part_in(raw: Mapping[str, Any]) -> Part:
    if raw["kind"] == "continuous":
        return Edges(feature=raw["feature"], edges=np.asarray(raw["edges"], dtype=np.float32))
    return Levels(
        feature=raw["feature"],
        kind=raw["kind"],
        levels=tuple(raw["levels"]),
        rare=frozenset(raw["rare"]),
        open_ended=raw["open_ended"],
    )


def _history_in(raw: Mapping[str, Any]) -> History:
    return History(
        windows=raw["windows"],
        quantile=raw["quantile"],
        features={k: FeatureHistory(**v) for k, v in raw["features"].items()},
        volume={k: Volume(**v) for k, v in raw["volume"].items()},
        alerts=None if raw["alerts"] is None else AlertHistory(**raw["alerts"]),
    )
