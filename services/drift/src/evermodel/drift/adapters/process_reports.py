"""Reports made by a process of its own: Evidently and MLflow take 500 MB and seconds to import.

One at a time, so that alarms of many models take no more than one. The process is given nothing
of our environment but what MLflow's client goes by.
"""

import shutil
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.kernel.redaction import redact
from evermodel.common.runtime.bounded import (
    NO_ROOM,
    Bounds,
    Overran,
    from_nothing,
    inherited,
    last_words,
    run_bounded,
)
from evermodel.common.settings.libraries import MLFLOW_CLIENT, TELEMETRY_OFF
from evermodel.drift.adapters.report_papers import ANSWER, ORDER, NotFiled, Order
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import Filed, ReportFailed, Unavailable

CHILD = "evermodel.drift.child"

#: The tracking server's credentials, those of a store of artefacts of its own, the way there.
#: Whose names some write small: curl reads only ``http_proxy``.
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_CLIENT = ("MLFLOW_", "AWS_", "SSL_CERT_", "REQUESTS_CA_", *_PROXIES, *map(str.lower, _PROXIES))

#: Of what a child said before it broke. It is cut when nothing secret is left: a key that was cut
#: off would no longer say what its value is.
_LONGEST_WORDS = 300


class ProcessReports:
    """Keeps the promise of ``Reports`` with ``python -m evermodel.drift.child``."""

    def __init__(
        self,
        *,
        lake: Path,
        tracking_uri: str,
        work: Path,
        bounds: Bounds,
        module: str = CHILD,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`environment`: what the child is told besides; a stand-in's `module` lies somewhere."""
        self._lake = lake.absolute()
        self._tracking_uri = tracking_uri
        self._work = work.absolute()
        self._bounds = bounds
        self._module = module
        self._environment = environment
        self._turn = threading.Lock()

    def file(self, alarm: Alarm, *, without: str = "") -> Filed:
        """Make the report on `alarm`, or find it."""
        order = Order(
            alarm=alarm, lake=self._lake, tracking_uri=self._tracking_uri, without=without
        )
        with self._turn:
            folder = self._work / f"report-{alarm.event_id}"
            shutil.rmtree(folder, ignore_errors=True)
            try:
                folder.mkdir(parents=True, mode=0o700)  # the order may hold a password
                return self._made(order, folder)
            except OSError as error:
                if not is_exhausted(error):
                    raise
                raise Unavailable(f"no room for the report: {error}") from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _made(self, order: Order, folder: Path) -> Filed:
        request, answer, log = folder / "order.json", folder / "answer.json", folder / "child.log"
        request.write_bytes(ORDER.dump_json(order))
        command = [sys.executable, "-m", self._module, str(request), str(answer)]
        try:
            environment = {**_variables(folder), **self._environment}
            code = run_bounded(command, bounds=self._bounds, log=log, environment=environment)
            if code == NO_ROOM:
                raise Unavailable("no room for the report's answer")
            said = ANSWER.validate_json(answer.read_bytes())
        except Overran as error:
            raise ReportFailed(f"the report {error}") from error
        except (OSError, ValidationError) as error:
            if is_exhausted(error):
                raise
            words = redact(last_words(log))[-_LONGEST_WORDS:]
            raise ReportFailed(f"the report broke: {words}") from error
        match said:
            case Filed():
                return said
            case NotFiled(why="unavailable", reason=reason):
                raise Unavailable(redact(reason))
            case NotFiled(reason=reason):
                raise ReportFailed(redact(reason))


def _variables(folder: Path) -> Mapping[str, str]:
    return {
        **from_nothing(folder),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(folder),
        **TELEMETRY_OFF,
        **MLFLOW_CLIENT,
        **inherited(*_CLIENT),
    }
