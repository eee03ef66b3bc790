"""A real MLflow server on this machine: SQLite, artefacts by proxy, one process.

Owns its files and its command. The ``mlflow server`` command would add a parent of 290 MB and,
for jobs nobody asked for, eight more processes; the server's own application under uvicorn with
the same settings is one process and starts in half the time.
"""

import errno
import json
import os
import sqlite3
import ssl
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, suppress
from http.client import HTTPException, InvalidURL
from importlib.metadata import version
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from evermodel.common.kernel.redaction import redact
from evermodel.common.settings.libraries import TELEMETRY_OFF
from evermodel.embedded.addresses import LOOPBACK, kept_ports
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Command, Part
from evermodel.embedded.readiness import alone
from evermodel.embedded.settings import (
    CacheSettings,
    ask_this_machine_directly,
    inherited_environment,
)

NAME = "mlflow"
_DATABASE, _ARTEFACTS = "mlflow.db", "artefacts"
#: A file that is there until the server answers for the first time.
_BEGUN = "begun"
_READY_SECONDS = 120.0
_LOOK_SECONDS = 2.0
#: Stores that MLflow's client knows besides a server.
_ELSEWHERE = {"databricks", "file", "sqlite", "postgresql", "mysql", "mssql"}
_APPLICATION = "mlflow.server.fastapi_app:app"
#: A question whose answer lies in the database. ``/health`` says "OK" over one that is broken.
_QUESTION = "/api/2.0/mlflow/experiments/search?max_results=1"
#: What a server says that cannot; what lies above is said by one in front of it as well.
_INTERNAL = 500
#: What one says that is no MLflow server, or of whom it is a part.
_NOT_FOUND = 404
#: Bytes of an error that are read.
_LONGEST = 10_000
_SQLITE = b"SQLite format 3\0"


class Broken(NotAvailable):
    """An MLflow server that is there and answers no question."""


def mlflow(folder: Path) -> AbstractContextManager[str]:
    """Run an MLflow server with its state in `folder`; yields its tracking URI."""
    ask_this_machine_directly()
    return alone(prepare, folder)


def prepare(folder: Path) -> Part:
    """Choose a port, lay the database. The address is the tracking URI.

    Raises:
        NotAvailable: what lies there is no database; the server would start, and answer nothing.
    """
    folder = folder.resolve()
    (folder / _ARTEFACTS).mkdir(parents=True, exist_ok=True)
    port = kept_ports(folder / "ports.json", names=("http",))["http"]
    database, begun = folder / _DATABASE, folder / _BEGUN
    if begun.exists():  # cut short while it was laid: it would never answer, and nobody used it
        for left in folder.glob(f"{_DATABASE}*"):  # and a journal, which would spoil the next
            left.unlink()
    if not database.exists():
        begun.touch()
        if _schema().exists():
            _copy_database(_schema(), database)
    _require_sqlite(database)
    command = Command(
        name=NAME,
        arguments=[
            *(sys.executable, "-P", "-W", "ignore", "-m", "uvicorn", _APPLICATION),
            # Without a folder for it uvicorn looks for the application in its own, as Python would.
            *("--app-dir", os.devnull),
            *("--host", LOOPBACK, "--port", str(port), "--no-access-log"),
        ],
        environment={**inherited_environment(), **_environment()},
        log=folder / "mlflow.log",
        folder=folder,
    )
    uri = f"http://{LOOPBACK}:{port}"

    def is_ready() -> bool:
        healthy = is_healthy(uri)
        if healthy:
            begun.unlink(missing_ok=True)
            _keep_schema(database)
        return healthy

    return Part(command=command, address=uri, is_ready=is_ready, ready_seconds=_READY_SECONDS)


