"""What the drift service needs from the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.domain.outcomes import Joined
from evermodel.drift.domain.rows import Labels, Rows
from evermodel.drift.domain.tally import Tally
from evermodel.profile.reference import Reference


class References(Protocol):
    """The references of model versions, by content-addressed id."""

    def get(self, model: str, reference_id: str) -> Reference:
        """Return the reference.

        Raises:
            Transient: it is not there yet, or the store does not answer.
            BadReference: what is there is not it, or it did not come in a stated number of tries.
        """


#: Rows in the lake's own compact form; only the lake that packed them looks inside.
Packed = NewType("Packed", object)


class RowLake(Protocol):
    """Where rows and labels are kept for learning. A file is written whole or not at all."""

    def pack_rows(self, rows: Rows, /) -> Packed:
        """Return scored rows in compact form, to be buffered."""

    def pack_labels(self, labels: Labels, /) -> Packed:
        """Return labels in compact form, to be buffered."""

    def write(self, path: str, parts: Sequence[Packed], /, *, keep: bool = False) -> None:
        """Write `parts` one after the other to `path`, relative to the root, replacing it.

        `keep`: what the file held comes first, without the rows that are among `parts` again;
        so it never comes out with fewer rows. A file that holds more rows than `parts` is kept in
        any case: whoever took over while we stood still has written it.

        Raises:
            Transient: the store does not answer.
        """


class PartitionCount(Protocol):
    """How many partitions a topic has."""

    def __call__(self, topic: str, /) -> int:
        """Return the number.

        Raises:
            BrokerUnavailable: nobody answers, or there is no such topic.
        """


class Backlog(Protocol):
    """How far the detector, and those upstream of it, are with what was written for them."""

    def ends(self, topic: str, /) -> Mapping[int, int] | None:
        """Return where each partition of `topic` ends; None: it cannot be told now.

        What a transaction holds that is open counts.
        """

    def is_past(self, topic: str, ends: Mapping[int, int], /) -> bool:
        """Return whether those who read `topic` have committed up to `ends`.

        No, if it cannot be told now. Yes, of payments, where no scorer ever committed any.
        """


class TallyCodec(Protocol):
    """A tally as bytes for the changelog, and back."""

    def encode(self, tally: Tally, /) -> bytes:
        """Return `tally` as few bytes."""

    def decode(self, model: str, raw: bytes, /) -> Tally:
        """Return the tally that `raw` holds."""


class OutcomesLake(Protocol):
    """The lake's scores and labels, joined."""

    def join(
        self, model: str, /, *, start: datetime, end: datetime, known_before: datetime
    ) -> Joined:
        """Return the rows of ``start <= time < end`` with labels known before `known_before`.

        One row per transaction id; a cohort without rows is empty, not an error.

        Raises:
            Transient: the lake does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A report that is there: its run, and where people see it.

    `without`: why there are only the verdict's numbers and no pictures; empty when there are.
    """

    run_id: str
    url: str
    without: str = ""


class ReportFailed(Exception):
    """The pictures cannot be made; the message says why. The numbers can still be filed."""


class Unavailable(Exception):
    """The store of reports does not answer now."""


class Reports(Protocol):
    """Reports on alarms that people read: one run for each, with the verdict's every number."""

    def file(self, alarm: Alarm, *, without: str = "") -> Filed:
        """Make the report on `alarm` and return it; one that is there already is returned as it is.

        `without`: leave the pictures out, and say in the run that this is why.

        Raises:
            ReportFailed: the pictures cannot be made, or took too much; nothing was filed.
            Unavailable: the store does not answer, or there is no room here; nothing that is
                returned later was filed.
        """
