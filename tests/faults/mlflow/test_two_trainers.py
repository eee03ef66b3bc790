"""Two trainers work on one cause: one was thought dead, and is not. One run counts."""

import threading
from pathlib import Path

import pytest

from tests.faults.mlflow.gateway import Exchange, Gateway, well
from tests.faults.mlflow.training import FILES, Training, files, runs
from tests.faults.quick import whole_but

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

#: By the words of a cell: what both are about to ask when each waits for the other. The update
#: may be the first's finish and the second's word that the first one's run was left half-done.
MEETINGS = {
    "make their runs": "POST .*/runs/create",
    "upload to their runs": "PUT .*/holdout.parquet",
    "finish or fail a run": "POST .*/runs/update",
}


@pytest.mark.guarantee(
    "outside",
    fault="two trainers {both} for one cause at once",
    promise="one finished run with every artefact whole; both answer with it",
    seen="trainer logs 'run … of this cause was finished first: … counts no more'",
)
@pytest.mark.parametrize("both", whole_but("finish or fail a run", MEETINGS))
def test_two_trainers_of_one_cause_leave_one_finished_run(
    both: str, gateway: Gateway, name: str, mlflow_server: str, tmp_path: Path
) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def meet(exchange: Exchange) -> None:
        meeting.wait()
        well(exchange)

    gateway.spoil(MEETINGS[both], meet, times=2)
    pair = [Training(name, gateway.uri, tmp_path / which) for which in ("one", "other")]
    said: list[str | None] = []
    threads = [threading.Thread(target=lambda t=t: said.append(t.trained().run_id)) for t in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (run,) = [run for run in runs(name, mlflow_server) if run.info.status == "FINISHED"]
    assert said == [run.info.run_id] * 2
    assert files(run.info.run_id, mlflow_server, tmp_path) == FILES
