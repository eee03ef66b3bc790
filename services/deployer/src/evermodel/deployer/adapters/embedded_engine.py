"""The engine for one machine: the head of the repository is desired, ``rollout.step`` is applied.

Scorers read the weights from ``rollout.step``, so applying here is remembering what the next
step will say, after checking it against the head. Must never write to the repository.
"""

from dataclasses import dataclass, field

from evermodel.deployer.domain.release import Share
from evermodel.deployer.ports import (
    Applied,
    ConfigRepository,
    EngineRefused,
    RepositoryBroken,
    RepositoryUnavailable,
    is_of,
)


@dataclass(slots=True)
class EmbeddedEngine:
    """Reconciles weights with the head of `repository`."""

    repository: ConfigRepository
    _applied: dict[str, tuple[Share, ...]] = field(default_factory=dict)

    def apply(self, model: str, /, *, shares: tuple[Share, ...]) -> None:
        """Remember `shares` as what is the case (``RolloutEngine``; weights in percent, sum 100).

        Raises:
            EngineRefused: a challenger would rise, and the head wants another version or is away.
        """
        before = {share.release.version: share for share in self._applied.get(model, ())}
        for share in shares:
            was = before.get(share.release.version)
            rises = share.weight > (0 if was is None else was.weight)
            if rises and "challenger" in {share.role, None if was is None else was.role}:
                self._check_desired(model, share)
        self._applied[model] = shares

    def take_over(self, model: str, /, *, shares: tuple[Share, ...]) -> None:
        """Remember `shares` as what is the case, whatever was before (``RolloutEngine``)."""
        self._applied[model] = shares

    def observe(self, model: str, /) -> Applied | None:
        """Return what was applied last, and what the head wants: None when it cannot be asked."""
        shares = self._applied.get(model)
        if shares is None:
            return None
        try:
            desired = self.repository.desired(model)
        except (RepositoryUnavailable, RepositoryBroken):
            desired = None
        return Applied(shares=shares, desired=desired)

    def _check_desired(self, model: str, share: Share) -> None:
        try:
            desired = self.repository.desired(model)
        except (RepositoryUnavailable, RepositoryBroken) as error:
            raise EngineRefused(f"the repository cannot say what it wants: {error}") from error
        if desired is None or desired.version != share.release.version:
            wants = "nothing" if desired is None else f"v{desired.version}"
            raise EngineRefused(
                f"the repository wants {wants}, not v{share.release.version}",
                desired=None if desired is None else desired.version,
            )
        if not is_of(desired, share.release):
            raise EngineRefused(
                f"the repository's v{desired.version} is another artefact, {desired.digest} of "
                f"{desired.model_uri}: somebody else's hand was in its file",
                hindrance="Git wants another artefact under this version's number",
            )
