"""Runs an evaluation in a process of its own, bounded in time and memory.

TensorFlow costs 400 MB and may crash as only C++ can; neither must happen in the service. A
SavedModel is a program besides: the child's environment is made here from nothing, so that no
password of ours reaches it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from evermodel.common.runtime.bounded import Bounds, Overran, last_words, run_bounded
from evermodel.registrar.adapters.plan import RESULT, Plan
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated

CHILD = "evermodel.registrar.child"
_TAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEvaluation:
    """Runs `module` with a plan; what it overran or how it died is the answer then.

    `environment`: what the child needs besides what it is given here.
    """

    max_seconds: float
    max_memory_mb: int
    module: str = CHILD
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, plan: Plan, folder: Path, /) -> Evaluation:
        """Return the evidence on `plan`; `folder` takes its papers."""
        request, answer, log = folder / "plan.json", folder / "result.json", folder / "child.log"
        request.write_text(plan.model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", self.module, str(request), str(answer)]
        bounds = Bounds(self.max_seconds, self.max_memory_mb)
        try:
            code = run_bounded(command, bounds=bounds, log=log, environment=self._variables(folder))
        except Overran as error:
            return NotEvaluated(f"the evaluation {error}")
        if code != 0:
            return NotEvaluated(f"the evaluation ended with {code}: {_last_line(log)}")
        return _read(answer)

    def _variables(self, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **self.environment,
        }


def _read(answer: Path) -> Evaluation:
    try:
        return RESULT.validate_json(answer.read_bytes())
    except (OSError, ValidationError) as error:
        return NotEvaluated(f"the evaluation left no readable result: {type(error).__name__}")


def _last_line(log: Path) -> str:
    lines = last_words(log, length=_TAIL).strip().splitlines()
    return lines[-1] if lines else "it said nothing"
