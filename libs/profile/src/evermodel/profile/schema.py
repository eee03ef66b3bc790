"""Which features a profile covers, of which kind, and which windows are comparable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

FeatureKind = Literal["continuous", "categorical", "flag"]
Season = Literal["weekday", "none"]

#: The class of windows that are compared with the reference as a whole.
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The features by kind, and the season that makes windows comparable."""

    continuous: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    season: Season = "weekday"

    @property
    def names(self) -> tuple[str, ...]:
        """All features: continuous, then categorical, then flags."""
        return (*self.continuous, *self.categorical, *self.flag)

    @property
    def kinds(self) -> Mapping[str, FeatureKind]:
        """The kind of each feature."""
        kinds: dict[str, FeatureKind] = dict.fromkeys(self.continuous, "continuous")
        kinds |= dict.fromkeys(self.categorical, "categorical")
        kinds |= dict.fromkeys(self.flag, "flag")
        return kinds

    def window_class(self, start: datetime, end: datetime) -> str:
        """Return the class of the window ``[start, end)``: its UTC weekday ``"0"`` (Monday) to
        ``"6"``, or ``"all"`` without a season or when it covers more than one day.
        """
        if self.season == "none":
            return ALL
        first, last = start.astimezone(UTC), (end - timedelta(microseconds=1)).astimezone(UTC)
        return str(first.weekday()) if first.date() == last.date() else ALL
