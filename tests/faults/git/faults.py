"""What people, disks and other programs do to a config repository, and how it is mended."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.contract.git.writing import FILE, by_hand, git


@dataclass(frozen=True, kw_only=True)
class Place:
    """A bare repository, and the folder of the machine's clone, of which no other knows."""

    bare: Path
    clone: Path

    @property
    def folder(self) -> Path:
        return self.bare.parent


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`mend`: what a person does about it; None: nothing, the machine helps itself."""

    strike: Callable[[Place], object]
    mend: Callable[[Place], object] | None


def _hook(script: str) -> Callable[[Place], None]:
    def set_up(place: Place) -> None:
        hook = place.bare / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)

    return set_up


def _no_hook(place: Place) -> None:
    (place.bare / "hooks" / "pre-receive").unlink()


def _empty_objects(place: Place) -> None:
    for file in (place.clone / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def _lock(place: Place) -> None:
    """Leave the lock of a killed git where the next fetch must write."""
    by_hand(place.bare, place.folder, {"note": "mine\n"})
    (ref,) = (place.clone / "refs" / "remotes").rglob("main")
    ref.with_suffix(".lock").touch()


def _rename(place: Place) -> None:
    git("branch", "-m", "main", "old", at=place.bare)


def _rename_back(place: Place) -> None:
    git("branch", "-m", "old", "main", at=place.bare)


def _rewrite(place: Place) -> None:
    """Join the whole history into one commit of a person, and force it."""
    person = place.folder / "person"
    git("clone", "-q", str(place.bare), str(person), at=place.folder)
    git("checkout", "-q", "--orphan", "new", at=person)
    (person / "README").write_text("tidied up\n")
    git("add", "-A", at=person)
    git("commit", "-q", "-m", "tidy up", at=person)
    git("push", "-q", "--force", "origin", "new:main", at=person)


def _nonsense(place: Place) -> None:
    by_hand(place.bare, place.folder, {FILE: "desired: [unclosed\n"})


def _sense(place: Place) -> None:
    person = place.folder / "person"
    git("revert", "--no-edit", "HEAD", at=person)
    git("push", "-q", "origin", "main", at=person)


FAULTS = {
    "is away": Fault(
        strike=lambda place: place.bare.rename(place.folder / "moved"),
        mend=lambda place: (place.folder / "moved").rename(place.bare),
    ),
    "refuses every push": Fault(strike=_hook("echo no >&2; exit 1"), mend=_no_hook),
    "hangs": Fault(strike=_hook("exec sleep 600"), mend=_no_hook),
    "keeps a lock that somebody left": Fault(
        strike=lambda place: (place.bare / "refs/heads/main.lock").touch(),
        mend=lambda place: (place.bare / "refs/heads/main.lock").unlink(),
    ),
    "has lost its branch": Fault(strike=_rename, mend=_rename_back),
    "holds nonsense that a person wrote": Fault(strike=_nonsense, mend=_sense),
    "was given another history by force": Fault(strike=_rewrite, mend=None),
    "was cloned, and the clone is gone": Fault(
        strike=lambda place: shutil.rmtree(place.clone), mend=None
    ),
    "was cloned, and the clone's objects are empty": Fault(strike=_empty_objects, mend=None),
    "was cloned, and the clone is locked": Fault(strike=_lock, mend=None),
}
