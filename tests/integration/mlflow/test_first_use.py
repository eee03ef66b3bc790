"""Two models on one replica may be the first to need MLflow, one a moment after the other.

Python hands the second thread half a module where each begins with another module of a package
that imports itself in a circle: a training failed for it, and its model was never served.
"""

import subprocess
import sys

import pytest

#: The second comes when the first has one of the modules and is far from having the others.
SCRIPT = """
import sys, threading
from pathlib import Path
{setup}

def use():
    try:
        {use}
    except BaseException as error:
        failed.append(repr(error))

failed = []
threads = [threading.Thread(target=use) for _ in range(2)]
threads[0].start()
while not hasattr(sys.modules.get("mlflow.exceptions"), "MlflowException"):
    assert threads[0].is_alive(), f"it never needed it: {{failed}}"
threads[1].start()
for thread in threads:
    thread.join()
sys.exit("; ".join(failed) or 0)
"""
NOWHERE = "http://127.0.0.1:9"
FIRST_USES = {
    "trainer": (
        "from evermodel.trainer.adapters.mlflow_runs import MlflowRuns\n"
        f"runs = MlflowRuns('{NOWHERE}')",
        "with runs._client(): pass",
    ),
    "drift": (
        "from evermodel.drift.adapters.mlflow_reports import MlflowReports\n"
        f"reports = MlflowReports('{NOWHERE}')",
        "with reports._client(): pass",
    ),
    "scorer": (
        "from evermodel.tracking.artefacts import download\n"
        "from evermodel.tracking.client import NoAnswer\n"
        "from contextlib import suppress",
        "with suppress(NoAnswer): "  # nobody listens there: MLflow was imported by then
        f"download('runs:/1/bundle', into=Path(), tracking_uri='{NOWHERE}')",
    ),
    "registrar": (
        "from evermodel.tracking.client import answering, connect",
        f"with answering(): connect('{NOWHERE}')",
    ),
}


@pytest.mark.parametrize("service", FIRST_USES)
def test_two_threads_that_need_it_first_both_get_it(service: str) -> None:
    setup, use = FIRST_USES[service]
    script = SCRIPT.format(setup=setup, use=use)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
