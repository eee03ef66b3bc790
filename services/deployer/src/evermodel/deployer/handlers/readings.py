"""A model's standing as numbers: who serves, what Git wants, and whether the two agree.

    desired = stable, or a rollout is in progress         evermodel_git_divergence 0, else 1

Owns the deployer's gauges. Must never decide, and never show a model that is another replica's.
"""

import logging
from collections.abc import Mapping

from evermodel.common.observability.metrics import Metrics
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.ports import (
    ConfigRepository,
    Desired,
    RepositoryBroken,
    RepositoryUnavailable,
    is_of,
)

_LOG = logging.getLogger(__name__)

_GAUGES = (
    "rollout_weight_ratio",
    "rollout_in_progress",
    "desired_version",
    "stable_version",
    "git_divergence",
    "git_owed_changes",
)


class Readings:
    """The gauges of the models this replica owns."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._shown: dict[str, Lifecycle] = {}
        self._heads: dict[str, tuple[int, int | None]] = {}

    def heard(self, heads: Mapping[str, int] | None, asked: Mapping[str, Lifecycle]) -> None:
        """Take in what Git's head wants of each model; None: it did not answer.

        `asked`: the states when it was asked. What we wrote since, it cannot have told.
        """
        self._metrics.set("git_up", heads is not None)
        for model, head in (heads or {}).items():
            self._heads[model] = (head, asked[model].desired)
            self._show(model, self._shown.get(model, asked[model]))

    def show(self, states: Mapping[str, Lifecycle]) -> None:
        """Bring the gauges to `states`."""
        for model, state in states.items():
            if self._shown.get(model) != state:
                self._show(model, state)

    def forget(self) -> None:
        """Show nothing: the models may be another replica's from now on."""
        for model in [*self._shown]:
            self._forget(model)
        self._heads.clear()

    def _forget(self, model: str) -> None:
        self._shown.pop(model, None)
        for name in _GAUGES:
            self._metrics.forget(name, model=model)

    def _show(self, model: str, state: Lifecycle) -> None:
        self._forget(model)
        self._shown[model] = state
        champion = state.champion
        if champion is None:
            return
        desired = self._desired(model, state)
        divided = state.rollout is None and desired != champion.version
        self._metrics.set("stable_version", champion.version, model=model)
        self._metrics.set("rollout_in_progress", state.rollout is not None, model=model)
        self._metrics.set("git_divergence", divided, model=model)
        self._metrics.set("git_owed_changes", len(state.owed), model=model)
        if desired is not None:
            self._metrics.set("desired_version", desired, model=model)
        for share in state.in_play:
            self._metrics.set(
                "rollout_weight_ratio",
                share.weight / 100,
                model=model,
                model_version=str(share.release.version),
                role=share.role,
            )

    def _desired(self, model: str, state: Lifecycle) -> int | None:
        """Return the head's wish: as it was when last asked, unless we wrote since."""
        head, then = self._heads.get(model, (state.desired, state.desired))
        return head if then == state.desired else state.desired


def heads_of(
    states: Mapping[str, Lifecycle], repository: ConfigRepository
) -> dict[str, int] | None:
    """Return the version the head wants of each model, None when it does not answer.

    A file that cannot be read wants version 0: nothing that could serve. So does one that means
    another artefact by the number of a version in play.
    """
    heads = {}
    for model, state in states.items():
        try:
            desired = repository.desired(model)
        except RepositoryUnavailable:
            return None
        except RepositoryBroken:
            heads[model] = 0
            continue
        heads[model] = 0 if desired is None or _is_forged(desired, state) else desired.version
    return heads


def _is_forged(desired: Desired, state: Lifecycle) -> bool:
    known = {share.release.version: share.release for share in state.in_play}
    release = known.get(desired.version)
    if release is None or is_of(desired, release):
        return False
    _LOG.error(
        "%s: the repository's v%d is another artefact, %s of %s: somebody else's hand was in its "
        "file",
        state.model,
        desired.version,
        desired.digest,
        desired.model_uri,
    )
    return True
