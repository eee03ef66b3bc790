"""The files of a run, moved whole or not at all.

Owns the check that what arrived is what was sent, on both ways. MLflow's own client sees no
difference between an upload that was kept and one that a gateway answered with a page of its own;
and of a download by ``runs:/`` that broke off it says that the run has no such artefact, which
would be held against the model. Must never know what the files mean: that is each service's.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evermodel.tracking.client import Absent, NoAnswer, answering, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: How the address of a run's artefact begins.
RUNS = "runs:/"

#: Bytes by path in the run; None: the store of the artefacts does not say how many.
Sizes = dict[str, int | None]


def download(uri: str, *, into: Path, tracking_uri: str) -> Path:
    """Download what `uri` (``runs:/RUN/PATH``) names into `into`; return where it lies.

    Through the server, so that no credentials of a store are needed.

    Raises:
        Absent, Refused, NoAnswer. Absent if `uri` names nothing of a run, NoAnswer as well if less
        arrived than is there.
    """
    run, _, path = uri.removeprefix(RUNS).partition("/")
    # MLflow's client would fetch file:///etc and http://metadata/ as readily, for any event.
    if not uri.startswith(RUNS) or not path or ".." in uri:
        raise Absent(f"{uri!r:.200} names no artefact of a run")
    with answering(), _store(connect(tracking_uri), run) as store:
        there = dict(_below(store, path))
        found = Path(store.download_artifacts(path, dst_path=str(into)))
    _require_whole(there, {name: into / name for name in there}, "did not arrive")
    return found


def upload(folder: Path, *, run: str, client: "MlflowClient") -> None:
    """Let `run` keep every file of `folder`.

    Raises:
        Absent, Refused, NoAnswer. NoAnswer as well if it has less than was sent.
    """
    sent = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    with answering():
        client.log_artifacts(run, str(folder))
        with _store(client, run) as store:
            kept = dict(file for entry in store.list_artifacts() for file in _files(store, entry))
    _require_whole({name: kept.get(name, -1) for name in sent}, sent, "was not kept")


@contextmanager
def _store(client: "MlflowClient", run: str) -> Iterator[Any]:
    """Yield the artefacts of `run`, without what MLflow looks for beside them.

    Each has a pool of threads that MLflow never ends, and lies in a cycle: what it was used for
    once would wait for Python's full collection, a dozen threads and their sockets at a time.
    """
    from mlflow.store.artifact import artifact_repository_registry as stores  # noqa: PLC0415  # 2.5 s

    place = client.get_run(run).info.artifact_uri
    store = stores.get_artifact_repository(place, tracking_uri=client.tracking_uri)
    try:
        yield store
    finally:
        for pool in vars(store).values():
            if isinstance(pool, Executor):
                pool.shutdown(wait=False, cancel_futures=True)


def _below(store: Any, path: str) -> Iterator[tuple[str, int | None]]:
    """Yield the files at and below `path`.

    Raises:
        Absent: there is nothing.
    """
    beside = store.list_artifacts(path.rpartition("/")[0] or None)
    found = next((entry for entry in beside if entry.path == path), None)
    if found is None:
        raise Absent(f"no such artefact: {path}")
    yield from _files(store, found)


def _files(store: Any, entry: Any) -> Iterator[tuple[str, int | None]]:
    if not entry.is_dir:
        yield entry.path, entry.file_size
        return
    for below in store.list_artifacts(entry.path):
        yield from _files(store, below)


def _require_whole(there: Sizes, here: dict[str, Path], what: str) -> None:
    """Return if each file of `there` is as long here."""
    for name, size in there.items():
        is_there = here[name].is_file()
        if not is_there or size not in {None, here[name].stat().st_size}:
            raise NoAnswer(f"MLflow cannot be worked with: the artefact {name} {what} whole")
