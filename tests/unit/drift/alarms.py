"""A lake with a reference and a drifted window in it, and the alarm that they raise."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evermodel.common.events.drift import DriftDetected, FeatureEvidence
from evermodel.common.events.payload import Span
from evermodel.common.kernel.ids import EpisodeId, EventId, LifecycleId, ModelName, ReferenceId
from evermodel.drift.domain.alarms import Alarm
from evermodel.lake.columns import feature_column
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import DAY, MONDAY, features, referenced

WEEKS = 4
WINDOW = "fraud/scored/day=2018-06-05/w=20180605T0000/p0-000000000000.parquet"


def write_day(root: Path, path: str, day: datetime, number: int, *, shift: float, id_: str) -> None:
    columns = features(number, rows=1000, shift=shift)
    times = [day + timedelta(minutes=n) for n in range(1000)]
    table = {
        "time": pa.array(times, pa.timestamp("us", tz="UTC")),
        feature_column("amount"): pa.array(columns["amount"], pa.float64()),
        feature_column("shop"): pa.array(columns["shop"], pa.string()),
        feature_column("night"): pa.array(columns["night"], pa.float64()),
        "reference": pa.array([id_] * 1000, pa.string()),
    }
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), root / path)


def write_lake(root: Path) -> Reference:
    """Write the four weeks that the reference was made from, the reference, and one drifted day."""
    reference = referenced()
    for number in range(7 * WEEKS):
        day = MONDAY + (number - 7 * WEEKS) * DAY
        path = f"fraud/scored/day={day:%Y-%m-%d}/w={day:%Y%m%dT%H%M}/p0-000000000000.parquet"
        write_day(root, path, day, 1000 + number, shift=0, id_="an earlier one")
    write_day(root, WINDOW, MONDAY + DAY, 1, shift=0.8, id_=reference.reference_id)
    reference.save(root / "fraud" / "references" / reference.reference_id)
    return reference


def alarm(event_id: str, reference: Reference) -> Alarm:
    evidence = FeatureEvidence(
        feature="amount",
        kind="continuous",
        effect=0.22,
        gate=0.06,
        p_value=1e-12,
        significant=True,
        flagged=True,
        consecutive=2,
    )
    verdict = DriftDetected(
        model=ModelName("fraud"),
        window=Span(start=MONDAY + DAY, end=MONDAY + 2 * DAY),
        episode_id=EpisodeId("fraud/e"),
        cause="feature",
        severity="retrain",
        onset=MONDAY,
        features=("amount",),
        rows=1000,
        reference_id=ReferenceId(reference.reference_id),
        champion=1,
        policy="rule-1/abc",
        reason="amount by 0.220 moved: the change persists",
        evidence=(evidence,),
        lake=(WINDOW,),
    )
    return Alarm(
        event_id=EventId(event_id),
        time=MONDAY + 2 * DAY,
        lifecycle_id=LifecycleId("l"),
        verdict=verdict,
    )


def without_rows(given: Alarm) -> Alarm:
    return replace(given, verdict=given.verdict.model_copy(update={"lake": ()}))
