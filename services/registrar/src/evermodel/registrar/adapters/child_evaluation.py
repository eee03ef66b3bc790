"""Runs an evaluation in a process of its own, bounded in time and memory.

TensorFlow costs 400 MB and may crash as only C++ can; neither must happen in the service. A
SavedModel is a program besides: the child's environment is made here from nothing, so that no
password of ours reaches it, and no child sees a second evaluation. The next child
starts before there is a plan for it (docs/decisions/0011): it has TensorFlow imported by then.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from evermodel.common.kernel.errors import Transient, is_exhausted
from evermodel.common.runtime.ahead import Ahead
from evermodel.common.runtime.bounded import NO_ROOM, Bounds, Overran, from_nothing
from evermodel.registrar.adapters.plan import RESULT, Plan
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated

CHILD = "evermodel.registrar.child"
_LONGEST_LINE = 300


class ChildEvaluation:
    """Runs `module` with a plan; what it overran or how it died is the answer then.

    While it is open (``with``), the next child waits; otherwise each is started for its plan.
    """

    def __init__(
        self,
        *,
        max_seconds: float,
        max_memory_mb: int,
        home: Path,
        ahead: bool = True,
        module: str = CHILD,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`home`: its ``HOME``. `environment`: what it needs besides what it is given here."""
        self._bounds = Bounds(max_seconds, max_memory_mb)
        self._processes = Ahead(
            [sys.executable, "-m", module],
            environment={**_variables(home), **(environment or {})},
            keep_one=ahead,
        )

    def __enter__(self) -> Self:
        """Let a child be started before there is work."""
        self._processes.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        """End the child that waits."""
        self._processes.__exit__(*raised)

    def __call__(self, plan: Plan, folder: Path, /) -> Evaluation:
        """Return the evidence on `plan`; `folder` takes its papers."""
        request, answer = folder / "plan.json", folder / "result.json"
        request.write_text(plan.model_dump_json(), encoding="utf-8")
        try:
            ended = self._processes.run([str(request), str(answer)], bounds=self._bounds)
        except Overran as error:
            return NotEvaluated(f"the evaluation {error}")
        if ended.code == NO_ROOM:  # of this machine, now: a verdict would stand for ever
            raise Transient("no room for the evaluation's result")
        if ended.code != 0:
            return NotEvaluated(f"the evaluation ended with {ended.code}: {_last(ended.words)}")
        return _read(answer)


def _variables(home: Path) -> dict[str, str]:
    return {**from_nothing(home), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _read(answer: Path) -> Evaluation:
    try:
        return RESULT.validate_json(answer.read_bytes())
    except (OSError, ValidationError) as error:
        if is_exhausted(error):  # of this machine, now: a verdict would stand for ever
            raise
        return NotEvaluated(f"the evaluation left no readable result: {type(error).__name__}")


def _last(words: str) -> str:
    lines = words.strip().splitlines()
    return lines[-1][-_LONGEST_LINE:] if lines else "it said nothing"
