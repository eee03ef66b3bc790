"""What is said of the kills: each service's middle and worst, and the worst of all."""

from benchmarks.kills import AIM, SERVICES, figures


def test_every_service_is_told_with_its_worst_and_the_aim() -> None:
    found = figures({"scorer": [1.0, 5.0, 2.0], "drift-windower": [3.0]}, spare=3 << 20)
    assert {name: figure.value for name, figure in found.items()} == {
        "recovery_scorer_p50": 2.0,
        "recovery_scorer_max": 5.0,
        "recovery_drift_windower_p50": 3.0,
        "recovery_drift_windower_max": 3.0,
        "recovery_services_max": 5.0,
        "recovery_spares_memory": 3.0,
    }
    assert {figure.unit for name, figure in found.items() if "memory" not in name} == {AIM}


def test_every_service_that_commits_is_killed() -> None:
    assert len(SERVICES) == 7
    assert "console" not in SERVICES
