"""Windows: counters that add up, never rows."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Count, Payload, Ratio, Span, Text, Time, Value, Version
from evermodel.common.kernel.ids import ReferenceId

#: Equal bins over [0, 1] of every histogram of scores, here and in ``outcomes.py``.
SCORE_BINS = 20
#: Into how many groups a hash of the entity parts the rows of ``PairedCounts``.
ENTITY_GROUPS = 32
#: Rungs to one unit of log-odds, and the lowest and highest rung: scores of 1e-4 and 1 - 1e-4.
RUNGS_PER_LOG_ODDS, LAST_RUNG = 10, 92


class ContinuousCounts(Value):
    """A continuous column against the edges of its reference (see ``evermodel.profile``)."""

    bins: tuple[Count, ...]
    nulls: Count
    minimum: float | None = None
    maximum: float | None = None


class CategoricalCounts(Value):
    """A categorical or flag column: one count per level of the reference, plus ``other``."""

    levels: dict[str, Count]
    other: Count
    nulls: Count
    unseen: Count = Field(default=0, description="Rows with a level the reference never saw.")


class ReferenceCounts(Value):
    """All rows of the window that were scored under one champion's reference."""

    reference_id: ReferenceId | None
    rows: Count
    continuous: dict[str, ContinuousCounts] = Field(default_factory=dict)
    categorical: dict[str, CategoricalCounts] = Field(default_factory=dict)


class ColumnQuality(Value):
    """What a column's contract in ``model.toml`` is checked on, whatever the reference."""

    rows: Count
    nulls: Count
    below: Count = Field(default=0, description="Values under the stated minimum.")
    above: Count = Field(default=0, description="Values over the stated maximum.")


class ServedCounts(Value):
    """Scores that `version` gave to the rows that `decided_by` decided (None: unscored rows).

    Both versions score every row, so two of these with the same `decided_by` compare versions
    on the same rows of the same minutes.
    """

    decided_by: Version | None
    version: Version
    rows: Count
    failed: Count
    alerts: Count
    histogram: tuple[Count, ...] = Field(description="20 equal bins of the score over [0, 1].")


class PairedCounts(Value):
    """How far two versions agree on the rows that both scored and that `decided_by` decided.

    Groups are drawn by a hash of the entity, so that all rows of one lie in one group: how
    much the groups differ tells how sure a mean is, however much an entity repeats itself. A
    rung is a tenth of a log-odds, counted from 0.5, between 1e-4 and 1 - 1e-4: whole numbers,
    so that sums are the same in any order.
    """

    decided_by: Version | None
    older: Version
    newer: Version
    rows: Count
    older_alone: Count = Field(description="Rows on which only the older version alerts.")
    newer_alone: Count = Field(description="Rows on which only the newer version alerts.")
    group_rows: tuple[Count, ...] = Field(description="Rows by group of entities, 32 of them.")
    group_gaps: tuple[int, ...] = Field(
        description="By group: the sum of the newer version's rungs less the older's."
    )
    group_spreads: tuple[Count, ...] = Field(
        default=(),
        description="By group: the same sum of distances, whichever of the two scores higher.",
    )


class WindowCounters(Value):
    """Everything counted in a window. Merging is addition, in any order."""

    rows: Count
    references: tuple[ReferenceCounts, ...] = ()
    quality: dict[str, ColumnQuality] = Field(default_factory=dict)
    served: tuple[ServedCounts, ...] = ()
    paired: tuple[PairedCounts, ...] = Field(
        default=(),
        description="Of each two versions. Without it no challenger that decides can be judged, "
        "and its rollout asks a person.",
    )
    decided: dict[str, Count] = Field(
        default_factory=dict, description="Rows by deciding version number."
    )
    first_time: Time | None = None
    last_time: Time | None = None


class TransactionsPartial(Payload):
    """One partition's share of one window, or its word that the partition is past it."""

    TYPE: ClassVar[str] = "evermodel.transactions.partial.v1"

    window: Span = Field(description="The window, in event time.")
    stream: Literal["scored", "labels"] = Field(
        description="Of which topic: `transactions.scored` or `labels`."
    )
    partition: Count = Field(description="Number of the topic's partition.")
    partitions: int = Field(ge=1, description="How many partitions the stream has.")
    watermark: Time = Field(description="The partition's, when this was written.")
    late: bool = Field(default=False, description="A correction: rows after the window closed.")
    counters: WindowCounters | None = Field(
        default=None, description="What was counted; null: only its word, as for labels."
    )
    lake: tuple[str, ...] = Field(default=(), description="Files, relative to the lake's root.")


class QualityFailure(Value):
    """A check of the input that did not hold."""

    check: Literal["nulls", "range", "unseen", "volume", "schema", "constant"]
    column: str | None
    value: float
    bound: float
    detail: Text


class TransactionsWindowed(Payload):
    """A closed window of one model."""

    TYPE: ClassVar[str] = "evermodel.transactions.windowed.v1"

    window: Span = Field(description="The window, in event time.")
    counters: WindowCounters = Field(description="The sum over all partitions.")
    quality: Literal["pass", "fail", "insufficient"] = Field(
        description="`fail`: a check of the input did not hold. `insufficient`: too few rows, "
        "judged with the next."
    )
    failures: tuple[QualityFailure, ...] = Field(
        default=(), description="The checks that did not hold."
    )
    champion: Version | None = Field(
        default=None, description="The version that served when it closed; null: none."
    )
    reference_id: ReferenceId | None = Field(default=None, description="That version's reference.")
    labels_until: Time | None = Field(
        default=None, description="Labels known before this are in the lake."
    )
    late_rows: Count = Field(
        default=0, description="Rows since the window before that came after theirs had closed."
    )
    lake: tuple[str, ...] = Field(
        default=(),
        description="Files with its rows, from the lake's root on; of very many the last.",
    )
    alert_rate: Ratio | None = Field(default=None, description="Of the rows, by what decided them.")
