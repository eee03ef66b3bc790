"""Two tiny services, each a process of its own: what a hop costs when the work costs nothing.

    lifecycle.commands ──▶ first ──▶ serving.applied ──▶ second ──▶ outcomes.matured

And their peers, the same two links written by hand on confluent-kafka: at least once, no
transaction. ``python -m benchmarks.links first|second|peer-first|peer-second``.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import confluent_kafka as ck

from evermodel.common.events.catalogue import (
    LIFECYCLE_COMMANDS,
    OUTCOMES_MATURED,
    SERVING_APPLIED,
    Topic,
)
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.messaging.api import Emit, Reaction, Route, ServiceSpec
from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import run_service
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.settings.process import ServiceSettings

CHAIN = (LIFECYCLE_COMMANDS.name, SERVING_APPLIED.name, OUTCOMES_MATURED.name)
PEER_CHAIN = ("bench.one", "bench.two", "bench.three")
PEER_TOPICS: tuple[Topic, ...] = tuple(replace(LIFECYCLE_COMMANDS, name=n) for n in PEER_CHAIN)


def on_command(event: LifecycleCommand, meta: EventMeta) -> Reaction:
    """The first link."""
    said = ServingApplied(model=event.model, replica="0", step_event_id=event.why, versions=())
    return Reaction(events=[Emit(said, time=meta.time)])


def on_applied(event: ServingApplied, meta: EventMeta) -> Reaction:
    """The second link."""
    said = OutcomesMatured(
        model=event.model,
        cohort=Span(start=meta.time, end=meta.time),
        known_until=meta.time,
        label_age_seconds=0.0,
        rows=0,
        labelled=0,
        frauds=0,
    )
    return Reaction(events=[Emit(said, time=meta.time)])


SPECS: Mapping[str, ServiceSpec] = {
    "first": ServiceSpec(
        name="bench-first", service="scorer", routes=[Route(LifecycleCommand, on_command)]
    ),
    "second": ServiceSpec(
        name="bench-second", service="scorer", routes=[Route(ServingApplied, on_applied)]
    ),
}


def forward(settings: KafkaSettings, *, source: str, target: str) -> None:
    """Pass records on for ever, as a service written by hand would."""
    consumer = ck.Consumer(
        {
            **settings.client(),
            "group.id": f"{source}-link",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 200,
        }
    )
    producer = ck.Producer({**settings.client(), "acks": "all", "linger.ms": 0})
    consumer.subscribe([source])
    while True:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            producer.produce(target, message.value(), message.key())
            producer.flush()


@contextmanager
def linked(*names: str, environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run links as processes; they are ended on the way out."""
    with ExitStack() as stack:
        yield [stack.enter_context(ended(start(name, environment=environment))) for name in names]


def start(name: str, *, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the link `name`."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.links", name],
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End `process` on the way out, politely and then not."""
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(name: str) -> int:
    """Be the link `name`."""
    settings = ServiceSettings()
    if name in SPECS:
        return run_service(lambda: _spec(name), settings=settings)
    at = 0 if name == "peer-first" else 1
    forward(settings.kafka, source=PEER_CHAIN[at], target=PEER_CHAIN[at + 1])
    return 0


@contextmanager
def _spec(name: str) -> Iterator[ServiceSpec]:
    yield SPECS[name]


if __name__ == "__main__":
    leave(main(sys.argv[1]))
