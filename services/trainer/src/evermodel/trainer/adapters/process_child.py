"""The child as a process of its own, bounded in time and memory, and never orphaned.

Its environment is made here, from nothing: no password of ours reaches it, and the hash seed is
fixed, which equal bytes depend on.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.runtime.bounded import (
    NO_ROOM,
    Bounds,
    Overran,
    ended_with,
    from_nothing,
    last_words,
    run_bounded,
)
from evermodel.trainer.ports import BROKE, REPORT, ChildFailed, Plan, Report, Unavailable

_LOG = logging.getLogger(__name__)

PLAN, LOG = "plan.json", "child.log"


class ProcessChild:
    """Runs ``python -m evermodel.trainer.child``."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        cache: Path,
        environment: Mapping[str, str] | None = None,
        command: tuple[str, ...] = (sys.executable, "-m", "evermodel.trainer.child"),
    ) -> None:
        """`cache`: what trainings may share (fonts). `environment`: what they need besides."""
        self._monotonic = monotonic
        self._cache = cache
        self._environment = dict(environment or {})
        self._command = command

    def run(self, plan: Plan, *, folder: Path) -> Report:
        """Carry out `plan` (``ChildRunner``)."""
        (folder / PLAN).write_text(plan.model_dump_json(), encoding="utf-8")
        self._cache.mkdir(parents=True, exist_ok=True)
        policy = plan.model.training
        try:
            code = run_bounded(
                [*self._command, str(folder / PLAN), str(folder)],
                bounds=Bounds(policy.max_seconds, policy.max_memory_mb),
                log=folder / LOG,
                environment=self._variables(plan),
                monotonic=self._monotonic,
            )
        except Overran as error:
            raise ChildFailed(str(error)) from error
        return _report(folder, code=code)

    def _variables(self, plan: Plan) -> dict[str, str]:
        threads = str(plan.threads)
        return {
            **from_nothing(self._cache),
            "MPLCONFIGDIR": str(self._cache),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            **self._environment,
        }


def _report(folder: Path, *, code: int) -> Report:
    log = folder / LOG
    if code == NO_ROOM:  # nothing was heard of the training
        raise Unavailable("no room for the training's report")
    try:
        report = Report.model_validate_json((folder / REPORT).read_bytes())
    except (OSError, ValidationError) as error:
        if is_exhausted(error):  # of this machine, now: nothing was heard of the training
            raise
        _LOG.warning("no report from the child; its last words:\n%s", last_words(log))
        raise ChildFailed(f"the training process {ended_with(code)} and no report") from error
    if report.outcome == "unavailable":
        raise Unavailable(report.reason)
    if report.outcome == "failed":
        # A refusal's reason says all of it.
        more = f"; its last words:\n{last_words(log)}" if report.reason.startswith(BROKE) else ""
        _LOG.warning("the training made nothing: %s%s", report.reason, more)
    for leftover in (folder / PLAN, log):
        leftover.unlink()
    return report
