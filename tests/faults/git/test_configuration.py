"""What a person's own Git knows is not what the deployer's knows: none is taken for the other."""

from pathlib import Path

import pytest

from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.ports import RepositoryUnavailable
from evermodel.embedded.findings import repository_at
from tests.contract.git.writing import git

#: Where Git finds a configuration beside its own: by what leads there.
PLACES = ("HOME", "GIT_CONFIG_GLOBAL", "the folder it is started in")


@pytest.mark.guarantee(
    "outside",
    fault="a person's Git configuration ({place}) opens a config repository that Git alone cannot "
    "read",
    promise="up and doctor call it wrong, as the deployer finds it",
    seen="evermodel doctor: config repository wrong",
)
@pytest.mark.parametrize("place", PLACES)
def test_doctor_is_told_what_the_deployer_is_told(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = tmp_path / "desk"
    git("init", "-q", "-b", "main", str(desk), at=tmp_path)
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "real.git"), at=tmp_path)
    alias, own = str(tmp_path / "alias.git"), f"url.{tmp_path / 'real.git'}.insteadOf"
    monkeypatch.chdir(desk)
    if place == "HOME":
        monkeypatch.setenv("HOME", str(tmp_path))
        git("config", "-f", str(tmp_path / ".gitconfig"), own, alias, at=desk)
    elif place == "GIT_CONFIG_GLOBAL":
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
        git("config", "-f", str(tmp_path / "config"), own, alias, at=desk)
    else:
        git("config", own, alias, at=desk)
    assert repository_at(alias).verdict == "wrong"
    with pytest.raises(RepositoryUnavailable, match="does not appear to be a git repository"):
        GitRepository(alias, clone=tmp_path / "clone").head()
    assert repository_at(str(tmp_path / "real.git")).verdict == "well"
