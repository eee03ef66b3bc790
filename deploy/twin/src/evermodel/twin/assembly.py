"""All services in one process, over the in-memory broker and a clock that stands still.

Owns which part stands in for which server: folders for MLflow and the lake, a bare repository
of its own for Git. The handlers are the services' own, every one of them.

    <folder>/  lake/  runs/  registry/  config.git/  work/
"""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evermodel.artefact.bundle import digest_of
from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.beside import Inline
from evermodel.common.messaging.lockstep import SimulatedClock, run_until_quiet
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.models.description import ModelDescription
from evermodel.deployer import wiring as deployer
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.git_answer import GitAnswer, ask_git
from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.drift import wiring as drift
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.registrar import wiring as registrar
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.adapters.directory_artefacts import DirectoryArtefacts
from evermodel.registrar.adapters.directory_judgements import DirectoryJudgements
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.scorer import wiring as scorer
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.folder_bundles import folder_download
from evermodel.scorer.adapters.tensorflow_scoring import TensorflowScoring
from evermodel.scorer.handlers.fault import Fault
from evermodel.trainer import wiring as trainer
from evermodel.trainer.adapters.folder_runs import FolderRuns
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.twin.artefacts import Timed, Unhurried

#: Decisions are the same for any number; one costs least.
PARTITIONS = 1
_EVALUATION_SECONDS, _EVALUATION_MEMORY_MB = 600.0, 3072


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The services, quiet between two calls of `settle`."""

    broker: MemoryBroker
    folder: Path
    clock: SimulatedClock
    loops: tuple[Loop, ...]
    child: Timed

    def settle(self) -> None:
        """Run every service until nothing moves."""
        run_until_quiet(self.loops, clock=self.clock)

    @property
    def lake(self) -> Path:
        """Where rows, labels and references lie."""
        return self.folder / "lake"

    def champion(self, model: str) -> int | None:
        """Return the version that the registry calls champion."""
        found = DirectoryRegistry(self.folder / "registry").aliased(
            ModelName(model), alias="champion"
        )
        return None if found is None else found.version

    def git(self, model: str) -> GitAnswer:
        """Return what the config repository says of `model`."""
        return ask_git(str(self.folder.absolute() / "config.git"), model=model)


@contextmanager
def twin(
    models: Mapping[str, ModelDescription], *, folder: Path, fault: str | None = None
) -> Iterator[Twin]:
    """Yield the services for `models`, everything they keep below `folder`.

    Raises:
        ValueError: `fault` is no ``<version>:<feature>:<factor>``.
    """
    topics = {topic.name: PARTITIONS for topic in CATALOGUE}
    topics |= {model.stream.topic: PARTITIONS for model in models.values()}
    for name in ("lake", "runs", "registry", "config.git", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    clock, broker = SimulatedClock(), MemoryBroker(topics)
    child = Timed(
        ProcessChild(monotonic=time.monotonic, cache=folder / "cache"), monotonic=time.monotonic
    )
    with ExitStack() as stack:
        loops = tuple(
            stack.enter_context(
                Loop(spec, broker=broker, clock=clock, beside=Inline(), ticks=False)
            )
            for spec in _specs(models, folder, child, broker, clock, fault)
        )
        yield Twin(broker=broker, folder=folder, clock=clock, loops=loops, child=child)


def _specs(
    models: Mapping[str, ModelDescription],
    folder: Path,
    child: Timed,
    broker: MemoryBroker,
    clock: SimulatedClock,
    fault: str | None,
) -> Iterator[ServiceSpec]:
    lake, runs, work = folder / "lake", folder / "runs", folder / "work"
    yield scorer.assemble(
        models=models,
        bundles=CachedBundles(
            work / "bundles", download=folder_download(runs), digest_of=digest_of
        ),
        scoring=TensorflowScoring(threads=2),
        fault=Fault.parse(fault) if fault else None,
    )
    yield from _drift(models, lake, broker, clock)
    yield trainer.assemble(
        models=models,
        child=child,
        runs=FolderRuns(runs),
        workspace=FolderWorkspace(work),
        lake=str(lake),
    )
    run = ChildEvaluation(
        max_seconds=_EVALUATION_SECONDS, max_memory_mb=_EVALUATION_MEMORY_MB, home=work
    )
    evaluator = StagedEvaluator(store=DirectoryArtefacts(runs), run=run, work=work)
    yield registrar.assemble(
        models=models,
        registry=DirectoryRegistry(folder / "registry"),
        judgements=DirectoryJudgements(folder / "registry"),
        evaluator=Unhurried(evaluator),
    )
    yield _deployer(models, folder)


def _drift(
    models: Mapping[str, ModelDescription], lake: Path, broker: MemoryBroker, clock: SimulatedClock
) -> Iterator[ServiceSpec]:
    references = LakeReferences(lake, models=len(models))
    yield drift.assemble_windower(
        models=models,
        references=references,
        lake=ParquetLake(lake),
        codec=MsgpackTallies(),
        partitions=broker.partitions,
    )
    yield drift.assemble_detector(models=models, references=references, clock=clock)
    yield drift.assemble_outcomes(models=models, lake=DuckdbOutcomes(lake))


def _deployer(models: Mapping[str, ModelDescription], folder: Path) -> ServiceSpec:
    bare = folder.absolute() / "config.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    repository = GitRepository(str(bare), clone=folder.absolute() / "work" / "config-clone.git")
    return deployer.assemble(
        models=models, repository=repository, engine=EmbeddedEngine(repository)
    )
