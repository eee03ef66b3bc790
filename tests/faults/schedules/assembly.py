"""Each service as its own composition root makes it, over folders, with points at every port.

Owns which stand-in keeps which promise, and how each says that it does not answer.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evermodel.artefact.bundle import digest_of
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.models.description import ModelDescription
from evermodel.deployer import wiring as deployer
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import RepositoryUnavailable
from evermodel.drift import wiring as drift
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.registrar import wiring as registrar
from evermodel.registrar.adapters.directory_artefacts import DirectoryArtefacts
from evermodel.registrar.adapters.directory_judgements import DirectoryJudgements
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.scorer import wiring as scorer
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.folder_bundles import folder_download
from evermodel.scorer.adapters.logistic_scoring import LogisticScoring
from evermodel.scorer.ports import BundleUnreachable
from evermodel.trainer import wiring as trainer
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.ports import Unavailable
from tests.faults.schedules.here import Here
from tests.faults.schedules.mischief import Mischief, watched
from tests.faults.schedules.numbered_runs import NumberedRuns
from tests.faults.schedules.parts import FormulaChild, evaluate
from tests.faults.schedules.story import BANK, MODEL

MODELS: dict[str, ModelDescription] = {BANK: MODEL}


class Place(Protocol):
    """What outlasts a process."""

    folder: Path
    mischief: Mischief
    broker: MemoryBroker
    clock: SimulatedClock
    repository: MemoryRepository


def assemble(service: str, place: Place, *, instance: str) -> ServiceSpec:
    """Return a new process of `service`: nothing of an earlier one is in its memory."""
    return SERVICES[service](place, instance)


def _away() -> Exception:
    return Transient("it does not answer")


def _full() -> Exception:
    return OSError(errno.ENOSPC, "no space left")


def _scorer(place: Place, instance: str) -> ServiceSpec:
    bundles = CachedBundles(
        place.folder / "work" / f"bundles-{instance}",
        download=folder_download(place.folder / "runs"),
        digest_of=digest_of,
    )
    return scorer.assemble(
        models=MODELS,
        bundles=watched(
            bundles,
            "scorer.bundles",
            place.mischief,
            unanswered=lambda: BundleUnreachable("it does not answer"),
            does=("fetch",),
        ),
        scoring=watched(
            LogisticScoring(digest_of=digest_of),
            "scorer.scoring",
            place.mischief,
            unanswered=_full,
            does=("load",),
        ),
        replica=instance,
        clock=place.clock,
        beside=Here(),
    )


def _references(place: Place, service: str) -> LakeReferences:
    return watched(
        LakeReferences(place.folder / "lake"),
        f"{service}.references",
        place.mischief,
        unanswered=_away,
        does=(),
        asks=("get",),
    )


def _windower(place: Place, _instance: str) -> ServiceSpec:
    return drift.assemble_windower(
        models=MODELS,
        references=_references(place, "drift-windower"),
        lake=watched(
            ParquetLake(place.folder / "lake"),
            "drift-windower.lake",
            place.mischief,
            unanswered=_away,
            does=("write",),
        ),
        codec=MsgpackTallies(),
        partitions=place.broker.partitions,
    )


def _detector(place: Place, _instance: str) -> ServiceSpec:
    return drift.assemble_detector(
        models=MODELS, references=_references(place, "drift-detector"), clock=place.clock
    )


def _outcomes(place: Place, _instance: str) -> ServiceSpec:
    lake = watched(
        DuckdbOutcomes(place.folder / "lake"),
        "drift-outcomes.lake",
        place.mischief,
        unanswered=_away,
        does=(),
        asks=("join",),
    )
    return drift.assemble_outcomes(models=MODELS, lake=lake)


def _trainer(place: Place, instance: str) -> ServiceSpec:
    def away() -> Exception:
        return Unavailable("it does not answer")

    mischief = place.mischief
    return trainer.assemble(
        models=MODELS,
        child=watched(FormulaChild(), "trainer.child", mischief, unanswered=away, does=("run",)),
        runs=watched(
            NumberedRuns(place.folder / "runs"),
            "trainer.runs",
            mischief,
            unanswered=away,
            does=("record",),
            asks=("find",),
        ),
        workspace=watched(
            FolderWorkspace(place.folder / "work" / f"trainer-{instance}"),
            "trainer.workspace",
            mischief,
            unanswered=_full,
            does=("folder",),
        ),
        lake=str(place.folder / "lake"),
        pause=place.clock.advance,
        monotonic=place.clock.monotonic,
    )


def _registrar(place: Place, instance: str) -> ServiceSpec:
    mischief, root = place.mischief, place.folder / "registry"
    evaluator = StagedEvaluator(
        store=DirectoryArtefacts(place.folder / "runs"),
        run=evaluate,
        work=place.folder / "work" / f"registrar-{instance}",
    )
    return registrar.assemble(
        models=MODELS,
        registry=watched(
            DirectoryRegistry(root),
            "registrar.registry",
            mischief,
            unanswered=_away,
            does=("register", "set_alias", "drop_alias", "quarantine"),
            asks=("aliased", "is_quarantined"),
        ),
        judgements=watched(
            DirectoryJudgements(root),
            "registrar.judgements",
            mischief,
            unanswered=_away,
            does=("keep",),
            asks=("find",),
        ),
        evaluator=watched(
            evaluator, "registrar.evaluator", mischief, unanswered=_away, does=("evaluate",)
        ),
    )


def _deployer(place: Place, _instance: str) -> ServiceSpec:
    repository = watched(
        place.repository,
        "deployer.repository",
        place.mischief,
        unanswered=lambda: RepositoryUnavailable("it does not answer"),
        does=("write",),
        asks=("desired",),
    )
    return deployer.assemble(
        models=MODELS,
        repository=repository,
        engine=EmbeddedEngine(repository),
        beside=Here(),
    )


SERVICES: dict[str, Callable[[Place, str], ServiceSpec]] = {
    "scorer": _scorer,
    "drift-windower": _windower,
    "drift-detector": _detector,
    "drift-outcomes": _outcomes,
    "trainer": _trainer,
    "registrar": _registrar,
    "deployer": _deployer,
}
