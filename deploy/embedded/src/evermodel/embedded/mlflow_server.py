"""A real MLflow server on this machine: SQLite, artefacts by proxy, one process.

Owns its files and its command. The ``mlflow server`` command would add a parent of 290 MB and,
for jobs nobody asked for, eight more processes; the server's own application under uvicorn with
the same settings is one process and starts in half the time.
"""

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

from evermodel.common.settings import TELEMETRY_OFF
from evermodel.embedded.addresses import LOOPBACK, kept_ports
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Command, Part
from evermodel.embedded.readiness import alone
from evermodel.embedded.settings import CacheSettings, inherited_environment

NAME = "mlflow"
_READY_SECONDS = 120.0
_LOOK_SECONDS = 2.0
#: From here on the server itself says that it cannot.
_SERVER_ERROR = 500
#: Stores that MLflow's client knows besides a server.
_ELSEWHERE = {"databricks", "file", "sqlite", "postgresql", "mysql", "mssql"}
_APPLICATION = "mlflow.server.fastapi_app:app"


def mlflow(folder: Path) -> AbstractContextManager[str]:
    """Run an MLflow server with its state in `folder`; yields its tracking URI."""
    return alone(prepare, folder)


def prepare(folder: Path) -> Part:
    """Choose a port, lay the database. The address is the tracking URI."""
    folder = folder.resolve()
    (folder / "artefacts").mkdir(parents=True, exist_ok=True)
    port = kept_ports(folder / "ports.json", names=("http",))["http"]
    database = folder / "mlflow.db"
    if not database.exists() and _schema().exists():
        _copy_database(_schema(), database)
    command = Command(
        name=NAME,
        arguments=[
            *(sys.executable, "-W", "ignore", "-m", "uvicorn", _APPLICATION),
            *("--host", LOOPBACK, "--port", str(port), "--no-access-log"),
        ],
        environment={**inherited_environment(), **_environment(folder)},
        log=folder / "mlflow.log",
        folder=folder,
    )
    uri = f"http://{LOOPBACK}:{port}"

    def is_ready() -> bool:
        healthy = is_healthy(uri)
        if healthy:
            _keep_schema(database)
        return healthy

    return Part(command=command, address=uri, is_ready=is_ready, ready_seconds=_READY_SECONDS)


def is_healthy(uri: str) -> bool:
    """Return whether the stack's own server at `uri` says that it is healthy."""
    try:
        with urlopen(f"{uri}/health", timeout=_LOOK_SECONDS) as answer:  # noqa: S310  # our URL
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def doubt_about(uri: str, *, patience_seconds: float) -> str:
    """Return why it cannot be said from here whether a server at `uri` answers; empty if one does.

    MLflow's client trusts what its own variables name (REQUESTS_CA_BUNDLE,
    MLFLOW_TRACKING_INSECURE_TLS …) and knows URIs that are no address. Any answer below 500 is
    one: a server asks who wants to know, and not every one has a ``/health``.

    Raises:
        NotAvailable: nobody can be connected to; says why.
    """
    kind = uri.lower().partition(":")[0]
    if kind in _ELSEWHERE:
        return "it is no http:// or https:// address"
    if kind not in {"http", "https"}:
        raise NotAvailable("MLflow knows no such address")
    address = f"{without_password(uri).rstrip('/')}/health"
    try:
        with urlopen(address, timeout=patience_seconds):  # noqa: S310  # no file, as was just seen
            return ""
    except HTTPError as error:
        error.close()
        return f"it says {error}" if error.code >= _SERVER_ERROR else ""
    except (InvalidURL, ValueError, TimeoutError) as error:
        raise NotAvailable(str(error)) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            return str(error.reason)
        raise NotAvailable(str(error.reason)) from error
    except (OSError, HTTPException) as error:  # somebody was there, and broke off
        return f"it broke off: {error}"


def without_password(uri: str) -> str:
    """Return `uri` as it may be shown: MLflow's client takes a user and a password out of it."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _environment(folder: Path) -> Mapping[str, str]:
    """Return what ``mlflow server`` would set for its application, and what silences it."""
    database = f"sqlite:///{folder / 'mlflow.db'}"
    return {
        "_MLFLOW_SERVER_FILE_STORE": database,
        "_MLFLOW_SERVER_REGISTRY_STORE": database,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artefacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **TELEMETRY_OFF,
    }


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
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as here,
        closing(sqlite3.connect(unfinished)) as there,
    ):
        here.backup(there)
    unfinished.replace(target)
