"""Who may ask a process over HTTP: anybody on loopback; elsewhere whoever shows the token."""

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import aiohttp
import pytest

from evermodel.common.kernel.bearer import is_loopback, shows
from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.observability.health import health_server
from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.service import read
from evermodel.common.settings.http import HttpSettings
from evermodel.console.adapters.http_endpoint import endpoint
from evermodel.console.handlers.answers import Answers
from evermodel.console.ports import Tables
from tests.integration.services import MODEL

TOKEN = "planted-token-of-32-characters-00"  # noqa: S105  # planted
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG: Mapping[str, Mapping[str, str]] = {
    "nothing": {},
    "another token": {"Authorization": f"Bearer {TOKEN[:-1]}1"},
    "the beginning of the token": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "the token as a password": {"Authorization": f"Basic {TOKEN}"},
    "an empty token": {"Authorization": "Bearer "},
}


def get(port: int, path: str, headers: Mapping[str, str]) -> int:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def serving(*, token: str | None) -> AbstractContextManager[int]:
    return health_server(
        host="127.0.0.1",
        port=0,
        metrics=Metrics(),
        healthy=lambda: True,
        ready=lambda: True,
        token=token,
    )


@pytest.mark.guarantee(
    "security",
    fault="somebody asks a service for /metrics and shows {what}",
    promise="401, and no number; the probes /healthz and /readyz go on being answered",
    seen="401 'show the token: Authorization: Bearer ...'",
)
@pytest.mark.parametrize("what", WRONG)
def test_metrics_are_shown_to_who_shows_the_token(what: str) -> None:
    with serving(token=TOKEN) as port:
        assert get(port, "/metrics", WRONG[what]) == 401
        assert get(port, "/metrics", RIGHT) == 200
        assert [get(port, path, {}) for path in ("/healthz", "/readyz")] == [200, 200]


async def ask(headers: Mapping[str, str], *, token: str | None) -> dict[str, int]:
    paths = ("/", "/api/models", "/api/lifecycles", "/api/events", "/api/topics", "/healthz")
    found = {}
    async with (
        endpoint(
            Answers(Tables()), host="127.0.0.1", port=0, healthy=lambda: True, token=token
        ) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        for path in paths:
            async with session.get(path, headers=headers) as answer:
                found[path] = answer.status
    return found


@pytest.mark.guarantee(
    "security",
    fault="somebody asks the console anything and shows {what}",
    promise="401, and no event; /healthz goes on being answered",
    seen="401 'show the token: Authorization: Bearer ...'",
)
@pytest.mark.parametrize("what", WRONG)
def test_the_console_answers_who_shows_the_token(what: str) -> None:
    refused = asyncio.run(ask(WRONG[what], token=TOKEN))
    assert refused.pop("/healthz") == 200
    assert set(refused.values()) == {401}
    assert set(asyncio.run(ask(RIGHT, token=TOKEN)).values()) == {200}


@pytest.mark.guarantee(
    "security",
    fault="a page of another site, whose name leads to 127.0.0.1, reads the console or /metrics",
    promise="it is refused: it comes under that site's name",
    seen="403 'nobody here has that name'",
)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "[evil"])
def test_a_page_of_another_site_reads_nothing(host: str) -> None:
    refused = asyncio.run(ask({"Host": host}, token=None))
    assert refused.pop("/healthz") == 200
    assert set(refused.values()) == {403}
    with serving(token=None) as port:
        assert get(port, "/metrics", {"Host": host}) == 403
        assert get(port, "/healthz", {"Host": host}) == 200
        for name in ("localhost:8080", "127.0.0.1:1", "[::1]:8080"):
            assert set(asyncio.run(ask({"Host": name}, token=None)).values()) == {200}
            assert get(port, "/metrics", {"Host": name}) == 200


def started(module: str, folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    (folder / "model.toml").write_text(MODEL)
    places = {
        "EVERMODEL_MODELS": str(folder / "model.toml"),
        "EVERMODEL_CONFIG_REPOSITORY": str(folder),
        "EVERMODEL_WORK": str(folder / "work"),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    }
    return subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **places, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.guarantee(
    "security",
    fault="{module} is told to listen on {host}, and no token is set",
    promise="it does not start",
    seen="exit code 2: '{variable}={host} lets others ask: set EVERMODEL_HTTP_TOKEN …'",
)
@pytest.mark.parametrize(
    ("module", "variable", "host"),
    [
        ("evermodel.console", "EVERMODEL_CONSOLE_HOST", "0.0.0.0"),  # noqa: S104  # refused
        ("evermodel.deployer", "EVERMODEL_HEALTH_HOST", "::"),
    ],
)
def test_nothing_listens_for_others_without_a_token(
    module: str, variable: str, host: str, tmp_path: Path
) -> None:
    ended = started(module, tmp_path, **{variable: host, "EVERMODEL_HEALTH_PORT": "0"})
    assert ended.returncode == 2, ended.stderr
    assert f"{variable}={host} lets others ask: set EVERMODEL_HTTP_TOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LocalHost", True),
        ("0.0.0.0", False),  # noqa: S104  # what it is asked about
        ("::", False),
        ("", False),
        ("10.1.2.3", False),
        ("localhost.evil.example", False),
        ("machine", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, *, only_here: bool) -> None:
    assert is_loopback(host) is only_here


def test_without_a_token_on_loopback_everybody_of_this_machine_may_ask() -> None:
    assert shows(None, token=None)
    assert not shows("Bearer ünïcode", token=TOKEN)


def test_a_token_from_a_file_counts_and_a_short_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    monkeypatch.setenv("EVERMODEL_HTTP_TOKEN_FILE", str(file))
    assert HttpSettings().guard("10.0.0.1", variable="X") == TOKEN
    file.write_text("short\n")
    with pytest.raises(Misconfigured, match="16 characters at least"):
        HttpSettings().value()
    file.unlink()
    with pytest.raises(Misconfigured, match="EVERMODEL_HTTP_TOKEN_FILE cannot be read"):
        HttpSettings().value()
    monkeypatch.setenv("EVERMODEL_HTTP_TOKEN", "short")
    with pytest.raises(Misconfigured, match=r"EVERMODEL_HTTP_TOKEN: .*at least 16") as caught:
        read(HttpSettings)
    assert "short" not in str(caught.value)


def test_bytes_that_are_no_text_are_no_token() -> None:
    assert not shows("Bearer \udcff", token=TOKEN)
