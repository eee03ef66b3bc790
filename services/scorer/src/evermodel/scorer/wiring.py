"""Puts the scorer together; the only module that sees all of it."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from evermodel.artefact.bundle import digest_of
from evermodel.common.events.catalogue import TRANSACTIONS, Topic
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import BatchRoute, ServiceSpec, TableRoute
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.clock import SystemClock
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.mlflow_bundles import MlflowDownload
from evermodel.scorer.adapters.process_scoring import ProcessScoring
from evermodel.scorer.handlers.fault import Fault
from evermodel.scorer.handlers.live import Serving
from evermodel.scorer.handlers.loading import Loader
from evermodel.scorer.handlers.rollout import RolloutHandler
from evermodel.scorer.handlers.transactions import TransactionsHandler, form_of
from evermodel.scorer.ports import Bundles, Scoring
from evermodel.scorer.settings import Settings

_LOG = logging.getLogger(__name__)

#: What `prepare` has started for the `wire` that follows in the same process.
_PREPARED: list[ProcessScoring] = []


def assemble(
    *,
    models: Mapping[str, ModelDescription],
    bundles: Bundles,
    scoring: Scoring,
    replica: str = "0",
    clock: Clock | None = None,
    fault: Fault | None = None,
    beside: Executor | None = None,
    metrics: Metrics | None = None,
) -> ServiceSpec:
    """Return the scorer made of these parts; `beside` asks the store between steps.

    `fault` is a test switch. `metrics`: what some part counts in already.
    """
    if fault is not None:
        _LOG.warning("TEST SWITCH ON: %s", fault)
    named = {ModelName(name): model for name, model in models.items()}
    forms = {name: form_of(model) for name, model in named.items()}
    serving, metrics = Serving(), metrics or Metrics()
    steps = RolloutHandler(
        forms=forms,
        serving=serving,
        loader=Loader(bundles=bundles, scoring=scoring),
        replica=replica,
        metrics=metrics,
        beside=beside or ThreadPoolExecutor(max_workers=1, thread_name_prefix="store"),
    )
    payments = TransactionsHandler(
        models=named,
        forms=forms,
        serving=serving,
        metrics=metrics,
        clock=clock or SystemClock(),
        fault=fault,
    )
    return ServiceSpec(
        name="scorer",
        service="scorer",
        batches=[BatchRoute(topic, payments.on_transactions) for topic in _inputs(models)],
        tables=[TableRoute(RolloutStep, steps.on_rollout_step, latest_only=True)],
        on_tick=steps.on_tick,
        metrics=metrics,
    )


def _inputs(models: Mapping[str, ModelDescription]) -> list[Topic]:
    """Return every topic that some model's payments arrive in, once."""
    names = sorted({model.stream.topic for model in models.values()})
    return [replace(TRANSACTIONS, name=name) for name in names]


def prepare(settings: Settings) -> None:
    """Start the process that loads models: it imports what the first would have to wait for."""
    scoring = _scoring(settings)
    scoring.start()
    _PREPARED.append(scoring)


def _scoring(settings: Settings) -> ProcessScoring:
    return ProcessScoring(home=settings.work, threads=settings.threads)


@contextmanager
def wire(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the scorer made of them.

    Raises:
        BadModelFile: a model description cannot be used.
        Misconfigured: the fault switch is misspelt.
    """
    bundles = CachedBundles(
        settings.work / "bundles",
        download=MlflowDownload(settings.tracking_uri),
        digest_of=digest_of,
    )
    with (
        _PREPARED.pop() if _PREPARED else _scoring(settings) as scoring,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as beside,
    ):
        yield assemble(
            models=read_models(settings.models),
            bundles=bundles,
            scoring=scoring,
            replica=settings.loop.instance,
            fault=Fault.parse(settings.fault) if settings.fault else None,
            beside=beside,
            metrics=scoring.metrics,
        )
