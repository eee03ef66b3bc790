"""A bad canary on a real broker, two real services and Git: evidence in, weight 0 out.

    transactions.windowed (bad) ──▶ deployer: rollout.step aborted ──▶ scorer
                                                    └──▶ Git commit, rollout.step resumed

Bad here: at 10 % the challenger alerts on everything it decides. Measured from publishing that
window to the step being seen, and to the scorer's word that nothing reaches the version.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, Figures
from benchmarks.links import ended
from benchmarks.watching import EVENT_TIME, Bed, Eyes, bed, said
from evermodel.artefact.sample import write_sample
from evermodel.common.events.catalogue import (
    MODEL_VALIDATED,
    ROLLOUT_STEP,
    SERVING_APPLIED,
    TRANSACTIONS_WINDOWED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.ids import EventId, ModelName, ReferenceId
from evermodel.common.messaging.records import Record
from evermodel.common.models.file import parse_model
from evermodel.tracking.client import connect

MODEL = """
[model]
name = "fraud"
[stream]
time = "TIME"
label = "FRAUD"
[features]
continuous = ["AMOUNT"]
"""
DAY = timedelta(days=1)
TRACKING = "MLFLOW_TRACKING_URI"
ROWS = 10_000
LOW, HIGH = 0, 19
#: Before that window come the payments, the windower and the detector: see `hops`.
UNIT = "s from transactions.windowed"


def measure(*, quick: bool) -> Figures:
    """Return seconds from bad evidence to no weight."""
    rounds = 3 if quick else 10
    with bed() as made, services(made):
        story = Story(made)
        story.install(1)
        taken = [story.take_back(version) for version in range(2, 2 + rounds)]
    stepped, applied = zip(*taken, strict=True)
    return {
        "evidence_to_weight_zero_p50": Figure(median(stepped), UNIT),
        "evidence_to_weight_zero_max": Figure(max(stepped), UNIT),
        "evidence_to_scorer_applied_p50": Figure(median(applied), UNIT),
        "evidence_to_scorer_applied_max": Figure(max(applied), UNIT),
    }


@contextmanager
def services(made: Bed) -> Iterator[None]:
    """Run deployer and scorer beside the broker."""
    (made.folder / "model.toml").write_text(MODEL, encoding="utf-8")
    repository = made.folder / "config.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", repository], check=True)
    environment = {
        **made.environment,
        "EVERMODEL_MODELS": str(made.folder / "model.toml"),
        "EVERMODEL_CONFIG_REPOSITORY": str(repository),
        "EVERMODEL_WORK": str(made.folder / "work"),
        TRACKING: _tracking(made.folder),
    }
    with ExitStack() as stack:
        for name in ("deployer", "scorer"):
            log = stack.enter_context((made.folder / f"{name}.log").open("wb"))
            stack.enter_context(ended(_service(name, environment, log.fileno())))
        yield


def _artefacts(made: Bed) -> str | None:
    """Return where a store without a server keeps artefacts; None: its server knows."""
    return None if TRACKING in made.environment else (made.folder / "artefacts").as_uri()


def _tracking(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def _service(name: str, environment: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"evermodel.{name}"]
    return subprocess.Popen(command, env=dict(environment), stdout=log, stderr=log)


class Story:
    """Tells the deployer what it needs to hear, and watches what follows."""

    def __init__(self, made: Bed) -> None:
        self._made = made
        self._days = count()
        self._features = parse_model(MODEL, source="benchmark").features
        self._store = connect(made.environment.get(TRACKING, _tracking(made.folder)))
        self._experiment = self._store.create_experiment("fraud", _artefacts(made))

    def install(self, version: int) -> None:
        """Make `version` the first champion."""
        self._accept(version, champion=None)

    def take_back(self, version: int) -> tuple[float, float]:
        """Bring a challenger to 10 % and show that it is bad; return the two delays."""
        self._accept(version, champion=1)
        self._window(version, decided_by=(1,), bin_of_challenger=LOW, until="advanced")
        return self._window(
            version, decided_by=(1, version), bin_of_challenger=HIGH, until="aborted"
        )

    def _accept(self, version: int, *, champion: int | None) -> None:
        bundle = self._made.folder / f"v{version}"
        digest = write_sample(bundle, features=self._features, weights={"AMOUNT": version / 100})
        event = ModelValidated(
            model=ModelName("fraud"),
            verdict="accepted",
            reasons=("benchmark",),
            gates=(),
            trained_by=EventId(f"trained-{version}"),
            champion=champion,
            version=version,
            model_uri=f"models:/fraud/{version}",
            run_id=f"run{version}",
            artefact=_artefact(self._stored(bundle), digest),
        )
        self._tell(event, MODEL_VALIDATED.name, until="promoted" if champion is None else "started")

    def _stored(self, bundle: Path) -> str:
        """Put `bundle` where MLflow keeps artefacts: a scorer takes none from elsewhere."""
        run = self._store.create_run(self._experiment).info.run_id
        self._store.log_artifacts(run, str(bundle), "bundle")
        return f"runs:/{run}/bundle"

    def _window(
        self, version: int, *, decided_by: tuple[int, ...], bin_of_challenger: int, until: str
    ) -> tuple[float, float]:
        served = [
            _counts(by, scored, bin_of_challenger if scored == version and by == version else LOW)
            for by in decided_by
            for scored in (1, version)
        ]
        end = self._now() + DAY
        event = TransactionsWindowed.model_validate(
            {
                "model": "fraud",
                "window": {"start": end - DAY, "end": end},
                "counters": {"rows": ROWS * len(decided_by), "served": served},
                "quality": "pass",
                "champion": 1,
            }
        )
        return self._tell(event, TRANSACTIONS_WINDOWED.name, until=until)

    def _now(self) -> datetime:
        return EVENT_TIME + 2 * DAY * next(self._days)

    def _tell(
        self, event: ModelValidated | TransactionsWindowed, topic: str, *, until: str
    ) -> tuple[float, float]:
        """Return seconds until the step and until the scorer's answer; eyes are open by then."""
        eyes = self._made.eyes(ROLLOUT_STEP.name, SERVING_APPLIED.name)
        now = event.window.end if isinstance(event, TransactionsWindowed) else self._now()
        record = said(event, topic=topic, event_id=f"{topic}-{now:%m%d}", time=now)
        start = time.perf_counter()
        self._made.broker.publish([record])
        try:
            stepped, applied = _seen(eyes, until)
            return stepped - start, applied - start
        finally:
            eyes.close()


