"""A change of the desired version, as Git will tell it to people.

Owns the words: subject, body, trailers. Must never know git.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from evermodel.deployer.domain.release import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit to be: `to` becomes the desired version.

    `cause` is the id of the event that led to it, which an outsider may have chosen: any text.
    With the target it is the idempotency key. `rollback_of` marks the way back.
    `time` is event time, so that the same history makes the same commits.
    """

    model: str
    to: Release
    replaces: Release | None
    cause: str
    lifecycle_id: str
    time: datetime
    reason: str
    evidence: tuple[str, ...] = ()
    rollback_of: str | None = None

    @property
    def about(self) -> int:
        """The version whose rollout this belongs to."""
        if self.rollback_of is None or self.replaces is None:
            return self.to.version
        return self.replaces.version

    @property
    def subject(self) -> str:
        """``promote(fraud): v6 -> v7`` or ``rollback(fraud): v7 -> v6``."""
        verb = "promote" if self.rollback_of is None else "rollback"
        start = "none" if self.replaces is None else f"v{self.replaces.version}"
        return f"{verb}({self.model}): {start} -> v{self.to.version}"

    def yields_to(self, desired: int) -> bool:
        """Return whether the head's version makes this change a thing of the past.

        A promotion yields to anything newer; a rollback to anything but what it undoes.
        """
        if desired == self.to.version:
            return False
        if self.rollback_of is None:
            return desired > self.to.version
        return self.replaces is None or desired != self.replaces.version

    @property
    def key(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The trailers by which it is found again: a commit with both is this change."""
        return (
            ("Lifecycle-Event-Id", one_line(self.cause)),
            ("Model-Uri", one_line(self.to.model_uri)),
        )

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """Machine-readable lines at the end of the message."""
        cause, target = self.key
        always = (
            cause,
            ("Lifecycle-Id", one_line(self.lifecycle_id)),
            target,
            ("Model-Digest", one_line(self.to.digest)),
        )
        if self.rollback_of is None:
            return always
        return (
            *always,
            ("Rollback-Of", one_line(self.rollback_of)),
            ("Rollback-Reason", one_line(self.reason)),
        )

    @property
    def message(self) -> str:
        """The whole commit message."""
        body = "\n".join((one_line(self.reason), *(f"- {one_line(e)}" for e in self.evidence)))
        trailers = "\n".join(f"{key}: {value}" for key, value in self.trailers)
        return f"{self.subject}\n\n{body}\n\n{trailers}\n"


def one_line(text: str) -> str:
    """Return `text` without line ends: a line of its own could forge a trailer.

    Nor is there a NUL in it, with which git takes no message.
    """
    return " ".join(text.replace("\0", " ").split())


def promotion(
    model: str,
    *,
    champion: Release | None,
    challenger: Release,
    cause: str,
    time: datetime,
    reason: str,
) -> Change:
    """Return the change that sets out to replace `champion`."""
    return Change(
        model=model,
        to=challenger,
        replaces=champion,
        cause=cause,
        lifecycle_id=challenger.lifecycle_id,
        time=time.astimezone(UTC),
        reason=reason,
    )


def rollback(
    model: str,
    *,
    bad: Release,
    to: Release,
    cause: str,
    time: datetime,
    reason: str,
    evidence: tuple[str, ...],
) -> Change:
    """Return the change that takes `bad` back: an ordinary change that says what it undoes."""
    return Change(
        model=model,
        to=to,
        replaces=bad,
        cause=cause,
        lifecycle_id=bad.lifecycle_id,
        time=time.astimezone(UTC),
        reason=reason,
        evidence=evidence,
        rollback_of=bad.model_uri,
    )