def is_healthy(uri: str) -> bool:
    """Return whether the stack's own server at `uri` answers from its database."""
    try:
        with urlopen(f"{uri}{_QUESTION}", timeout=_LOOK_SECONDS) as answer:  # noqa: S310  # our URL
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def doubt_about(uri: str, *, patience_seconds: float) -> str:
    """Return why it cannot be said from here whether a server at `uri` works; empty if it does.

    MLflow's client trusts what its own variables name (REQUESTS_CA_BUNDLE,
    MLFLOW_TRACKING_INSECURE_TLS …) and knows URIs that are no address. A server asks who wants to
    know: that is an answer as well. One that is in front of it, or that starts, may be in doubt.

    Raises:
        Broken: it cannot answer what lies in its database.
        NotAvailable: nobody can be connected to; says why.
    """
    kind = uri.lower().partition(":")[0]
    if kind in _ELSEWHERE:
        return "it is no http:// or https:// address"
    if kind not in {"http", "https"}:
        raise NotAvailable("MLflow knows no such address")
    address = f"{without_password(uri).rstrip('/')}{_QUESTION}"
    try:
        with urlopen(address, timeout=patience_seconds):  # noqa: S310  # no file, as was just seen
            return ""
    except HTTPError as error:
        with error:
            body = error.read(_LONGEST).decode(errors="replace")
        if error.code == _INTERNAL or (error.code > _INTERNAL and "error_code" in body):
            raise Broken(f"{error} {_message(body)}".strip()) from error
        is_in_doubt = error.code > _INTERNAL or error.code == _NOT_FOUND
        return f"it says {error}" if is_in_doubt else ""
    except (InvalidURL, ValueError, TimeoutError) as error:
        raise NotAvailable(str(error)) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            return str(error.reason)
        raise NotAvailable(str(error.reason)) from error
    except (OSError, HTTPException) as error:  # somebody was there, and broke off
        return f"it broke off: {error}"


def _message(body: str) -> str:
    """Return the first line of what MLflow says of an error, empty if it is not MLflow's."""
    try:
        return redact(str(json.loads(body)["message"]).splitlines()[0])
    except (ValueError, LookupError, TypeError):
        return ""


def without_password(uri: str) -> str:
    """Return `uri` as it may be shown: MLflow's client takes a user and a password out of it."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _environment() -> Mapping[str, str]:
    """Return what ``mlflow server`` would set for its application, and what silences it.

    Its files are named as seen from its own folder, where it runs: a ``?`` or ``%`` in the way
    there would mean something else in a URL.
    """
    database = f"sqlite:///{_DATABASE}"
    return {
        "_MLFLOW_SERVER_FILE_STORE": database,
        "_MLFLOW_SERVER_REGISTRY_STORE": database,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": _ARTEFACTS,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **TELEMETRY_OFF,
    }


def _require_sqlite(database: Path) -> None:
    """Return if `database` may be one: absent or new, or with the mark of one."""
    if not database.exists():
        return
    with database.open("rb") as file:
        mark = file.read(len(_SQLITE))
    if mark and mark != _SQLITE:
        what = "put back a copy of it, or move it away (runs and versions are lost with it)"
        raise NotAvailable(f"{database} is no SQLite database: {what}")


def _schema() -> Path:
    """Where an empty database is kept: making one by MLflow's forty migrations takes 5 s."""
    return CacheSettings().cache.expanduser() / f"mlflow-{version('mlflow')}.db"


def _keep_schema(database: Path) -> None:
    """Keep `database` as the empty one, if it still is and there is none."""
    with suppress(OSError, sqlite3.Error):
        if not _schema().exists() and _is_empty(database):
            _schema().parent.mkdir(parents=True, exist_ok=True)
            _copy_database(database, _schema())


def _is_empty(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        runs = connection.execute("select count(*) from runs").fetchone()[0]
        experiments = connection.execute("select count(*) from experiments").fetchone()[0]
    return bool(runs == 0 and experiments <= 1)


def _copy_database(source: Path, target: Path) -> None:
    """Copy consistently while `source` is open elsewhere; `target` appears whole."""
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(unfinished)) as there,
        ):
            here.backup(there)
        unfinished.replace(target)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
    finally:
        unfinished.unlink(missing_ok=True)
