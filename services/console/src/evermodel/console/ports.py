"""What the console keeps its views in. Faust's tables do, and so does a dict.

Everything is keyed by what it is about and set whole, so that reading a topic again changes
nothing.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from evermodel.console.domain.facts import Fact, Lifecycle, Serving, TopicCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The views: what serves by model, lifecycles by id, events by id, counts by topic.

    `positions` are next offsets by ``topic/partition``: a record read twice counts once.
    `letters` are the topics of dead letters by ``topic/partition/offset``, without those below
    `put_back`, the offsets by ``topic/partition`` up to which a redrive has put them back.
    """

    serving: MutableMapping[str, Serving] = field(default_factory=dict)
    lifecycles: MutableMapping[str, Lifecycle] = field(default_factory=dict)
    events: MutableMapping[str, Fact] = field(default_factory=dict)
    topics: MutableMapping[str, TopicCount] = field(default_factory=dict)
    positions: MutableMapping[str, int] = field(default_factory=dict)
    letters: MutableMapping[str, str] = field(default_factory=dict)
    put_back: MutableMapping[str, int] = field(default_factory=dict)
