"""Runs an evaluation in a process of its own, bounded in time and memory.

TensorFlow costs 400 MB and may crash as only C++ can; neither must happen in the service. A
SavedModel is a program besides: the child's environment is made here from nothing, so that no
password of ours reaches it. Must never let a child outlive it: the child ends when its
standard input closes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psutil
from pydantic import ValidationError

from evermodel.registrar.adapters.plan import RESULT, Plan
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated

CHILD = "evermodel.registrar.child"
_LOOK_EVERY_SECONDS = 0.1
_MEGABYTE = 1 << 20
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
        with (
            log.open("wb") as output,
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._variables(folder),
            ) as child,
        ):
            overran = self._watch(child)
        if overran:
            return NotEvaluated(overran)
        if child.returncode != 0:
            return NotEvaluated(f"the evaluation ended with {child.returncode}: {_tail(log)}")
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

    def _watch(self, child: "subprocess.Popen[bytes]") -> str:
        """Wait for `child` and end it when it takes too much; return what it overran."""
        deadline = monotonic() + self.max_seconds
        while True:
            try:
                child.wait(timeout=_LOOK_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                overran = self._overrun(child.pid, deadline)
                if overran:
                    child.kill()
                    return overran
            else:
                return ""

    def _overrun(self, pid: int, deadline: float) -> str:
        if monotonic() > deadline:
            return f"the evaluation took more than {self.max_seconds:g} s"
        try:
            used = psutil.Process(pid).memory_info().rss / _MEGABYTE
        except psutil.NoSuchProcess:
            return ""
        over = used > self.max_memory_mb
        return f"the evaluation took more than {self.max_memory_mb} MB" if over else ""


def _read(answer: Path) -> Evaluation:
    try:
        return RESULT.validate_json(answer.read_bytes())
    except (OSError, ValidationError) as error:
        return NotEvaluated(f"the evaluation left no readable result: {type(error).__name__}")


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][-_TAIL:] if lines else "it said nothing"
