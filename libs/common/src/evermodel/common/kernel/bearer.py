"""Who may ask a process over HTTP: on loopback anybody of this machine, else who shows the token.

Owns the comparison, for the console and for ``/metrics``. Must never tell how far a guess came.
"""

import hmac
import ipaddress
from urllib.parse import urlsplit

_KIND = "bearer "

#: What whoever shows none is told, beside 401 and the header of `ASKED`.
SHOW_IT = "show the token: Authorization: Bearer ...\n"
ASKED = {"WWW-Authenticate": "Bearer"}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches who listens on `host`, a name or an address.

    A name but ``localhost`` may mean any address, and an empty one means them all.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_loopback(host: str | None) -> bool:
    """Return whether a request was meant for loopback, going by its header ``Host``.

    A page of another site that has its own name lead here, and would read what it is shown, says
    that name.
    """
    try:
        name = urlsplit(f"//{host or ''}").hostname
    except ValueError:
        return False
    return is_loopback(name or "")


def shows(authorization: str | None, *, token: str | None) -> bool:
    """Return whether the header ``Authorization: Bearer <token>`` opens; without a token all do."""
    if token is None:
        return True
    given = authorization or ""
    if given[: len(_KIND)].lower() != _KIND:
        return False
    # Bytes that are no UTF-8 come as lone surrogates, which do not encode otherwise.
    guess = given[len(_KIND) :].strip().encode(errors="surrogateescape")
    return hmac.compare_digest(guess, token.encode())
