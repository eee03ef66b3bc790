"""Whether a reader is done with what was written for it, by what it has committed."""

from collections.abc import Mapping


def is_past(committed: Mapping[int, int], ends: Mapping[int, int], *, may_be_absent: bool) -> bool:
    """Return whether every partition was committed up to its end in `ends`.

    `may_be_absent`: a reader who never committed anything of the topic is none, as where somebody
    else scores: nobody waits for it.
    """
    if may_be_absent and not committed:
        return True
    return all(committed.get(number, 0) >= end for number, end in ends.items())
