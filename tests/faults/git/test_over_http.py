"""A config repository over HTTP and HTTPS, as forges serve it, on a network that is not well.

deployer ──▶ git ──▶ proxy ──▶ http(s) ──▶ git http-backend ──▶ config.git
"""

import logging
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from evermodel.deployer.adapters import git_repository
from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import RepositoryUnavailable, Written
from evermodel.embedded.certificates import make_certificates
from evermodel.embedded.findings import repository_at
from tests.contract.git.writing import git, up
from tests.faults.git.retreat import OWED, assert_told_once, taken_back
from tests.faults.git_server import GitServer, git_server
from tests.faults.proxy import Proxy, proxied
from tests.faults.quick import whole_but
from tests.unit.deployer.scenario import Story

TOKEN = "planted-git-token"  # noqa: S105  # planted, and looked for

#: From a hundred objects on Git keeps a pack as it comes.
MANY_FILES = 120


@dataclass(frozen=True)
class Forge:
    """`bare`: what it serves, at `url`, through the network."""

    server: GitServer
    network: Proxy
    bare: Path
    url: str


@contextmanager
def forge(folder: Path, *, tls: ssl.SSLContext | None = None) -> Iterator[Forge]:
    bare = folder / "config.git"
    git("init", "-q", "--bare", "-b", "main", str(bare), at=folder)
    git("config", "http.receivepack", "true", at=bare)
    with (
        git_server(folder, user="robot", password=TOKEN, tls=tls) as server,
        proxied(f"127.0.0.1:{server.port}") as network,
    ):
        scheme = "http" if tls is None else "https"
        url = f"{scheme}://robot:{TOKEN}@{network.address}/config.git"
        yield Forge(server, network, bare, url)


@pytest.fixture
def over_http(tmp_path: Path) -> Iterator[Forge]:
    with forge(tmp_path) as made:
        yield made


@pytest.fixture
def story(over_http: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A rollout of version 2 over version 1, on Git over HTTP that is given up after seconds."""
    monkeypatch.setattr(git_repository, "TIMEOUT_SECONDS", 3.0)
    repository = GitRepository(over_http.url, clone=tmp_path / "clone", pause=lambda _: None)
    # A story asks no more of it than its port.
    return Story(repository=cast(MemoryRepository, repository)).accepted(1).accepted(2).days(2)


@dataclass(frozen=True, kw_only=True)
class Fault:
    strike: Callable[[Forge], object]
    mend: Callable[[Forge], object]


def does(misdeed: str) -> Fault:
    return Fault(
        strike=lambda forge: setattr(forge.server, "does", misdeed),
        mend=lambda forge: setattr(forge.server, "does", "nothing"),
    )


FAULTS = {
    "says 500": does("says 500"),
    "has each push cut in the middle of its body": does("cuts a push"),
    "takes each push, and its answer is lost": does("loses a push's answer"),
    "hangs in each push": does("hangs in a push"),
    "refuses the password from now on": Fault(
        strike=lambda forge: setattr(forge.server, "password", "another"),
        mend=lambda forge: setattr(forge.server, "password", TOKEN),
    ),
    "is cut off by the network": Fault(
        strike=lambda forge: forge.network.cut(), mend=lambda forge: forge.network.mend()
    ),
}


@pytest.mark.guarantee(
    "outside",
    fault="the config repository is on HTTP and {fault} while a version must be taken back",
    promise="its weight is zero at once; Git is told as soon as it can be, by one commit; the "
    "password is in no log and no event",
    seen=f"deployer logs 'rollback(fraud): v2 -> v1 {OWED}: git: …'; evermodel_git_owed_changes",
)
@pytest.mark.parametrize("fault", whole_but("has each push cut in the middle of its body", FAULTS))
def test_a_version_is_taken_back_whatever_a_forge_does(
    fault: str,
    over_http: Forge,
    story: Story,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    FAULTS[fault].strike(over_http)
    with caplog.at_level(logging.DEBUG):
        seconds = taken_back(
            story, over_http.bare, caplog, mend=lambda: FAULTS[fault].mend(over_http)
        )
    record_property("flows_again_seconds", seconds)
    assert over_http.server.did or over_http.server.refused or fault.startswith("is cut off")
    assert TOKEN not in caplog.text + repr(story.steps) + repr(story.state)
    git("fsck", "--strict", at=over_http.bare)


@pytest.mark.guarantee(
    "outside",
    fault="the config repository is on HTTP, and each piece of it comes 200 ms late each way",
    promise="waited for: the commit is made, nothing is owed",
    seen="nothing: it takes longer",
)
def test_a_late_forge_is_waited_for(over_http: Forge, story: Story) -> None:
    over_http.network.delay_seconds = 0.2
    story.cannot_serve(2)
    assert not story.handlers.state_of("fraud").owed
    assert_told_once(story, over_http.bare)


@pytest.mark.guarantee(
    "outside",
    fault="the config repository is on HTTPS, its certificate is of a company's own authority",
    promise="refused until GIT_SSL_CAINFO names that authority; then it is written to",
    seen="'git: ls-remote: fatal: unable to access …: … certificate …'; evermodel doctor",
)
def test_a_forge_of_an_authority_of_ones_own_is_believed_once_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificates(tmp_path, ("forge",), now=datetime.now(UTC))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "forge.crt", tmp_path / "forge.key")
    with forge(tmp_path, tls=tls) as over_https:
        repository = GitRepository(over_https.url, clone=tmp_path / "clone")
        with pytest.raises(RepositoryUnavailable, match="certificate") as refused:
            repository.write(up(None, 1))
        told = repository_at(over_https.url)
        assert told.verdict == "wrong"
        assert TOKEN not in f"{refused.value}{told}"
        monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "authority.pem"))
        assert repository_at(over_https.url).verdict == "well"
        assert isinstance(repository.write(up(None, 1)), Written)


@pytest.mark.guarantee(
    "outside",
    fault="the config repository is on HTTP, large, and stands still in the middle of each fetch",
    promise="each try is given up in time and leaves nothing on the disk; then it is read",
    seen="'git: Command … 'fetch' … timed out after 30.0 seconds'; evermodel_git_up",
)
def test_a_fetch_that_is_given_up_leaves_nothing_on_the_disk(
    over_http: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("clone", "-q", str(over_http.bare), "work", at=tmp_path)
    for number in range(MANY_FILES):
        (tmp_path / "work" / str(number)).write_bytes(os.urandom(10_000))
    git("add", "-A", at=tmp_path / "work")
    git("commit", "-qm", "much", at=tmp_path / "work")
    git("push", "-q", "origin", "HEAD:main", at=tmp_path / "work")
    clone = tmp_path / "clone"
    repository = GitRepository(over_http.url, clone=clone)
    over_http.server.does = "stalls in a fetch"
    monkeypatch.setattr(git_repository, "TIMEOUT_SECONDS", 3.0)
    with pytest.raises(RepositoryUnavailable, match="timed out"):
        repository.head()
    assert over_http.server.did == 1
    assert sum(file.stat().st_size for file in clone.rglob("*")) < 10_000 * MANY_FILES // 4
    over_http.server.does = "nothing"
    monkeypatch.setattr(git_repository, "TIMEOUT_SECONDS", 30.0)
    assert repository.head() == git("rev-parse", "main", at=over_http.bare).strip()
