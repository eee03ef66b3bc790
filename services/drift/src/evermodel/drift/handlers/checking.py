"""The champion's reference, and the checks of a window's input against it and `model.toml`.

Must never speak of drift: input that is broken is told apart from it here.
"""

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import QualityFailure, WindowCounters
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.quality import failures_of
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.ports import References
from evermodel.profile.reference import BadReference, Reference
from evermodel.profile.schema import ALL

Failures = tuple[QualityFailure, ...]


class Checking:
    """Holds windows against what is known of sound input."""

    def __init__(self, references: References) -> None:
        self._references = references

    def reference(
        self, model: ModelDescription, state: ModelState
    ) -> tuple[Reference | None, Failures]:
        """Return the champion's reference; one that is spoilt is a failure of the input.

        Raises:
            Transient: it is not there yet.
        """
        if state.reference_id is None:
            return None, ()
        try:
            return self._references.get(model.name, state.reference_id), ()
        except BadReference as error:
            failure = QualityFailure(
                check="schema", column=None, value=0.0, bound=1.0, detail=str(error)
            )
            return None, (failure,)


def checked(
    counters: WindowCounters, model: ModelDescription, reference: Reference | None, span: Span
) -> Failures:
    """Return the checks that the window `span` does not hold."""
    name = ALL if reference is None else reference.schema.window_class(span.start, span.end)
    return failures_of(counters, model, reference=reference, window_class=name)
