"""What the deployer needs from the outside, as promises.

Every implementation answers the suites in ``tests/contract/git`` and ``tests/contract/engine``.
"""

from dataclasses import dataclass
from typing import Protocol

from evermodel.deployer.domain.changes import Change
from evermodel.deployer.domain.release import Release, Share


class RepositoryUnavailable(Exception):
    """The repository does not answer, or refused every try; the same change may be tried again.

    What was asked for may have been done all the same: only its answer is missing.
    """


class RepositoryBroken(Exception):
    """The file is not what the machine wrote: a person must mend it before it can be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the head of the branch wants served."""

    version: int
    model_uri: str
    digest: str


def wants(desired: Desired, change: Change) -> bool:
    """Return whether the head wants already what `change` wants."""
    return (desired.version, desired.digest) == (change.to.version, change.to.digest)


def is_of(desired: Desired, release: Release) -> bool:
    """Return whether the head wants `release`: its number, and the very artefact behind it."""
    wanted = (desired.version, desired.model_uri, desired.digest)
    return wanted == (release.version, release.model_uri, release.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The repository wants what the change wants. `commit` says so; it may be an older one."""

    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Somebody wrote something newer; the change was not made."""

    desired: int


class ConfigRepository(Protocol):
    """The desired version of every model, under version control.

    Laws: (1) `write` of the same change twice makes one commit and names the same one. (2) It
    touches only the scalars it must; comments and everybody else's lines stay. (3) It never
    overwrites what another writer did meanwhile, and never forces. (4) A promotion gives way
    to a newer version; a rollback is made only over the version it undoes. (5) The same
    history gives the same commit ids. (6) A change whose answer was lost is found when it is
    written again, and is undone by its rollback.
    """

    def desired(self, model: str, /) -> Desired | None:
        """Return what the head wants, None when it knows nothing of `model`.

        Raises:
            RepositoryUnavailable, RepositoryBroken.
        """

    def write(self, change: Change, /) -> Written | Superseded:
        """Make `change` the head's desire, unless that has been done or overtaken.

        Raises:
            RepositoryUnavailable: nobody knows whether it was written. Ask for it again, or for
                what undoes it: both look first, so nothing is ever to be inferred.
            RepositoryBroken: nothing was written.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the engine has brought about."""

    shares: tuple[Share, ...]
    desired: Desired | None


class RolloutEngine(Protocol):
    """Moves traffic.

    Laws: (1) `apply` is idempotent. (2) Afterwards `observe` reports those shares. (3) Taking a
    challenger's weight to zero needs nothing but the engine itself: it works while the
    repository is away. (4) Weight is given only to a version that the repository wants or
    wanted: `apply` refuses a challenger more weight, up to all of it, while it is not the
    desired version. (5) `take_over` refuses nothing and asks nobody: its shares were brought
    about before, perhaps by another replica.
    """

    def apply(self, model: str, /, *, shares: tuple[Share, ...]) -> None:
        """Bring `shares` about.

        Raises:
            EngineRefused: law 4.
        """

    def take_over(self, model: str, /, *, shares: tuple[Share, ...]) -> None:
        """Go on from `shares`, which a state says are the case, whatever was known here."""

    def observe(self, model: str, /) -> Applied | None:
        """Return what is the case, None when nothing was ever applied to `model`."""


class EngineRefused(Exception):
    """The engine will not give weight to a version the repository does not want.

    `desired` is the version it wants instead; None when it could not be asked, or means another
    artefact by the same number. `hindrance`: what people are told of it.
    """

    def __init__(
        self, message: str, *, desired: int | None = None, hindrance: str = "Git does not answer"
    ) -> None:
        super().__init__(message)
        self.desired, self.hindrance = desired, hindrance
