"""A member that its group gives up while it commits: only the commit itself can tell it."""

from evermodel.common.messaging.faultpoints import Moment
from evermodel.common.testing.harness import Harness


class Expelling:
    """A fault point: expels `instance` of `group` at its commit number `nth`, once."""

    def __init__(self, harness: Harness, *, group: str, instance: str, nth: int = 1) -> None:
        self._harness, self._group, self._instance = harness, group, instance
        self._left = nth

    @property
    def has_struck(self) -> bool:
        """Whether it came to that commit."""
        return self._left <= 0

    def __call__(self, moment: Moment, /) -> None:
        """Expel, if this is the moment."""
        if moment != "committing":
            return
        self._left -= 1
        if self._left == 0:
            self._harness.broker.expel(group=self._group, instance=self._instance)
