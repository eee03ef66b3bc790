"""The demo waits for exactly what the services handle: a route it forgot would be a race."""

from typing import Any

from evermodel.common.events.catalogue import topic_of
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.demo.watching import HANDLED
from evermodel.deployer import wiring as deployer
from evermodel.drift import wiring as drift
from evermodel.registrar import wiring as registrar
from evermodel.trainer import wiring as trainer

NOTHING: Any = object()


def specs() -> list[ServiceSpec]:
    return [
        drift.assemble_detector(models={}, references=NOTHING, clock=SimulatedClock()),
        drift.assemble_outcomes(models={}, lake=NOTHING),
        trainer.assemble(models={}, child=NOTHING, runs=NOTHING, workspace=NOTHING, lake=""),
        registrar.assemble(models={}, registry=NOTHING, judgements=NOTHING, evaluator=NOTHING),
        deployer.assemble(models={}, repository=NOTHING, engine=NOTHING),
    ]


def test_every_route_of_every_service_is_waited_for() -> None:
    routes = {spec.name: {topic_of(r.payload).name for r in spec.routes} for spec in specs()}
    assert {name: set(topics) for name, topics in HANDLED.items()} == routes
