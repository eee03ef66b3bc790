"""What serves now: one plan and its loaded versions per model, replaced as a whole.

Owned by the rollout handler, read by the transactions handler. A reader takes one `Live` and
keeps it for its batch, so a step that lands meanwhile, from another thread, cannot mix plans.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evermodel.common.kernel.ids import ModelName
from evermodel.scorer.domain.plan import UNSERVED, Plan
from evermodel.scorer.ports import LoadedVersion


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory, and the digest it was verified against."""

    digest: str
    model: LoadedVersion


@dataclass(frozen=True, slots=True)
class Live:
    """A model's plan and exactly the versions it names."""

    plan: Plan
    versions: Mapping[int, Loaded]


NOBODY = Live(UNSERVED, {})


@dataclass(slots=True)
class Serving:
    """The live state of every model."""

    _live: dict[ModelName, Live] = field(default_factory=dict)

    def of(self, model: ModelName) -> Live:
        """Return what serves `model`; nobody before its first rollout step."""
        return self._live.get(model, NOBODY)

    def put(self, model: ModelName, live: Live) -> None:
        """Let `live` serve `model` from the next batch on."""
        self._live[model] = live
