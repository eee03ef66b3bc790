"""A Git URL with a password or token in it, taken apart: what may be seen, and what opens it.

Owns how Git is told a password: by variables of its environment, which its owner alone can read.
A URL stands on the command lines of Git and of what it starts, which every user of a machine can
list, and in its messages. And what else Git is told: whoever asks the same repository must hear the
same, so nobody's own configuration plays a part. Must never start Git.
"""

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote

#: Elsewhere a name before the @ is no secret, or no password is looked for there.
_KINDS = {"http", "https"}
#: Whom HTTPS believes: a company's own authority is named here, or nowhere.
_TRUSTED = {"GIT_SSL_CAINFO", "GIT_SSL_CAPATH"}


def git_alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without what a user, a hook or a prompt would add to what Git does.

    Nor is a program started that an address names (``ext::``).
    """
    kept = {k: v for k, v in environment.items() if not k.startswith("GIT_") or k in _TRUSTED}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    }


def git_login(url: str) -> tuple[str, Mapping[str, str]]:
    """Return `url` without user and password, and the variables by which Git shows them itself.

    Git (2.31) shows them to this host alone. It would show them to whoever a redirection names as
    well, so none is followed: the URL must be the repository's own, with ``.git`` where the server
    calls it so. A URL without any stays as it is.
    """
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    who, at, place = host.rpartition("@")
    if scheme.lower() not in _KINDS or not at:
        return url, {}
    user, _, password = who.partition(":")
    shown = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return f"{scheme}{mark}{place}{slash}{path}", {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{scheme}://{place}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {shown}",
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }
