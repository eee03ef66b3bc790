"""The policy by which the judge's tests judge."""

from datetime import timedelta

from evermodel.deployer.domain.policy import Policy

DAY = timedelta(days=1)
POLICY = Policy(
    steps=(10, 20, 50, 100),
    window=DAY,
    min_duration=DAY,
    min_rows=200,
    patience=7 * DAY,
    label_horizon=14 * DAY,
    alert_budget=0.02,
    alert_rate_ratio=3.0,
    fraud_worth=2.0,
    margin=0.1,
    score_distance=0.25,
    alpha=0.05,
    max_failed=0.001,
)
