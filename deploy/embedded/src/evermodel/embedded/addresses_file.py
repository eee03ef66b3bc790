"""Where the parts of a stack answer, written down for the other commands.

An address that a person brings may hold a password: the file is its owner's alone.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from evermodel.embedded.secret_files import write_private


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts answer; written to ``stack.json`` for the other commands.

    `secrets`: the folder of its certificates and passwords, and `administration`: where its broker
    answers its administrator; empty where everybody is let in.
    """

    bootstrap: str
    mlflow_uri: str
    repository: str
    lake: str
    models: str
    console: str = ""
    secrets: str = ""
    administration: str = ""

    def environment(self) -> dict[str, str]:
        """Return the variables by which every service finds them."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "MLFLOW_TRACKING_URI": self.mlflow_uri,
            "EVERMODEL_CONFIG_REPOSITORY": self.repository,
            "EVERMODEL_LAKE": self.lake,
            "EVERMODEL_MODELS": self.models,
        }


def read_addresses(folder: Path) -> Addresses | None:
    """Return where the stack of `folder` answers, or answered last; None when never started."""
    try:
        return Addresses(**json.loads((folder / "stack.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_addresses(folder: Path, addresses: Addresses) -> None:
    """Write them down; the file appears whole."""
    write_private(folder / "stack.json", json.dumps(asdict(addresses)).encode())