def _seen(eyes: Eyes, action: str) -> tuple[float, float]:
    """Return when the step with `action` was seen, and the scorer's answer to it."""
    moment, record = eyes.until(lambda r: _action(r) == action)
    step = decode(RolloutStep, value=record.value, headers=record.headers).meta.id.encode()
    applied, answer = eyes.until(lambda r: _answers(r, step))
    if b'"failed"' in (answer.value or b""):
        raise RuntimeError(f"a version is not served: {(answer.value or b'').decode()}")
    return moment, applied


def _answers(record: Record, step: bytes) -> bool:
    return record.topic == SERVING_APPLIED.name and step in (record.value or b"")


def _action(record: Record) -> str | None:
    if record.topic != ROLLOUT_STEP.name:
        return None
    return decode(RolloutStep, value=record.value, headers=record.headers).payload.action


def _artefact(uri: str, digest: str) -> Artefact:
    return Artefact(uri=uri, digest=digest, threshold=0.5, reference_id=ReferenceId("none"))


def _counts(decided_by: int, version: int, bin_number: int) -> dict[str, object]:
    histogram = [ROWS if n == bin_number else 0 for n in range(20)]
    return {
        "decided_by": decided_by,
        "version": version,
        "rows": ROWS,
        "failed": 0,
        "alerts": ROWS if bin_number == HIGH else ROWS // 100,
        "histogram": histogram,
    }
