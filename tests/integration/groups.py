"""How far a consumer group has come, asked from outside."""

from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.settings.kafka import KafkaSettings


class Group:
    """The group of one service, on one broker."""

    def __init__(self, name: str, bootstrap: str) -> None:
        self._name = name
        self._groups = KafkaGroups(KafkaSettings(bootstrap_servers=bootstrap))

    def has_done_all(self, topic: str) -> bool:
        """Whether all that lies in `topic`, which nobody writes in transactions, is committed."""
        done = self._groups.committed([self._name])[self._name]
        return all(done.get(at, 0) == end for at, end in self._groups.ends([topic]).items())
