"""What everybody who handles within a turn works with, made once by the loop.

Must never grow a decision: these are tools, handed on as they are.
"""

from dataclasses import dataclass

from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.beside import Beside
from evermodel.common.messaging.faultpoints import FaultPoint
from evermodel.common.messaging.outbox import Outbox
from evermodel.common.messaging.reporting import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """`attempts`: how often a bug is met before its record is given up."""

    outbox: Outbox
    beside: Beside
    clock: Clock
    attempts: int
    report: Report
    at: FaultPoint
