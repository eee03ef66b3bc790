"""Who deals with which topic upstream of a window, and whether it is done, by what it committed."""

from collections.abc import Iterable, Mapping

from evermodel.common.events.catalogue import LABELS, TRANSACTIONS_PARTIALS, TRANSACTIONS_SCORED

SCORER = "scorer"


def readers(*, scored_from: Iterable[str]) -> Mapping[str, str]:
    """Return the group that reads each topic; `scored_from`: those that the scorers read."""
    return {
        **dict.fromkeys(scored_from, SCORER),
        TRANSACTIONS_SCORED.name: "drift-windower",
        LABELS.name: "drift-windower",
        TRANSACTIONS_PARTIALS.name: "drift-detector",
    }


def is_past(committed: Mapping[int, int], ends: Mapping[int, int], *, may_be_absent: bool) -> bool:
    """Return whether every partition was committed up to its end in `ends`.

    `may_be_absent`: a reader who never committed anything of the topic is none, as where somebody
    else scores: nobody waits for it.
    """
    if may_be_absent and not committed:
        return True
    return all(committed.get(number, 0) >= end for number, end in ends.items())
