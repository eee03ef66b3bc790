"""A planted train/serve skew, so that drills and the demo can show a bad version taken back.

Owns what a version is shown when it is on. Must never be set where payments are real, nor touch
what decides: it changes a feature on its way to one version, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from evermodel.common.kernel.errors import Misconfigured
from evermodel.scorer.domain.plan import Plan
from evermodel.scorer.ports import Columns


@dataclass(frozen=True, slots=True)
class Fault:
    """`feature` reaches `version` multiplied by `factor`, for the payments it decides.

    Only while it is a canary: shadow scoring stays sound, served traffic does not, which is
    what a broken serving path for one feature looks like.
    """

    version: int
    feature: str
    factor: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the fault that ``"<version>:<feature>:<factor>"`` describes.

        Raises:
            Misconfigured: `text` has another form.
        """
        version, _, rest = text.partition(":")
        feature, _, factor = rest.rpartition(":")
        try:
            if not feature:
                raise ValueError("no feature")
            return cls(int(version), feature, float(factor))
        except ValueError as error:
            raise Misconfigured(
                f"EVERMODEL_SCORER_FAULT: {text!r} is not <version>:<feature>:<factor>, "
                "e.g. 3:TX_AMOUNT:10"
            ) from error

    def __str__(self) -> str:
        return (
            f"{self.feature} is multiplied by {self.factor:g} for payments decided by canary "
            f"v{self.version}"
        )

    def seen_by(
        self, version: int, columns: Columns, *, whose: Sequence[int | None], plan: Plan
    ) -> Columns:
        """Return what `version` is shown of `columns`; `whose`: who decides each row."""
        column = columns.get(self.feature)
        if version != self.version or not self._strikes(plan):
            return columns
        if column is None or column.dtype != np.float32:
            return columns
        struck = np.array([decides == version for decides in whose], dtype=np.bool_)
        return {**columns, self.feature: np.where(struck, column * self.factor, column)}

    def _strikes(self, plan: Plan) -> bool:
        """Whether its version is a canary now."""
        return any(player.version == self.version and player.is_canary for player in plan.players)
