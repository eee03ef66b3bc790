"""The report after an alarm, by real Evidently, in a real MLflow server."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ks_2samp

from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.runtime.bounded import Bounds
from evermodel.demo.drift_reports import fetch_reports
from evermodel.drift.adapters.lake_samples import LakeSamples
from evermodel.drift.adapters.mlflow_reports import VERDICT_TAG, WITHOUT_TAG, MlflowReports
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.adapters.report_papers import ALARM, PICTURES, SCORES, VERDICT
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import ReportFailed
from evermodel.playback.journal import Journal
from evermodel.profile.assessment import assess
from evermodel.profile.reference import Reference
from tests.unit.drift.alarms import WINDOW, alarm, write_lake
from tests.unit.drift.bench import DAY, MONDAY
from tests.unit.drift.detecting import Desk
from tests.unit.drift.drifting import drift, retrain

AMPLE = Bounds(600, 1024)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def reference(lake: Path) -> Reference:
    return write_lake(lake)


@pytest.fixture
def reports(mlflow_server: str, lake: Path, tmp_path: Path) -> ProcessReports:
    return ProcessReports(lake=lake, tracking_uri=mlflow_server, work=tmp_path, bounds=AMPLE)


@pytest.fixture
def client(mlflow_server: str) -> Any:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415  # seconds

    return MlflowClient(tracking_uri=mlflow_server)


def said_by(given: Alarm) -> Event[Payload]:
    """Return the event of the verdict, as a reader of the topics sees it."""
    verdict = given.verdict
    meta = EventMeta(
        id=given.event_id, type=verdict.TYPE, source="/t", subject="fraud", time=given.time
    )
    return Event(verdict, meta)


def test_the_verdict_and_evidentlys_page_lie_in_one_run(
    reports: ProcessReports, reference: Reference, client: Any, tmp_path: Path, mlflow_server: str
) -> None:
    given = alarm("one", reference)
    filed = reports.file(given)
    experiment = client.get_experiment_by_name("fraud/drift").experiment_id
    runs = client.search_runs([experiment], filter_string=f"tags.`{VERDICT_TAG}` = 'one'")
    assert [(r.info.run_id, r.info.status) for r in runs] == [(filed.run_id, "FINISHED")]
    assert filed.url.endswith(f"/#/experiments/{experiment}/runs/{filed.run_id}")
    assert runs[0].data.metrics == {"effect/amount": 0.22, "rows": 1000}

    folder = Path(client.download_artifacts(filed.run_id, "", str(tmp_path / "got")))
    assert ALARM.validate_json((folder / VERDICT).read_bytes()) == given
    assert "<html" in (folder / PICTURES).read_text(encoding="utf-8")[:2000].lower()
    scores = {
        metric["config"]["column"]: metric["value"]
        for metric in json.loads((folder / SCORES).read_text())["metrics"]
        if "column" in metric.get("config", {})
    }
    assert set(scores) == {"amount", "shop", "night"}
    assert scores["amount"] > 0.2
    assert scores["shop"] < 0.06 > scores["night"]
    assert list(tmp_path.glob("report-*")) == [], "scratch goes when the report is filed"

    said: list[str] = []
    (page,) = fetch_reports(
        Journal((said_by(given),)),
        model="fraud",
        mlflow=mlflow_server,
        out=tmp_path,
        clock=SimulatedClock(),
        say=said.append,
    )
    assert page.read_bytes() == (folder / PICTURES).read_bytes()
    assert str(page) in said[0]


def test_a_run_without_pictures_says_why(
    reports: ProcessReports, reference: Reference, client: Any
) -> None:
    filed = reports.file(alarm("numbers", reference), without="no time")
    assert client.get_run(filed.run_id).data.tags[WITHOUT_TAG] == "no time"
    assert [file.path for file in client.list_artifacts(filed.run_id)] == [VERDICT]


def test_more_numbers_than_mlflow_takes_at_once_are_all_kept(
    reference: Reference, client: Any, tmp_path: Path, mlflow_server: str
) -> None:
    given = alarm("wide", reference)
    one = given.verdict.evidence[0]
    many = [one.model_copy(update={"feature": f"feature {n}"}) for n in range(1100)]
    wide = replace(given, verdict=given.verdict.model_copy(update={"evidence": many}))

    filed = MlflowReports(mlflow_server).record(wide, tmp_path, without="")

    assert len(client.get_run(filed.run_id).data.metrics) == 1101


@pytest.mark.parametrize(
    ("bounds", "why"), [(Bounds(0.3, 1024), "longer than 0.3 s"), (Bounds(60, 30), "than 30 MB")]
)
def test_a_report_that_takes_too_much_is_ended_and_has_failed(
    lake: Path, reference: Reference, mlflow_server: str, tmp_path: Path, bounds: Bounds, why: str
) -> None:
    greedy = ProcessReports(lake=lake, tracking_uri=mlflow_server, work=tmp_path, bounds=bounds)
    with pytest.raises(ReportFailed, match=why):
        greedy.file(alarm("greedy", reference))


def test_samples_are_the_windows_rows_and_the_same_each_time(
    lake: Path, reference: Reference
) -> None:
    verdict = alarm("samples", reference).verdict
    samples = LakeSamples(lake, rows=500, seed=7)
    before, after = samples.trained(verdict, reference), samples.drifted(verdict, reference)
    assert (len(before), len(after)) == (500, 500)
    assert before.equals(samples.trained(verdict, reference))
    assert not before.equals(LakeSamples(lake, rows=500, seed=8).trained(verdict, reference))
    every = LakeSamples(lake, rows=20_000, seed=7)
    assert len(every.trained(verdict, reference)) == 4000, "four Tuesdays, as the rule compares"


def test_where_a_feature_had_drifted_before_only_rows_since_then_are_normal(
    lake: Path, reference: Reference
) -> None:
    rebased = replace(reference, since={"amount": MONDAY - 3 * DAY})
    samples = LakeSamples(lake, rows=20_000, seed=7)
    assert len(samples.trained(alarm("since", reference).verdict, rebased)) == 3000


def test_what_the_page_measures_is_what_the_rule_measured(lake: Path, reference: Reference) -> None:
    """Our D from counters at 256 edges and SciPy's from rows differ by less than an edge."""
    verdict = alarm("scipy", reference).verdict
    samples = LakeSamples(lake, rows=20_000, seed=7)
    before, after = samples.trained(verdict, reference), samples.drifted(verdict, reference)
    counted = reference.count({name: after[name].to_numpy() for name in after.columns})
    found = {
        a.feature: a.effect
        for a in assess(
            counted, reference, window_class="1", min_effect=0.05, false_discovery_rate=0.01
        )
    }
    exact = ks_2samp(before["amount"], after["amount"]).statistic
    assert abs(found["amount"] - exact) <= 1 / 256


def test_the_detectors_alarm_has_one_run_also_when_the_topics_are_read_all_over_again(
    reports: ProcessReports, reference: Reference, client: Any
) -> None:
    for _ in range(2):
        desk = Desk(reference, reports)
        desk.start()
        drift(desk, files=(WINDOW,))
    experiment = client.get_experiment_by_name("fraud/drift").experiment_id
    tag = f"tags.`{VERDICT_TAG}` = '{retrain(desk)}'"
    (run,) = client.search_runs([experiment], filter_string=tag)
    assert run.info.status == "FINISHED"
    assert {f.path for f in client.list_artifacts(run.info.run_id)} == {VERDICT, PICTURES, SCORES}
    assert '"owed":{}' in desk.state()
