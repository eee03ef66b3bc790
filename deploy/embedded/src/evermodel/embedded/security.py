"""A stack in which nobody is let in unknown: who its processes are, and how each proves it.

Owns the certificates and passwords of one stack, made anew at every start, in a folder that only
its owner may read::

    certificates/  authority.pem  broker.{crt,key,pem}  administrator.{crt,key,pem}
    passwords/     one file for each principal of ``common/events/access.py``

The broker and the administrator, who makes topics, users and rights, know each other by
certificate on a listener of their own; everybody else logs in by SCRAM over TLS and may do what
the catalogue says. Must never write a secret anywhere else: processes are told the file's name.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from evermodel.common.events.access import principals
from evermodel.common.messaging.kafka_access import MECHANISM, grant_access, make_users
from evermodel.common.runtime.service import read
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.addresses_file import Addresses
from evermodel.embedded.certificates import AUTHORITY, make_certificates
from evermodel.embedded.secret_files import write_secret

BROKER = "broker"
ADMINISTRATOR = "administrator"


class Security:
    """The secrets of one stack, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificates = folder / "certificates"
        self._passwords = folder / "passwords"

    def make(self, *, now: datetime) -> None:
        """Make every secret anew; what an earlier start made opens nothing any more."""
        make_certificates(self.certificates, (BROKER, ADMINISTRATOR), now=now)
        for principal in principals():
            write_secret(self._passwords / principal, secrets.token_urlsafe(32).encode())

    def let_in(self, administration: str) -> None:
        """Make the users and their rights on the broker whose administrators' address is given.

        Raises:
            BrokerUnavailable: it does not answer or refuses.
        """
        settings = self.administrator(administration)
        passwords = {who: (self._passwords / who).read_text("utf-8") for who in principals()}
        make_users(settings, passwords)
        grant_access(settings, principals())

    def administrator(self, administration: str) -> KafkaSettings:
        """Return how the administrator connects."""
        return KafkaSettings(
            bootstrap_servers=administration,
            security_protocol="SSL",
            ssl_ca_location=self.certificates / AUTHORITY,
            ssl_certificate_location=self.certificates / f"{ADMINISTRATOR}.crt",
            ssl_key_location=self.certificates / f"{ADMINISTRATOR}.key",
        )

    def client(self, principal: str, *, bootstrap: str) -> KafkaSettings:
        """Return how `principal` connects."""
        return KafkaSettings(
            bootstrap_servers=bootstrap,
            security_protocol="SASL_SSL",
            sasl_mechanism=MECHANISM,
            sasl_username=principal,
            sasl_password_file=self._passwords / principal,
            ssl_ca_location=self.certificates / AUTHORITY,
        )

    def environment(self, principal: str) -> Mapping[str, str]:
        """Return the same as variables, for a process that runs as `principal`."""
        return {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_SASL_USERNAME": principal,
            "KAFKA_SASL_PASSWORD_FILE": str(self._passwords / principal),
            "KAFKA_SSL_CA_LOCATION": str(self.certificates / AUTHORITY),
        }


def connection(addresses: Addresses, principal: str) -> KafkaSettings:
    """Return how `principal` connects to the stack that answers at `addresses`.

    A cluster of one's own knows this process by what the environment says, whoever it is.

    Raises:
        Misconfigured: the environment says what cannot be; one line by each variable's name.
    """
    if addresses.secrets:
        security = Security(Path(addresses.secrets))
        if principal == ADMINISTRATOR:
            return security.administrator(addresses.administration)
        return security.client(principal, bootstrap=addresses.bootstrap)
    return read(lambda: KafkaSettings(bootstrap_servers=addresses.bootstrap))
