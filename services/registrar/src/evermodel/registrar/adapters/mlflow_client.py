"""MLflow's client, imported late, with its errors brought to ours.

Owns what "MLflow does not answer" means. Importing mlflow takes 2.5 s: never at module level, and
always as a whole: of two threads that begin with two of its modules, one is handed half of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evermodel.common.kernel.errors import Transient

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}


class Absent(LookupError):
    """MLflow answered, and has no such thing."""


def import_mlflow() -> "type[MlflowClient]":
    """Return its client; asks nobody."""
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    return MlflowClient


def connect(tracking_uri: str) -> "MlflowClient":
    """Return a client of the server at `tracking_uri`."""
    return import_mlflow()(tracking_uri=tracking_uri, registry_uri=tracking_uri)


@contextmanager
def answering() -> Iterator[None]:
    """Turn MLflow's errors into ``Absent`` and ``Transient``.

    What MLflow refuses for another reason stays as it is: a bug, which the loop bounds.
    """
    import mlflow  # noqa: PLC0415  # as above
    import requests  # noqa: PLC0415  # comes with mlflow

    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        if error.error_code in _ABSENT:
            raise Absent(str(error)) from error
        if error.error_code.startswith("INVALID"):
            raise
        raise Transient(f"MLflow does not answer: {error}") from error
    except (requests.RequestException, ConnectionError, TimeoutError) as error:
        raise Transient(f"MLflow does not answer: {error}") from error
