"""What the report's child is told, and what it answers: one file each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import Filed

#: Artefacts of a report's run.
VERDICT, PICTURES, SCORES = "verdict.json", "evidently.html", "evidently.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The report to make. `lake`: its root folder. `rows`: of each sample, drawn by `seed`."""

    alarm: Alarm
    lake: Path
    tracking_uri: str
    without: str = ""
    rows: int = 20_000
    seed: int = 7


@dataclass(frozen=True, slots=True)
class NotFiled:
    """Why there is no report, and whether to ask again."""

    why: Literal["unavailable", "failed"]
    reason: str


ORDER = TypeAdapter(Order)
ALARM = TypeAdapter(Alarm)
ANSWER: TypeAdapter[Filed | NotFiled] = TypeAdapter(Filed | NotFiled)
