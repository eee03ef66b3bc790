"""Reports in memory. Held to the contract of the real ones: tests/contract/reports."""

from dataclasses import dataclass, field

from evermodel.common.kernel.ids import EventId
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import Filed, ReportFailed, Unavailable


@dataclass
class FakeReports:
    """`away`: how many times the store does not answer before it does."""

    away: int = 0
    filed: dict[EventId, Filed] = field(default_factory=dict)
    asked: list[EventId] = field(default_factory=list)

    def file(self, alarm: Alarm, *, without: str = "") -> Filed:
        self.asked.append(alarm.event_id)
        if self.away:
            self.away -= 1
            raise Unavailable("nobody listens")
        if alarm.event_id not in self.filed:
            if not (without or alarm.verdict.lake):
                raise ReportFailed("the window of the verdict has no rows in the lake")
            run = f"run-{len(self.filed)}"
            self.filed[alarm.event_id] = Filed(run_id=run, url=f"fake/{run}", without=without)
        return self.filed[alarm.event_id]
