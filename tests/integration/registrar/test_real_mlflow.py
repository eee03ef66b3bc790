"""The registrar over a real MLflow server, real bundles and its real child process."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evermodel.artefact.bundle import Feature, features_of
from evermodel.artefact.holdout import Holdout, write_holdout
from evermodel.artefact.sample import write_sample
from evermodel.artefact.scoring import load
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.ids import ModelName
from evermodel.common.testing.sample import settled
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.adapters.mlflow_artefacts import MlflowArtefacts
from evermodel.registrar.adapters.mlflow_judgements import MlflowJudgements
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.adapters.plan import Plan
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.registrar.child.evaluation import evaluate
from evermodel.registrar.domain.evidence import Evaluated, Evaluation
from evermodel.registrar.handlers import Registrar
from tests.unit.registrar.samples import MODEL, artefact, meta, step, trained

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's and MLflow's own
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:keras.*"),
]

ROWS, BLIND = 20_000, "blind"
WEIGHTS = {"good": {"AMOUNT": 0.1}, "twin": {"AMOUNT": 0.1, "NIGHT": 1e-6}, BLIND: {"SHOP": 1.0}}


@dataclass(frozen=True)
class Run:
    """A run of the trainer as it lies in MLflow."""

    run_id: str
    digest: str


def holdout(bundle: Path, *, digest: str, features: tuple[Feature, ...]) -> Holdout:
    """Rows whose frauds are the large amounts, and what the bundle says about them."""
    random = np.random.default_rng(3)
    frauds = random.random(ROWS) < 0.01
    amounts = np.where(frauds, random.normal(100, 10, ROWS), random.normal(30, 10, ROWS))
    shops = np.empty(ROWS, dtype=object)
    shops[:] = ["a" * (1 + i % 7) for i in range(ROWS)]
    columns = {
        "AMOUNT": amounts.astype(np.float32),
        "SHOP": shops,
        "NIGHT": (random.random(ROWS) < 0.3).astype(np.float32),
    }
    start = datetime(2026, 6, 1, tzinfo=UTC)
    return Holdout(
        ids=tuple(str(i) for i in range(ROWS)),
        times=tuple(start + timedelta(seconds=i) for i in range(ROWS)),
        labels=frauds.astype(np.int8),
        scores=load(bundle, expect_digest=digest).score(columns),
        columns={feature.name: columns[feature.name] for feature in features},
    )


@pytest.fixture(scope="module", autouse=True)
def _versions_from_one(mlflow_server: str) -> None:
    """The server is the whole run's, and other files register a model of this name as well."""
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    with suppress(MlflowException):  # nobody has
        MlflowClient(tracking_uri=mlflow_server).delete_registered_model("fraud")


