"""Who may ask a process over HTTP: on loopback anybody of this machine, else who shows the token.

Owns the answer to whoever may not, for the console and for ``/metrics``. Must never tell how far a
guess came.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

_KIND = "bearer "


@dataclass(frozen=True, slots=True)
class Refusal:
    """What whoever may not ask is answered."""

    status: HTTPStatus
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


_SHOW_IT = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "show the token: Authorization: Bearer ...\n",
    {"WWW-Authenticate": "Bearer"},
)
_NOT_US = Refusal(HTTPStatus.FORBIDDEN, "nobody here has that name\n")


def refusal(authorization: str | None, *, host: str | None, token: str | None) -> Refusal | None:
    """Return what a request with these headers is answered, if it may not ask; else None.

    `token`: what must be shown; None: nothing, and then only who asks for loopback by its name is
    answered.
    """
    if not shows(authorization, token=token):
        return _SHOW_IT
    if token is None and not _names_loopback(host):
        return _NOT_US
    return None


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


def _names_loopback(host: str | None) -> bool:
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
