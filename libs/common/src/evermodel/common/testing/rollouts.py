"""Rollout steps for tests: what is in play matters to them, not how it came about.

Must never say what no deployer would: the champion is what is stable and desired.
"""

from collections.abc import Sequence

from evermodel.common.events.rollout import Action, Role, RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact
from evermodel.common.kernel.ids import ModelName, ReferenceId

#: A version, its role and its weight in percent.
Play = tuple[int, Role, int]


def artefact(*, reference_id: str = "reference") -> Artefact:
    """Return a bundle that lies nowhere."""
    return Artefact(
        uri="runs:/r/bundle",
        digest="sha256:" + "a" * 64,
        threshold=0.5,
        reference_id=ReferenceId(reference_id),
    )


def rollout_step(  # a step says much, and tests vary one thing at a time
    action: Action,
    *,
    about: int,
    in_play: Sequence[Play],
    model: str = "fraud",
    reference_id: str = "reference",
    reason: str = "a test",
) -> RolloutStep:
    """Return the step that says `action` about version `about` while `in_play` serves."""
    champion = next(version for version, role, _ in in_play if role == "champion")
    return RolloutStep(
        model=ModelName(model),
        action=action,
        version=about,
        from_version=None,
        step=1,
        in_play=tuple(
            VersionInPlay(
                version=version,
                role=role,
                weight=weight,
                model_uri=f"models:/{model}/{version}",
                artefact=artefact(reference_id=reference_id),
            )
            for version, role, weight in in_play
        ),
        stable_version=champion,
        desired_version=champion,
        reason=reason,
    )
