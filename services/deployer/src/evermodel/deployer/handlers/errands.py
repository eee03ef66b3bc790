"""What is asked of Git between events, beside the loop: to take what it is owed, and what it wants.

Owns when. Must never touch a state: it says what came back, and the caller decides.
"""

from collections.abc import Mapping
from concurrent.futures import Executor, Future

from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.handlers.delivery import Delivery, deliver
from evermodel.deployer.handlers.readings import Readings, heads_of
from evermodel.deployer.ports import ConfigRepository

#: Ticks come about once a second; a Git that is away is asked this many ticks apart.
TICKS_BETWEEN_TRIES = 10

#: A person's edit of the machine's file is seen this many ticks after it at the latest.
TICKS_BETWEEN_LOOKS = 60

States = Mapping[str, Lifecycle]


class Errands:
    """At most one delivery and one look under way."""

    def __init__(
        self, repository: ConfigRepository, *, beside: Executor, readings: Readings
    ) -> None:
        self._repository, self._beside, self._readings = repository, beside, readings
        self._ticks = self._tries = 0
        self._delivery: Future[Delivery] | None = None
        self._look: tuple[States, Future[dict[str, int] | None]] | None = None

    def tick(self, states: States) -> Delivery | None:
        """Send what is due; return a delivery that came back."""
        self._ticks += 1
        self._look_at_the_head(states)
        if self._delivery is not None:
            if not self._delivery.done():
                return None
            came_back, self._delivery = self._delivery, None
            return came_back.result()
        owing = [state for state in states.values() if state.owed]
        if owing and self._ticks % TICKS_BETWEEN_TRIES == 0:
            self._tries += 1  # another one each time: the file of one may be broken for long
            state = owing[self._tries % len(owing)]
            self._delivery = self._beside.submit(deliver, state, self._repository)
        return None

    def _look_at_the_head(self, states: States) -> None:
        if self._look is not None:
            asked, future = self._look
            if not future.done():
                return
            self._look = None
            if all(model in states for model in asked):
                self._readings.heard(future.result(), asked)
        if states and self._ticks % TICKS_BETWEEN_LOOKS == 1:
            asked = dict(states)
            future = self._beside.submit(heads_of, asked, self._repository)
            self._look = (asked, future)
