"""Which installation a command speaks to: the environment's, else that of a state folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evermodel.cli.errors import Unavailable

if TYPE_CHECKING:
    from evermodel.common.settings.kafka import KafkaSettings
    from evermodel.embedded.addresses_file import Addresses

DEFAULT = Path(".evermodel")
State = Annotated[
    Path, typer.Option("--state", help="State folder of `evermodel up`.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def addresses(state: Path) -> "Addresses":
    """Return where the parts are; the environment's word goes before the state folder's.

    Raises:
        Misconfigured: a variable cannot be so.
        Unavailable: neither names a broker, or that of the state folder does not run.
    """
    from evermodel.common.runtime.service import read  # noqa: PLC0415  # heavy
    from evermodel.embedded import lock  # noqa: PLC0415  # heavy
    from evermodel.embedded.addresses_file import Addresses, read_addresses  # noqa: PLC0415  # heavy
    from evermodel.embedded.settings import StackSettings  # noqa: PLC0415  # heavy

    own, kept = read(StackSettings), read_addresses(state)
    bootstrap = own.kafka_bootstrap_servers or (kept.bootstrap if kept else None)
    if not bootstrap:
        raise Unavailable(
            f"no broker is known: start one with 'evermodel up' ({state} holds none), "
            "or name yours by KAFKA_BOOTSTRAP_SERVERS"
        )
    if not own.kafka_bootstrap_servers and lock.holder(state) is None:
        raise Unavailable(f"the stack of {state} does not run: start it with 'evermodel up'")
    return Addresses(
        bootstrap=bootstrap,
        mlflow_uri=own.mlflow_tracking_uri or (kept.mlflow_uri if kept else ""),
        repository=own.evermodel_config_repository or (kept.repository if kept else ""),
        lake=own.evermodel_lake or (kept.lake if kept else ""),
        models=own.evermodel_models or (kept.models if kept else ""),
        secrets=kept.secrets if kept and not own.kafka_bootstrap_servers else "",
        administration=kept.administration if kept and not own.kafka_bootstrap_servers else "",
    )


def kafka_settings(state: Path, *, principal: str | None = None) -> "KafkaSettings":
    """Return how `principal`, by default the operator, reaches the broker.

    A secured stack of `state` is spoken to with its own secrets, any other as the environment says.
    """
    from evermodel.common.events.access import OPERATOR  # noqa: PLC0415  # heavy
    from evermodel.embedded.security import connection  # noqa: PLC0415  # heavy

    return connection(addresses(state), principal or OPERATOR)
