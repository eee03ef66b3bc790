"""MLflow's client, imported late, with its errors brought to three.

Owns what "MLflow does not answer" means. Importing mlflow takes 2.5 s and 150 MB: never at module
level, and always as a whole: of two threads that begin with two of its modules, one is handed half
of it. Must never know what is recorded there: that is each service's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.redaction import first_words

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})


class Absent(LookupError):
    """MLflow answered, and has no such thing."""


class Refused(ValueError):
    """MLflow answered, and will not take what it was asked: asking again changes nothing."""


class NoAnswer(Transient):
    """MLflow does not answer now, or what it answers cannot be kept here: both may be mended."""


def import_mlflow() -> "type[MlflowClient]":
    """Return its client; asks nobody."""
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    return MlflowClient


def connect(tracking_uri: str) -> "MlflowClient":
    """Return a client of the server at `tracking_uri`."""
    return import_mlflow()(tracking_uri=tracking_uri, registry_uri=tracking_uri)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what MLflow and the network raise into ``Absent``, ``Refused`` and ``NoAnswer``."""
    import mlflow  # noqa: PLC0415  # as above

    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        if error.error_code in _ABSENT:
            raise Absent(first_words(error)) from error
        if error.error_code.startswith("INVALID"):
            raise Refused(first_words(error)) from error
        raise NoAnswer(f"MLflow does not answer: {first_words(error)}") from error
    except OSError as error:  # of the network (those of requests are, too), or of a folder here
        raise NoAnswer(f"MLflow cannot be worked with: {first_words(error)}") from error


def experiment_of(client: "MlflowClient", name: str) -> str:
    """Return the id of the experiment called `name`, made when there is none.

    One that somebody made between the two calls is found by the next try.

    Raises:
        NoAnswer: somebody deleted it: it keeps its name, takes no run, and can be restored.
    """
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise NoAnswer(
            f"the experiment {name!r} was deleted in MLflow: "
            f"mlflow experiments restore -x {found.experiment_id}"
        )
    return str(found.experiment_id if found else client.create_experiment(name))
