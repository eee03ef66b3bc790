"""A planted train/serve skew, so that drills and the demo can show a bad version taken back.

A test switch: never set it where payments are real.
"""

from dataclasses import dataclass
from typing import Self

from evermodel.common.kernel.errors import Misconfigured
from evermodel.scorer.domain.plan import Plan


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

    def strikes(self, plan: Plan) -> bool:
        """Return whether its version is a canary now."""
        return any(player.version == self.version and player.is_canary for player in plan.players)
