"""What the columns of the lake's files are called.

Features carry a prefix: theirs are a user's names, and one called ``Time`` would otherwise be
read as the row's own time (SQL does not tell names apart by case).
"""

import re
from collections.abc import Iterable

ID, ENTITY, TIME = "id", "entity", "time"
DECIDED_BY, DECISION, PROPENSITY, REFERENCE = "decided_by", "decision", "propensity", "reference"
LABEL, KNOWN_AT, SOURCE = "label", "known_at", "source"

#: What is said of a row whose label is not known.
UNLABELLED = -1

_SCORE = re.compile(r"score_v(\d+)")


def feature_column(name: str) -> str:
    """Return the column of the feature `name`."""
    return f"f_{name}"


def score_column(version: int) -> str:
    """Return the column of the scores that `version` gave; null where it gave none."""
    return f"score_v{version}"


def alert_column(version: int) -> str:
    """Return the column of the alerts that `version` raised; null where it did not answer."""
    return f"alert_v{version}"


def versions_in(columns: Iterable[str]) -> list[int]:
    """Return the versions whose scores are among `columns`, ascending."""
    found = (_SCORE.fullmatch(column) for column in columns)
    return sorted(int(match.group(1)) for match in found if match)
