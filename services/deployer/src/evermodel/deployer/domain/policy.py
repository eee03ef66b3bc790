"""The rollout policy as the domain reads it: steps, bands, patience.

Numbers only. Must never judge, nor know where a number came from.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a model's owner asked for, plus the constants of the judge.

    `window`: from a window's start until it is surely closed. `fraud_worth`: false alarms that one
    more caught fraud is worth. `margin`: a share of all frauds; of no larger loss is asked whether
    false alarms saved pay for it.
    `noise`: standard errors allowed on top of `score_distance`. `clustering`: how much the rows
    of one customer inflate a variance (they repeat, so rows count for less than they look).
    `least_loss`: a share of all frauds; a proved but smaller loss is not worth a rollback.
    `least_shift` of a skew's scores, in log-odds, and `least_excess` of alerts of one version
    alone, as a share of the alert budget: the same for what a skew changes. `likely_shift`: the
    size, in log-odds, for which the test of scores is sharpest.
    """

    steps: tuple[int, ...]
    window: timedelta
    min_duration: timedelta
    min_rows: int
    patience: timedelta
    label_horizon: timedelta
    alert_budget: float
    alert_rate_ratio: float
    fraud_worth: float
    margin: float
    score_distance: float
    alpha: float
    max_failed: float
    noise: float = 4.0
    clustering: float = 1.5
    least_loss: float = 0.01
    least_shift: float = 0.02
    least_excess: float = 0.05
    likely_shift: float = 0.1

    def __post_init__(self) -> None:
        if not self.steps or self.steps[-1] != 100 or list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"steps must ascend and end at 100: {self.steps}")

    @property
    def look_alpha(self) -> float:
        """Error allowed to one comparison: a rollout makes some hundreds of them."""
        return self.alpha / 500

    @property
    def skew_alpha(self) -> float:
        """Error allowed to one sequential test of skew, over a whole rollout."""
        return self.alpha / 10

    @property
    def last_step(self) -> int:
        """The number of the step that gives everything to the challenger."""
        return len(self.steps)

    def after(self, weight: int) -> tuple[int, int]:
        """Return the next step of a challenger that has `weight` percent, and its percent then.

        By its share, not by the number of its step: that was counted by the steps of then, and a
        person may have changed them since. Nobody is moved back to the champion by that.
        """
        return next((n, share) for n, share in enumerate(self.steps, start=1) if share > weight)
