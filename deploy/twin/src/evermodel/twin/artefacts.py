"""What the twin puts where a process would have a server or a clock."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evermodel.registrar.domain.evidence import Evaluated, Evaluation
from evermodel.registrar.ports import Case, Evaluator
from evermodel.trainer.ports import ChildRunner, Plan, Report


class Unhurried:
    """An evaluator without a stopwatch: a measured latency would differ from run to run.

    The twin answers what a policy would have decided; how fast this machine scores is not part
    of that, so the latency gate sees 0 ms.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def evaluate(self, case: Case) -> Evaluation:
        """Return the evidence, its latency left out."""
        found = self._evaluator.evaluate(case)
        return replace(found, latency_ms=0.0) if isinstance(found, Evaluated) else found


class Timed:
    """A child runner that adds up how long trainings took; for the summary, not for decisions."""

    def __init__(self, child: ChildRunner, *, monotonic: Callable[[], float]) -> None:
        self._child, self._monotonic = child, monotonic
        self.seconds = 0.0

    def run(self, plan: Plan, *, folder: Path) -> Report:
        """Carry out `plan`."""
        began = self._monotonic()
        try:
            return self._child.run(plan, folder=folder)
        finally:
            self.seconds += self._monotonic() - began
