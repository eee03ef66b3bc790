"""The catalogue lists a service for the topics it is wired to, and for no other.

Rights on the brokers are made from it: one topic too many is a right that nobody uses.
"""

from typing import Any, cast

import pytest

from evermodel.common.events.access import Grant, grants, roles
from evermodel.common.events.catalogue import CATALOGUE, topic_of
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.deployer.wiring import assemble as assemble_deployer
from evermodel.drift.wiring import assemble_detector, assemble_outcomes, assemble_windower
from evermodel.registrar.wiring import assemble as assemble_registrar
from evermodel.scorer.wiring import assemble as assemble_scorer
from evermodel.trainer.wiring import assemble as assemble_trainer
from tests.unit.drift.bench import described

#: Stands for every port: putting a service together asks none of them anything.
UNASKED = cast(Any, object())
MODELS = {"fraud": described()}
SPECS = [
    assemble_scorer(models=MODELS, bundles=UNASKED, scoring=UNASKED, beside=UNASKED),
    assemble_windower(
        models=MODELS, references=UNASKED, lake=UNASKED, codec=UNASKED, partitions=UNASKED
    ),
    assemble_detector(models=MODELS, references=UNASKED, clock=SimulatedClock()),
    assemble_outcomes(models=MODELS, lake=UNASKED),
    assemble_trainer(models=MODELS, child=UNASKED, runs=UNASKED, workspace=UNASKED, lake="lake"),
    assemble_registrar(models=MODELS, registry=UNASKED, judgements=UNASKED, evaluator=UNASKED),
    assemble_deployer(models=MODELS, repository=UNASKED, engine=UNASKED, beside=UNASKED),
]


def consumed(spec: ServiceSpec) -> set[str]:
    payloads = {*(route.payload for route in spec.routes), *(t.payload for t in spec.tables)}
    events = {topic_of(payload).name for payload in payloads}
    return events | {batch.topic.name for batch in spec.batches} | kept(spec)


def kept(spec: ServiceSpec) -> set[str]:
    return set() if spec.state is None else {spec.state.name}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_service_is_listed_as_consumer_of_what_it_reads_and_of_nothing_else(
    spec: ServiceSpec,
) -> None:
    assert {t.name for t in CATALOGUE if spec.name in t.consumers} == consumed(spec)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_service_is_listed_as_producer_of_its_state_and_its_dead_letters(
    spec: ServiceSpec,
) -> None:
    listed = {t.name for t in CATALOGUE if spec.name in t.producers and t.plane != "lifecycle"}
    payments = {"transactions.scored"} if spec.name == "scorer" else set()
    assert listed == kept(spec) | {f"{spec.service}.dead-letter"} | payments


def test_only_the_console_is_put_together_otherwise_and_it_only_reads() -> None:
    assert {*roles()} - {spec.name for spec in SPECS} == {"console"}
    assert [topic.name for topic in CATALOGUE if "console" in topic.producers] == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_who_reads_a_table_whole_may_read_what_it_gave_up_of_it_and_nobody_else(
    spec: ServiceSpec,
) -> None:
    letters = Grant("topic", f"{spec.service}.dead-letter", "read")
    assert (letters in grants(spec.name)) == bool(spec.tables)