@pytest.fixture(scope="module")
def runs(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Three candidates: two that see large amounts, one that looks at the shop's name."""
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    client, made = MlflowClient(tracking_uri=mlflow_server), {}
    for name, weights in WEIGHTS.items():
        folder = tmp_path_factory.mktemp(name)
        bias = -7.5 if name != BLIND else -6.5
        bundle = folder / "bundle"
        digest = write_sample(
            bundle, features=MODEL.features, weights=weights, bias=bias, model="fraud"
        )
        rows = holdout(bundle, digest=digest, features=features_of(MODEL.features))
        write_holdout(folder / "holdout.parquet", rows)
        run = client.create_run("0").info.run_id
        client.log_artifacts(run, str(folder))
        made[name] = Run(run, digest)
    return made


@pytest.fixture
def registrar(mlflow_server: str, tmp_path: Path) -> Registrar:
    """One that scores in this process, which holds TensorFlow anyway: a child takes seconds."""
    return registrar_over(mlflow_server, tmp_path, run=lambda plan, _folder: evaluate(plan))


def registrar_over(
    mlflow_server: str, work: Path, *, run: Callable[[Plan, Path], Evaluation]
) -> Registrar:
    evaluator = StagedEvaluator(store=MlflowArtefacts(mlflow_server), run=run, work=work)
    return Registrar(
        models={"fraud": MODEL},
        registry=MlflowRegistry(mlflow_server),
        judgements=MlflowJudgements(mlflow_server),
        evaluator=evaluator,
    )


def never(_plan: Plan, _folder: Path) -> Evaluation:
    raise AssertionError("this was judged before")


def train(registrar: Registrar, run: Run, *, id_: str) -> ModelValidated:
    event = trained(run.digest, run_id=run.run_id)
    (emitted,) = settled(registrar.on_model_trained(event, meta(id_))).events
    assert isinstance(emitted.payload, ModelValidated)
    return emitted.payload


def answers(said: ModelValidated) -> dict[str, str]:
    return {gate.gate: gate.verdict for gate in said.gates}


def test_a_lifecycle_of_versions_on_real_parts(
    registrar: Registrar, runs: dict[str, Run], tmp_path: Path, mlflow_server: str
) -> None:
    first = train(registrar, runs["good"], id_="t1")
    assert (first.verdict, first.version) == ("accepted", 1), first.reasons
    assert answers(first)["parity"] == "pass"
    restarted = registrar_over(mlflow_server, tmp_path, run=never)
    assert train(restarted, runs["good"], id_="t1") == first, "and nothing was evaluated"

    settled(registrar.on_rollout_step(step("promoted", version=1, stable=1), meta("s1")))
    second = train(registrar, runs["twin"], id_="t2")
    assert (second.verdict, second.version, second.champion) == ("accepted", 2, 1), second.reasons
    assert answers(second)["not_worse"] == "pass"
    assert {"slice:NIGHT=0", "slice:NIGHT=1"} <= set(answers(second))

    blind = train(registrar, runs[BLIND], id_="t3")
    assert (blind.verdict, blind.version) == ("rejected", None)
    assert answers(blind)["not_worse"] == "fail"

    taken_back = step("aborted", version=2, stable=1, quarantined=(runs["twin"].digest,))
    settled(registrar.on_rollout_step(taken_back, meta("s2")))
    again = train(registrar, runs["twin"], id_="t4")
    assert answers(again)["quarantine"] == "fail"
    registry = MlflowRegistry(mlflow_server)
    champion = registry.aliased(ModelName("fraud"), alias="champion")
    assert champion is not None
    assert champion.version == 1
    assert not list((tmp_path / "evaluations").iterdir())


def test_the_child_process_finds_what_this_process_finds(
    runs: dict[str, Run], tmp_path: Path, mlflow_server: str
) -> None:
    found: list[Evaluation] = []

    def both(plan: Plan, folder: Path) -> Evaluation:
        child = ChildEvaluation(max_seconds=120, max_memory_mb=3072, home=tmp_path)
        found.extend((evaluate(plan), child(plan, folder)))
        return found[-1]

    train(registrar_over(mlflow_server, tmp_path, run=both), runs[BLIND], id_="twice")
    here, there = (replace(e, latency_ms=0.0) for e in found if isinstance(e, Evaluated))
    assert here == there


def test_an_artefact_of_another_digest_is_not_loaded(
    registrar: Registrar, runs: dict[str, Run]
) -> None:
    said = train(registrar, Run(runs["good"].run_id, "sha256:" + "0" * 64), id_="forged")
    assert said.verdict == "rejected"
    assert said.reasons[0].startswith("loads: fail: the bundle's digest is")


def test_a_run_that_is_gone_is_rejected_and_not_waited_for(registrar: Registrar) -> None:
    said = train(registrar, Run("0" * 32, artefact().digest), id_="gone")
    assert said.reasons[0].startswith("loads: fail: no such artefact")


def test_a_server_that_is_down_is_waited_for(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    evaluator = StagedEvaluator(
        store=MlflowArtefacts(nowhere),
        run=ChildEvaluation(max_seconds=1, max_memory_mb=512, home=tmp_path),
        work=tmp_path,
    )
    down = Registrar(
        models={"fraud": MODEL},
        registry=MlflowRegistry(nowhere),
        judgements=MlflowJudgements(nowhere),
        evaluator=evaluator,
    )
    with pytest.raises(Transient):
        train(down, Run("0" * 32, artefact().digest), id_="down")
    with pytest.raises(Transient):
        settled(down.on_rollout_step(step("promoted", version=1, stable=1), meta("s")))


def test_the_service_takes_less_than_400_mb_with_mlflow_loaded() -> None:
    program = (
        "import psutil\n"
        "import evermodel.registrar.wiring\n"
        "from evermodel.tracking.client import connect\n"
        "connect('http://127.0.0.1:9')\n"
        "print(psutil.Process().memory_info().rss >> 20)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) < 400


def test_the_consume_loop_imports_neither_mlflow_nor_tensorflow() -> None:
    program = (
        "import sys, evermodel.registrar.wiring; print({'mlflow', 'tensorflow'} & {*sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
