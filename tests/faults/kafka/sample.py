"""The sample service as a process, what is said to it, and what it has answered.

Its answers count what it was told by model, so that one that is lost, doubled or out of order
shows in them. Owns the processes it starts. Must never ask a service: only its topics and its log.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, MODEL_TRAINED
from evermodel.common.events.codec import decode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import caused_id, identity_id
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.runtime.service import FENCED, UNAVAILABLE
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.testing.sample import START, command

WORKER = Path(__file__).with_name("worker.py")
#: A patience, not a promise: what is measured is recorded.
PATIENCE_SECONDS = 120.0
#: How a cell tells what `Sample.gave_up` has seen to, and what is seen of it.
GOES_ON = (
    "goes on by itself, or ends with code 3 (or 4: fenced by what it had begun itself) and goes on "
    "when started again; nothing lost, nothing doubled"
)
GAVE_UP = "critical 'Kafka …' or 'without a leader: …' with code 3, 'fenced: …' with code 4"
#: Ends that a start cures. A member may be fenced by itself: a broker that died before its answer
#: to a join was heard takes the second one for another process.
_AGAIN = {UNAVAILABLE, FENCED}
#: A supervisor's pause before it starts a process again.
_AGAIN_SECONDS = 0.5


class Sample:
    """One group of the sample service: told through `direct`, working over `bootstrap`."""

    def __init__(self, name: str, *, direct: str, bootstrap: str, folder: Path) -> None:
        self.name, self._direct, self._bootstrap = name, direct, bootstrap
        self._folder = folder
        self.log = folder / "service.log"
        self._started: list[subprocess.Popen[bytes]] = []
        self._keepers: list[threading.Thread] = []
        self._closed = threading.Event()
        self.ends: list[int] = []
        self.said = 0

    def start(self, instance: str = "0", **environment: str) -> "subprocess.Popen[bytes]":
        """Start a replica. If it gives its broker up it is started again, as by a supervisor."""
        process = self._run(instance, environment)
        keeper = threading.Thread(target=self._keep, args=(process, instance, environment))
        self._keepers.append(keeper)
        keeper.start()
        return process

    def _run(self, instance: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        ours = {"KAFKA_BOOTSTRAP_SERVERS": self._bootstrap, **environment}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(WORKER), instance, self.name, str(self._folder)],
                env={**os.environ, **ours},
                stderr=log,
            )
        self._started.append(process)
        return process

    def _keep(
        self, process: "subprocess.Popen[bytes]", instance: str, environment: Mapping[str, str]
    ) -> None:
        while (code := process.wait()) in _AGAIN:
            self.ends.append(code)
            if self._closed.wait(timeout=_AGAIN_SECONDS):
                return
            process = self._run(instance, environment)

    def kill(self) -> None:
        """Kill every replica for good, whichever process it is by now."""
        while any(keeper.is_alive() for keeper in self._keepers):
            for process in self._started:
                process.kill()
            time.sleep(0.05)

    def gave_up(self) -> str:
        """Return the codes it ended with by itself; each is seen to be what its last words say."""
        said = self.messages("critical")
        told = [FENCED if words.startswith("fenced: ") else UNAVAILABLE for words in said]
        assert self.ends == told, said
        return ", ".join(map(str, self.ends)) or "none"

    def say(self, count: int = 1) -> None:
        """Tell it `count` things more."""
        numbers = range(self.said + 1, self.said + count + 1)
        self.said += count
        with closing(KafkaBroker(KafkaSettings(bootstrap_servers=self._direct))) as broker:
            broker.publish(
                new_event(
                    command(i, model=self.name),
                    time=START,
                    source="/test",
                    identity=f"{self.name}/{i}",
                )
                for i in numbers
            )

    def answers(self) -> list[str]:
        """Return what it has answered, in order."""
        return [event.payload.reason or "" for event in self._events()]

    def ids(self) -> list[str]:
        """Return the ids of its answers, in order."""
        return [event.meta.id for event in self._events()]

    def times(self) -> set[str]:
        """Return the times of its answers."""
        return {event.meta.time.isoformat() for event in self._events()}

    def flows(self) -> float:
        """Return how many seconds it takes until all that was said is answered; each once.

        One thing more is said then, and its answer awaited: all of a model lie in one partition,
        so what would still be answered twice is answered twice before it.
        """
        began = time.monotonic()
        self.until(lambda: len(self.answers()) >= self.said)
        taken = time.monotonic() - began
        self.say()
        self.until(lambda: self.expected_ids[-1] in self.ids())
        assert self.answers() == self.expected
        return round(taken, 1)

    def _events(self) -> list[Event[ModelTrained]]:
        with closing(KafkaBroker(KafkaSettings(bootstrap_servers=self._direct))) as broker:
            records = read_whole(broker, partitions_of(broker, [MODEL_TRAINED.name]))
        ours = (r for r in records if r.key == self.name.encode())
        return [decode(ModelTrained, value=r.value, headers=r.headers) for r in ours]

    @property
    def partition(self) -> int:
        """The number of the partition that holds what is said to it."""
        with closing(KafkaBroker(KafkaSettings(bootstrap_servers=self._direct))) as broker:
            records = read_whole(broker, partitions_of(broker, [LIFECYCLE_COMMANDS.name]))
        return next(r.partition for r in records if r.key == self.name.encode())

    @property
    def expected(self) -> list[str]:
        """What it answers when nothing is lost, doubled or out of order."""
        return [f"{i} is {i}" for i in range(1, self.said + 1)]

    @property
    def expected_ids(self) -> list[str]:
        """Their ids: each is derived from what was said."""
        return [
            caused_id(identity_id(LifecycleCommand.TYPE, f"{self.name}/{i}"), ModelTrained.TYPE, 0)
            for i in range(1, self.said + 1)
        ]

    def until(self, true: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for another process."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.words()[-3000:]
            time.sleep(0.05)

    def words(self) -> str:
        """Return all that it has logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def messages(self, level: str) -> list[str]:
        """Return the messages of one level that it has logged."""
        lines = [json.loads(line) for line in self.words().splitlines() if line.startswith("{")]
        return [line["message"] for line in lines if line["level"] == level]

    @contextmanager
    def held(self, moment: str) -> Iterator[None]:
        """Say one thing more, and hold the service at `moment` of it while the block runs."""
        wish, held = self._folder / f"hold-{moment}", self._folder / "held"
        held.unlink(missing_ok=True)
        wish.touch()
        try:
            self.say()
            self.until(held.exists)
            yield
        finally:
            wish.unlink(missing_ok=True)

    def close(self) -> None:
        """End what it started."""
        self._closed.set()
        self.kill()
