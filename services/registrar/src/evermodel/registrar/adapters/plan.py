"""An evaluation with every file at hand: what goes to the child process and comes back.

Owns that document. Must never fetch or score.
"""

from pydantic import TypeAdapter

from evermodel.common.events.payload import Digest, Value
from evermodel.common.models.description import ModelDescription
from evermodel.registrar.domain.evidence import Evaluated, NoComparison, Unloadable


class Bundle(Value):
    """A model bundle in a folder, and the digest it must have."""

    path: str
    digest: Digest


class Plan(Value):
    """Files and description. `champion` or `no_champion` says what to compare with."""

    model: ModelDescription
    candidate: Bundle
    champion: Bundle | None = None
    no_champion: str = "there is no champion to compare with"
    champion_expected: bool = False
    holdout: str

    def without_champion(self) -> NoComparison:
        """Return why there is no comparison."""
        return NoComparison(self.no_champion, self.champion_expected)


Result = Evaluated | Unloadable
RESULT: TypeAdapter[Result] = TypeAdapter(Result)
