"""What the detector knows of each model it was given, in memory and as it lies in the topic.

There it is zipped JSON, for it is one record and holds every window that is open: of five hundred
features two of them alone would be too large. What an earlier version kept plain is read.
"""

import zlib
from collections.abc import Collection, Iterator, Mapping

from pydantic import TypeAdapter

from evermodel.common.messaging.records import TopicPartition
from evermodel.drift.domain.standing import ModelState

_STATE = TypeAdapter(ModelState)
#: The first byte of what is zipped; JSON begins with a brace.
_ZIPPED = b"\x01"
_FASTEST = 1


class States:
    """States by model. The detector's topics share partition numbers, and one state for each."""

    def __init__(self, models: Collection[str]) -> None:
        self._models = models
        self._states: dict[str, ModelState] = {}
        self._owned: set[TopicPartition] = set()

    def get(self, model: str) -> ModelState:
        """Return what is known of `model`; nothing, to begin with."""
        return self._states.get(model, ModelState())

    def keep(self, model: str, state: ModelState) -> bytes:
        """Remember `state` and return it as it is kept in the topic."""
        self._states[model] = state
        return _ZIPPED + zlib.compress(_STATE.dump_json(state), _FASTEST)

    def items(self) -> Iterator[tuple[str, ModelState]]:
        """Yield every state that is known now."""
        yield from list(self._states.items())

    def restore(
        self, partition: TopicPartition, kept: Mapping[str, bytes]
    ) -> dict[str, ModelState]:
        """Take over a partition; return the states that are new here with it."""
        known = any(owned.partition == partition.partition for owned in self._owned)
        self._owned.add(partition)
        if known:
            return {}
        found = {name: decoded(raw) for name, raw in kept.items() if name in self._models}
        self._states |= found
        return found

    def revoke(self, partition: TopicPartition) -> None:
        """Forget; what is read again comes from the state topic."""
        self._owned.discard(partition)
        if not self._owned:
            self._states.clear()


def decoded(raw: bytes) -> ModelState:
    """Return the state that was kept as `raw`."""
    plain = zlib.decompress(raw[1:]) if raw[:1] == _ZIPPED else raw
    return _STATE.validate_json(plain)
