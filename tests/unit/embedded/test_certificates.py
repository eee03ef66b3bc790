"""How long the certificates of a stack hold."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.embedded.addresses import LOOPBACK
from evermodel.embedded.certificates import AUTHORITY, make_certificates


@pytest.mark.guarantee(
    "security",
    fault="EVERMODEL_SECURITY=on, and nobody starts the stack again for {years} years",
    promise="its certificates hold: a service that is started again then is let in",
    seen="nothing",
)
@pytest.mark.parametrize("years", [1, 20])
def test_a_certificate_outlives_its_stack(tmp_path: Path, years: int) -> None:
    make_certificates(tmp_path, ("broker",), now=SystemClock().now() - timedelta(days=366 * years))
    here = ssl.create_default_context(cafile=tmp_path / AUTHORITY)
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    there.load_cert_chain(tmp_path / "broker.pem")
    shake_hands(here, there)


def shake_hands(here: ssl.SSLContext, there: ssl.SSLContext) -> None:
    """Connect a client of `here` with a server of `there`; raise as either of them would."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(to_client, to_server, server_hostname=LOOPBACK)
    server = there.wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
