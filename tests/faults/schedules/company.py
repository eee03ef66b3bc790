"""Every service of the loop in one process, each of which can die, hang and come back.

Owns who is alive, who is next, and what becomes of one that stops. Everything that outlasts a
process lies outside: the broker, the folder, the repository.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.messaging.lockstep import PATIENCE_SECONDS, SimulatedClock
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.ports import BrokerUnavailable, Fenced
from evermodel.common.testing.harness import Crashed
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from tests.faults.schedules.assembly import assemble
from tests.faults.schedules.connection import Connection, Deliveries
from tests.faults.schedules.here import Here
from tests.faults.schedules.mischief import Fault, Mischief
from tests.faults.schedules.thread import Suspended, Turn

#: Simulated seconds of rest after something struck: what is tried again by the second has its time.
REST_SECONDS = 25


@dataclass(slots=True, eq=False)
class Replica:
    """One process. `turn`: what it hangs in. `days`: how many settlings it still hangs.

    `was_given_up`: its group expelled it once, so that another may have its place by now.
    """

    service: str
    instance: str
    loop: Loop
    connection: Connection
    turn: Turn | None = None
    days: int = 0
    is_zombie: bool = False
    was_given_up: bool = False


@dataclass(slots=True, kw_only=True)
class Company:
    """What is alive and what it left behind. `order` draws who is next."""

    folder: Path
    mischief: Mischief
    order: random.Random
    broker: MemoryBroker = field(
        default_factory=lambda: MemoryBroker({topic.name: 1 for topic in CATALOGUE})
    )
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    repository: MemoryRepository = field(default_factory=MemoryRepository)
    replicas: list[Replica] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    deliveries: Deliveries = field(default_factory=Deliveries)
    _rested: int = 0
    _replaced: int = 0
    _running: Turn | None = None

    def start(self, service: str, *, instance: str = "0") -> None:
        """Start a process; one of the same name is fenced."""
        connection = Connection(self.broker, service, self.mischief, self.deliveries)
        loop = Loop(
            assemble(service, self, instance=instance),
            broker=connection,
            clock=self.clock,
            instance=instance,
            beside=Here(),
            at=lambda moment: self.mischief.reach(f"{service}@{moment}"),
        )
        self.replicas.append(Replica(service, instance, loop, connection))

    def settle(self) -> None:
        """Let everything run until nothing moves, but for what hangs for longer than a day.

        Raises:
            TimeoutError: something was still retried after an hour of simulated time.
        """
        self.mischief.hang = self._hang
        self._until_quiet()
        while lost := next((r for r in self.replicas if r.turn and not r.is_zombie), None):
            self._give_up(lost)
            self._until_quiet()
        for zombie in [r for r in self.replicas if r.turn]:
            self._come_back(zombie)
            self._until_quiet()
        # What was struck may end days later: a name that was fenced shows when it next commits.
        disturbed = len(self.mischief.struck) + self._replaced
        if disturbed > self._rested or any(r.turn for r in self.replicas):
            self._rested = disturbed
            self._rest()

    def end(self) -> None:
        """Strike no more, let the last that hang come back, and everything come to rest."""
        self.mischief.end()
        for replica in self.replicas:
            replica.days = 0
        self.settle()
        self._rest()

    def close(self) -> None:
        """Let no thread wait for ever."""
        for replica in self.replicas:
            if replica.turn is not None:
                replica.turn.end()

    def _until_quiet(self) -> None:
        began = self.clock.monotonic()
        while True:
            if self._round():
                continue
            dues = [due for r in self._awake() if (due := r.loop.next_due()) is not None]
            if not dues:
                return
            if min(dues) - began > PATIENCE_SECONDS:
                raise TimeoutError(f"not quiet after an hour of retries: {self.mischief.struck}")
            self.clock.advance(max(min(dues) - self.clock.monotonic(), 0.001))

    def _rest(self) -> None:
        for _ in range(REST_SECONDS):
            self.clock.advance(1.0)
            self._until_quiet()

    def _awake(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica.turn is None]

    def _round(self) -> bool:
        awake = self._awake()
        self.order.shuffle(awake)
        moves = [self._step(replica) for replica in awake if replica in self.replicas]
        return any(moves)

    def _step(self, replica: Replica) -> bool:
        work: Callable[[], bool] = replica.loop.step
        if not self.mischief.hangs(replica.service):
            return self._through(replica, work)
        self._running = turn = Turn(work)
        replica.turn = turn
        return self._through(replica, turn.begin)

    def _through(self, replica: Replica, work: Callable[[], bool]) -> bool:
        """Return whether it moved; one that stops is replaced, one that hangs stays as it is."""
        try:
            moved = work()
        except Suspended:
            return True
        except (Crashed, BrokerUnavailable):
            moved = self._replace(replica)
        except Fenced:
            if not replica.was_given_up:
                self.stopped.append(f"{replica.service} was fenced, and nobody had its place")
            moved = self._replace(replica)
        except BaseException as error:  # its process ends, and is started again
            self.stopped.append(f"{replica.service} stopped: {error!r}")
            if len(self.stopped) > 20:
                raise
            moved = self._replace(replica)
        replica.turn = None
        return moved

    def _hang(self, fault: Fault) -> None:
        turn = self._running
        if turn is None:
            raise RuntimeError("only a turn of its own can hang")
        replica = next(r for r in self.replicas if r.turn is turn)
        replica.days = fault.length
        turn.hang()

    def _give_up(self, replica: Replica) -> None:
        """Have the group expel what hangs, and start another under its name or beside it."""
        replica.is_zombie = replica.was_given_up = True
        there = {r.instance for r in self._awake() if r.service == replica.service}
        name = replica.instance if len(self.mischief.struck) % 2 else f"{replica.instance}1"
        while name in there:  # one that hung before has a successor: two of a name fence for ever
            name += "1"
        self.broker.expel(group=replica.service, instance=replica.instance)
        replica.connection.time_out()
        self.start(replica.service, instance=name)

    def _come_back(self, zombie: Replica) -> None:
        """Let what hangs go on where it was, when its days are over."""
        zombie.days -= 1
        if zombie.turn is not None and zombie.days < 0:
            self._running = zombie.turn
            self._through(zombie, zombie.turn.resume)
            names = [(r.service, r.instance) for r in self.replicas]
            zombie.is_zombie = names.count((zombie.service, zombie.instance)) > 1

    def _replace(self, replica: Replica) -> bool:
        """Start it again, unless somebody has its name by now."""
        self._remove(replica)
        self._replaced += 1
        names = {(r.service, r.instance) for r in self.replicas}
        if (replica.service, replica.instance) not in names or not replica.is_zombie:
            self.start(replica.service, instance=replica.instance)
        return True

    def _remove(self, replica: Replica) -> None:
        self.replicas.remove(replica)
