"""The child as a process of its own, bounded in time and memory, and never orphaned.

It is the leader of its own process group, so that ending it ends whatever it started. It holds
our end of a pipe as its standard input: when this process dies, however it dies, the pipe
closes and the child ends itself. Its environment is made here, from nothing: no password of
ours reaches it, and the hash seed is fixed, which equal bytes depend on.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from pydantic import ValidationError

from evermodel.trainer.ports import REPORT, ChildFailed, Plan, Report

_LOG = logging.getLogger(__name__)

PLAN, LOG = "plan.json", "child.log"
_MEGABYTE = 1 << 20
_LOOK_SECONDS = 0.1


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
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                [*self._command, str(folder / PLAN), str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._variables(plan),
                start_new_session=True,
            )
            try:
                self._watch(process, plan)
            finally:
                _end(process)
        return _report(folder, code=process.returncode)

    def _watch(self, process: "subprocess.Popen[bytes]", plan: Plan) -> None:
        policy = plan.model.training
        deadline = self._monotonic() + policy.max_seconds
        while True:
            try:
                process.wait(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if self._monotonic() > deadline:
                    raise ChildFailed(f"ran longer than {policy.max_seconds:g} s") from None
                if _resident(process.pid) > policy.max_memory_mb * _MEGABYTE:
                    raise ChildFailed(f"took more than {policy.max_memory_mb} MB") from None
            else:
                return

    def _variables(self, plan: Plan) -> dict[str, str]:
        threads = str(plan.threads)
        return {
            "PATH": os.defpath,
            "HOME": str(self._cache),
            "MPLCONFIGDIR": str(self._cache),
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            **self._environment,
        }


def _resident(pid: int) -> int:
    """Return the memory of the process and of what it started, in bytes."""
    try:
        leader = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (leader, *leader.children(recursive=True)))
    except psutil.Error:
        return 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the whole group; it may be gone already."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        _LOG.debug("the child's group is gone")
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _report(folder: Path, *, code: int) -> Report:
    log = folder / LOG
    try:
        report = Report.model_validate_json((folder / REPORT).read_bytes())
    except (OSError, ValidationError) as error:
        _LOG.warning("no report from the child; its last words:\n%s", _tail(log))
        name = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise ChildFailed(f"the training process ended with {name} and no report") from error
    if report.outcome == "failed":
        _LOG.warning("the training made nothing; its last words:\n%s", _tail(log))
    for leftover in (folder / PLAN, log):
        leftover.unlink()
    return report


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
