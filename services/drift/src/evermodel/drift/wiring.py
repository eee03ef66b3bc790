"""Puts the drift roles together; the only module that sees all of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from evermodel.common.events.catalogue import (
    DETECTOR_STATE,
    LABELS,
    OUTCOMES_STATE,
    TRANSACTIONS_SCORED,
    WINDOWER_STATE,
)
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import TransactionsPartial, TransactionsWindowed
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import BatchRoute, Route, ServiceSpec
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.bounded import Bounds
from evermodel.common.runtime.clock import SystemClock
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.adapters.kafka_backlog import KafkaBacklog
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake, import_pandas
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.handlers.checking import Checking
from evermodel.drift.handlers.detector import SOURCE, Detector
from evermodel.drift.handlers.outcomes import OutcomesHandler
from evermodel.drift.handlers.reporting import Reporting
from evermodel.drift.handlers.windower import Windower
from evermodel.drift.ports import (
    Backlog,
    OutcomesLake,
    PartitionCount,
    References,
    Reports,
    RowLake,
    TallyCodec,
)
from evermodel.drift.settings import Settings


def assemble_windower(
    *,
    models: Mapping[str, ModelDescription],
    references: References,
    lake: RowLake,
    codec: TallyCodec,
    partitions: PartitionCount,
    clock: Clock | None = None,
) -> ServiceSpec:
    """Return the windower made of these parts.

    `clock` None, as where the wall clock stands still: a partition's first date is taken as it is.
    """
    windower = Windower(
        models=models,
        references=references,
        lake=lake,
        codec=codec,
        partitions=partitions,
        clock=clock,
    )
    return ServiceSpec(
        name="drift-windower",
        service="drift",
        batches=[
            BatchRoute(TRANSACTIONS_SCORED, windower.on_records),
            BatchRoute(LABELS, windower.on_records),
        ],
        state=WINDOWER_STATE,
        assignment=windower,
        on_handover=windower.on_handover,
    )


def prepare_windower(_settings: Settings) -> None:
    """Import what the first rows would have to wait for."""
    import_pandas()


@contextmanager
def wire_windower(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the windower made of them."""
    broker, models = KafkaBroker(settings.kafka), read_models(settings.models)
    try:
        yield assemble_windower(
            models=models,
            references=LakeReferences(settings.lake, models=len(models)),
            lake=ParquetLake(settings.lake),
            codec=MsgpackTallies(),
            partitions=broker.partitions,
            clock=SystemClock(),
        )
    finally:
        broker.close()


def assemble_detector(
    *,
    models: Mapping[str, ModelDescription],
    references: References,
    clock: Clock,
    idle_seconds: float = 0.0,
    backlog: Backlog | None = None,
    reports: Reports | None = None,
    pause: Callable[[float], object] | None = None,
    wall: Clock | None = None,
) -> ServiceSpec:
    """Return the detector made of these parts.

    `idle_seconds` 0: every partition is waited for. `backlog` None: silence is enough. `reports`
    None: none are made, as in the twin. `pause`: waits for a store of reports that is away. `wall`
    None, as where the wall clock stands still: the date of what a system upstream gives is taken as
    it is.
    """
    metrics = Metrics()
    detector = Detector(
        models=models,
        checking=Checking(references),
        reporting=Reporting(
            reports=reports,
            source=SOURCE,
            pause=pause or threading.Event().wait,
            metrics=metrics,
        ),
        clock=clock,
        idle_seconds=idle_seconds,
        backlog=backlog,
        wall=wall,
    )
    return ServiceSpec(
        name="drift-detector",
        service="drift",
        routes=[
            Route(TransactionsPartial, detector.on_transactions_partial),
            Route(TransactionsWindowed, detector.on_transactions_windowed),
            Route(OutcomesMatured, detector.on_outcomes_matured),
            Route(RolloutStep, detector.on_rollout_step),
        ],
        state=DETECTOR_STATE,
        assignment=detector,
        on_tick=detector.on_tick,
        metrics=metrics,
    )


@contextmanager
def wire_detector(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the detector made of them."""
    models = read_models(settings.models)
    topics = {model.stream.topic for model in models.values()}
    with closing(KafkaBacklog(settings.kafka, scored_from=topics)) as backlog:
        yield assemble_detector(
            models=models,
            references=LakeReferences(settings.lake, models=len(models)),
            clock=SystemClock(),
            idle_seconds=settings.idle_seconds,
            backlog=backlog,
            reports=ProcessReports(
                lake=settings.lake,
                tracking_uri=settings.tracking_uri,
                work=settings.work,
                bounds=Bounds(settings.report_seconds, settings.report_memory_mb),
            ),
            wall=SystemClock(),
        )


def assemble_outcomes(
    *, models: Mapping[str, ModelDescription], lake: OutcomesLake, wall: Clock | None = None
) -> ServiceSpec:
    """Return the role ``outcomes`` made of these parts.

    `wall` None, as where the wall clock stands still: every window's date is taken as it is.
    """
    handler = OutcomesHandler(models=models, lake=lake, wall=wall)
    return ServiceSpec(
        name="drift-outcomes",
        service="drift",
        routes=[Route(TransactionsWindowed, handler.on_transactions_windowed)],
        state=OUTCOMES_STATE,
        assignment=handler,
    )


@contextmanager
def wire_outcomes(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the role made of them."""
    yield assemble_outcomes(
        models=read_models(settings.models),
        lake=DuckdbOutcomes(settings.lake),
        wall=SystemClock(),
    )
