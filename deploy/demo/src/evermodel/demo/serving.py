"""Which rollout step every scorer has taken over, as far as the topics say.

Must never read a topic itself: what has been read is told to it.
"""

from evermodel.common.events.traffic import ServingApplied


class Serving:
    """The last step of every model, and the last one that each scorer answered."""

    def __init__(self, *, scorers: int) -> None:
        """`scorers`: how many replicas must serve a step before it counts as served."""
        self._scorers = scorers
        self._step: dict[str, str] = {}
        self._answered: dict[tuple[str, str], str] = {}

    def on_step(self, model: str, event_id: str) -> None:
        """Note the step that is to be served from now on."""
        self._step[model] = event_id

    def on_applied(self, applied: ServingApplied) -> None:
        """Note what a scorer serves."""
        self._answered[applied.model, applied.replica] = applied.step_event_id

    def missing(self, model: str) -> str | None:
        """Return which step some scorer does not serve yet, or None.

        One that went on by the step before would score what follows as nobody else does.
        """
        step = self._step.get(model)
        if step is None:
            return None
        ready = sorted(r for (m, r), s in self._answered.items() if m == model and s == step)
        if len(ready) >= self._scorers:
            return None
        return f"step {step} is served by {ready} only, of {self._scorers} scorers"
