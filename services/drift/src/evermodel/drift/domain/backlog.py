"""What of a topic lies written and is not dealt with yet, by what its reader has committed."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def unread(
    ends: Mapping[int, int], committed: Mapping[int, int], *, may_be_absent: bool
) -> AbstractSet[int]:
    """Return the partitions that go on past what was committed of them.

    `may_be_absent`: a reader who never committed anything of the topic is none, as where somebody
    else scores: nobody waits for it.
    """
    if may_be_absent and not committed:
        return frozenset()
    return {number for number, end in ends.items() if end > committed.get(number, 0)}
