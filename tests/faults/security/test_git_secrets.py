"""A token in the URL of the config repository opens it, and is seen by nobody."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.kernel.git_login import git_login
from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.handlers.delivery import deliver
from evermodel.deployer.ports import RepositoryUnavailable, Written
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.findings import repository_at
from evermodel.embedded.repository import require_readable
from tests.contract.git.conftest import bare
from tests.contract.git.writing import git, up
from tests.faults.git_server import GitServer, git_server

__all__ = ["bare"]

TOKEN = "planted/git:token"  # noqa: S105  # planted, with what a URL must spell otherwise
SPELT = "planted%2Fgit%3Atoken"
TRACES = (TOKEN, SPELT, "cm9ib3Q6cGxhbnRl")  # and as Git sends it


@dataclass(frozen=True)
class Guarded:
    """A repository behind a password."""

    server: GitServer
    bare: Path
    work: Path

    def url(self, token: str = SPELT) -> str:
        return f"http://robot:{token}@127.0.0.1:{self.server.port}/config.git"

    def repository(self, token: str = SPELT) -> GitRepository:
        return GitRepository(self.url(token), clone=self.work / "clone", pause=lambda _: None)


@pytest.fixture
def guarded(bare: Path, tmp_path: Path) -> Iterator[Guarded]:
    git("config", "http.receivepack", "true", at=bare)
    with git_server(bare.parent, user="robot", password=TOKEN) as server:
        yield Guarded(server, bare, tmp_path)


@pytest.mark.guarantee(
    "security",
    fault="the URL of the config repository holds a token",
    promise="no command line of Git shows it, nor the clone, the commits or what doctor says",
    seen="ps -ef; work/deployer/config-0.git; evermodel doctor",
)
def test_a_token_is_shown_to_the_server_alone(guarded: Guarded) -> None:
    repository = guarded.repository()
    assert isinstance(repository.write(up(None, 1)), Written)
    desired = repository.desired("fraud")
    assert desired is not None
    require_readable(guarded.url())
    told = repository_at(guarded.url())
    assert told.verdict == "well"
    assert guarded.server.refused == 0, "it is shown at once, not after a question"
    assert any("remote-http" in line for line in guarded.server.seen), "what is looked at is there"
    kept = [file.read_bytes() for file in guarded.work.rglob("*") if file.is_file()]
    assert len(kept) > 10
    said = [*guarded.server.seen, repr(told), git("log", "--format=%B%an%ae", at=guarded.bare)]
    for trace in TRACES:
        assert not [text for text in said if trace in text]
        assert not [content for content in kept if trace.encode() in content]


@pytest.mark.guarantee(
    "security",
    fault="the token in the config repository's URL is refused",
    promise="what is owed stays owed; log, event and doctor say why without the token",
    seen="deployer logs '… is owed to the config repository: git: ls-remote: fatal: …'",
)
def test_a_refused_token_is_not_told(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "planted-and-wrong"
    repository = guarded.repository(wrong)
    with pytest.raises(RepositoryUnavailable) as caught:
        repository.write(up(None, 1))
    state = Lifecycle(model="fraud", owed=(up(None, 1),))
    with caplog.at_level(logging.ERROR):
        assert deliver(state, repository).state.owed
    assert "is owed to the config repository: git: ls-remote: fatal:" in caplog.text
    told = repository_at(guarded.url(wrong))
    assert told.verdict == "wrong"
    with pytest.raises(NotAvailable) as refused:
        require_readable(guarded.url(wrong))
    said = [caplog.text, repr(told), str(caught.value), str(refused.value), *guarded.server.seen]
    assert not [text for text in said if wrong in text]


#: What Git would take for an option or for a program to run, or what is no address at all.
HARMFUL = {
    "an option": "--upload-pack=touch {mark}",
    "a short option": "-c",
    "a program": "ext::sh -c touch% {mark}",
    "a descriptor": "fd::17",
    "an option of ssh": "ssh://-oProxyCommand=touch {mark}/x",
    "an option of ssh after a name": "ssh://git@-oProxyCommand=touch {mark}/x",
    "an option of ssh in short": "git@-oProxyCommand=touch {mark}:x",
    "a shell": "$(touch {mark})",
    "another command": "/tmp/x;touch {mark}",
    "a back quote": "`touch {mark}`",
    "an end of text": "/tmp/x\0y",
    "a home": "~/config.git",
    "another kind": "javascript:alert(1)",
}


@pytest.mark.guarantee(
    "security",
    fault="EVERMODEL_CONFIG_REPOSITORY is {kind}",
    promise="no program and no option of Git or ssh comes of it",
    seen="exit code 2 with the variable's name, or Git's own no",
)
@pytest.mark.parametrize("kind", HARMFUL)
def test_an_address_starts_nothing(
    kind: str, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    git("clone", "-q", str(bare), "here", at=tmp_path)  # an option alone is about its origin
    monkeypatch.chdir(tmp_path / "here")
    address = HARMFUL[kind].format(mark=mark)
    with pytest.raises((Misconfigured, RepositoryUnavailable)):
        GitRepository(address, clone=tmp_path / "clone", pause=lambda _: None).desired("fraud")
    with pytest.raises((Misconfigured, NotAvailable)):
        require_readable(address)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:pw@git.example/x.git", "https://git.example/x.git"),
        ("https://token@git.example:8443/x", "https://git.example:8443/x"),
        ("https://git.example/x@y", "https://git.example/x@y"),
        ("ssh://git@git.example/x", "ssh://git@git.example/x"),
        ("git@git.example:x", "git@git.example:x"),
        ("/srv/config.git", "/srv/config.git"),
    ],
)
def test_what_is_no_secret_stays_in_the_address(url: str, shown: str) -> None:
    bare_url, login = git_login(url)
    assert bare_url == shown
    assert bool(login) == (url != shown)


def test_an_address_of_the_deployers_is_told_without_its_password(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from evermodel.deployer.adapters.git_repository import GitRepository\n"
        "GitRepository('ftp://ada:planted@x/y', clone=Path('x'))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "EVERMODEL_CONFIG_REPOSITORY 'ftp://***@x/y'" in ended.stderr
    assert "planted" not in ended.stderr.splitlines()[-1]
