"""The way out of a turn: reactions and dead letters, gathered into one transaction.

Owns the producer, what a given-up record becomes, and the limit on those. Must never decide
whether a record is given up.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from evermodel.common.events.catalogue import topic_of
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign, Poison, Reason
from evermodel.common.messaging.api import Reaction, ServiceSpec
from evermodel.common.messaging.buried import Buried
from evermodel.common.messaging.deadletter import (
    DeadLetter,
    DeadLetterLimit,
    dead_letter,
    encode_dead_letter,
    fitting,
)
from evermodel.common.messaging.faultpoints import FaultPoint
from evermodel.common.messaging.ports import Broker, Consumer, Producer, TransactionAborted
from evermodel.common.messaging.preparing import Prepared, prepare
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.messaging.reporting import Report
from evermodel.common.messaging.transaction import Contents, Transaction
from evermodel.common.settings.loop import LoopSettings

Offsets = Iterable[tuple[TopicPartition, int]]


class Outbox:
    """Everything a loop publishes goes through here."""

    def __init__(
        self,
        spec: ServiceSpec,
        *,
        partition_of_key: dict[str, int],
        clock: Clock,
        settings: LoopSettings,
        report: Report,
        at: FaultPoint,
    ) -> None:
        """`partition_of_key`: where each state key lies; kept up to date here."""
        self._spec = spec
        self._partition_of_key = partition_of_key
        self._clock = clock
        self._slice_seconds = settings.slice_seconds
        self._report = report
        self._at = at
        self._limit = DeadLetterLimit(
            count=settings.dead_letters_per_minute, window=timedelta(minutes=1)
        )
        self._producer: Producer | None = None
        self._transaction: Transaction | None = None
        self._buried: Buried | None = None
        self._letters = f"{spec.service}.dead-letter"
        self._said: list[Payload] = []
        self._since_ms: list[int] = []

    @property
    def is_open(self) -> bool:
        """Whether there is a producer."""
        return self._transaction is not None

    def open(self, broker: Broker, *, instance: str) -> None:
        """Take this replica's transactional id; whoever had it before is fenced."""
        self._producer = broker.producer(transactional_id=f"{self._spec.name}-{instance}")
        self._transaction = Transaction(self._producer, at=self._at)
        tables = [topic_of(route.payload).name for route in self._spec.tables]
        self._buried = Buried(broker, topic=self._letters, tables=tables)

    def close(self) -> None:
        """Undo what is not committed and let go."""
        if self._producer is not None:
            self._producer.close()
        self._producer = self._transaction = None

    def prepare(
        self,
        reaction: Reaction,
        *,
        cause: EventMeta | None,
        number: int | None,
        since_ms: int | None = None,
    ) -> Prepared:
        """Encode `reaction` to a record of partition `number`; None: a tick. Sends nothing.

        `since_ms`: when that record was written, where it is known.

        Raises:
            ValueError: it cannot be published as it stands.
        """
        return prepare(
            self._spec,
            reaction,
            cause=cause,
            partition=number,
            since_ms=since_ms,
            known_keys=self._partition_of_key,
        )

    def put(
        self,
        prepared: Prepared,
        *,
        offsets: Offsets,
        urgent: bool = True,
        finished: Sequence[str] = (),
        taken: int = 0,
    ) -> None:
        """Send a reaction with the `offsets` it answers; `finished`: keys of jobs it ends.

        `taken`: how many records it took in. What answers no offset passes the last committed
        ones: a zombie is refused by that.
        """
        if taken:
            self._limit.took(self._clock.monotonic())
        letters = []
        for rejected in prepared.rejected:
            reason: Reason = "poison" if isinstance(rejected.error, Poison) else "permanent"
            self._report.given_up(rejected.record, reason, rejected.error)
            letters.append(self._letter(rejected.record, reason, rejected.error, attempts=1))
        self._note(prepared.keys)
        self._said += prepared.said
        if prepared.since_ms is not None:
            self._since_ms.append(prepared.since_ms)
        self._tx.add(
            [*prepared.records, *letters],
            now=self._clock.monotonic(),
            offsets=offsets,
            accepted=prepared.accepted,
            finished=finished,
            urgent=urgent,
        )

    @property
    def is_gathering(self) -> bool:
        """Whether a transaction is open."""
        return self._tx.is_open

    def holds(self, record: Record, reason: Reason, error: Exception, *, attempts: int) -> bool:
        """Whether `record` was given up before. Ask while no transaction is open.

        Raises:
            RuntimeError: one is: its own letters would be waited for.
        """
        if self._buried is None or self.is_gathering:
            raise RuntimeError("no letters can be looked at now")
        letter = self._made(record, reason, error, attempts=attempts)
        return self._buried.holds(fitting(letter, topic=self._letters))

    def bury(
        self, record: Record, reason: Reason, error: Exception, *, attempts: int, offsets: Offsets
    ) -> None:
        """Send the dead letter of `record`.

        Raises:
            Fatal: there have been too many.
        """
        letter = self._letter(record, reason, error, attempts=attempts)
        self._tx.add([letter], now=self._clock.monotonic(), offsets=offsets)

    def is_due(self, *, more_waits: bool) -> bool:
        """Whether to commit now; `more_waits`: the data plane has more to gather."""
        if self._transaction is None or not self._transaction.is_open:
            return False
        age = self._clock.monotonic() - self._transaction.opened_at
        return self._transaction.is_urgent or not more_waits or age >= self._slice_seconds

    def commit(self, consumer: Consumer | None) -> Contents:
        """Make what was sent true, together with its offsets; return what hangs on that.

        Raises:
            TransactionAborted: it was undone.
        """
        if not self._tx.is_open:
            return Contents()
        said, self._said = self._said, []
        since_ms, self._since_ms = self._since_ms, []
        try:
            contents = self._tx.commit(consumer)
        except TransactionAborted:
            self._report.undone()
            raise
        self._report.committed(said, since_ms=since_ms)
        return contents

    def abort(self) -> None:
        """Undo what was sent."""
        self._said.clear()
        self._since_ms.clear()
        self._tx.abort()

    def _note(self, keys: Mapping[str, int | None]) -> None:
        """A deleted key is forgotten: the keys of a year of windows would fill the memory."""
        for key, number in keys.items():
            if number is None:
                self._partition_of_key.pop(key, None)
            else:
                self._partition_of_key[key] = number

    def _letter(
        self, record: Record, reason: Reason, error: Exception, *, attempts: int
    ) -> Outgoing:
        self._limit.note(self._clock.monotonic(), is_foreign=isinstance(error, Foreign))
        self._report.buried(record, reason)
        letter = self._made(record, reason, error, attempts=attempts)
        return encode_dead_letter(letter, topic=self._letters)

    def _made(
        self, record: Record, reason: Reason, error: Exception, *, attempts: int
    ) -> DeadLetter:
        return dead_letter(
            record,
            group=self._spec.name,
            reason=reason,
            error=error,
            attempts=attempts,
            time=self._clock.now(),
        )

    @property
    def _tx(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("the loop is not open")
        return self._transaction
