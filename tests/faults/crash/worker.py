"""A service as it is, in a process that breaks at planted points.

``python -m tests.faults.crash.worker ROLE MODULE ARGUMENT…``; EVERMODEL_TEST_STRIKES names the
folder of ``striking``, EVERMODEL_TEST_MUTANTS bugs of ``mutants``. Owns how plants get into the
code: each call of ``points`` is wrapped.
"""

import functools
import importlib
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evermodel.common.messaging import kafka_consumer, kafka_producer
from evermodel.common.messaging.faultpoints import Moment
from evermodel.common.runtime import service
from evermodel.tracking import client
from tests.faults.crash import mutants
from tests.faults.crash.points import MOMENTS, POINTS, Point
from tests.faults.crash.striking import SESSION_SECONDS, Strikes


def plant(point: Point, strikes: Strikes) -> None:
    """Wrap the call of `point`."""
    module, _, path = point.target.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, wrapped(getattr(owner, name), point, strikes))


def wrapped(call: Callable[..., Any], point: Point, strikes: Strikes) -> Callable[..., Any]:
    @functools.wraps(call)
    def around(*args: Any, **kwargs: Any) -> Any:
        if not point.is_meant(*args):
            return call(*args, **kwargs)
        strikes.at(point.name, "before", is_moment=False)
        result = call(*args, **kwargs)
        strikes.at(point.name, "after", is_moment=False)
        return result

    return around


def plant_all(role: str, strikes: Strikes) -> None:
    """Plant every point of `role`; those of MLflow's client when it is imported."""
    ours = [point for point in POINTS if role in point.roles]
    late = [point for point in ours if point.target.startswith("mlflow.")]
    for point in ours:
        if point not in late:
            plant(point, strikes)
    import_mlflow = client.import_mlflow

    @functools.cache
    def import_planted() -> Any:
        found = import_mlflow()
        for point in late:
            plant(point, strikes)
        return found

    client.import_mlflow = import_planted

    def at(moment: Moment) -> None:
        strikes.at(MOMENTS[moment], "with", is_moment=True)

    service.run_service = functools.partial(service.run_service, at=at)


def shorten() -> None:
    """Let a group miss a member sooner, so that one that hangs need not hang for long."""
    kafka_consumer.CONSUMER["session.timeout.ms"] = int(SESSION_SECONDS * 1000)
    kafka_consumer.CONSUMER["heartbeat.interval.ms"] = int(SESSION_SECONDS * 250)
    kafka_producer.TRANSACTIONAL["transaction.timeout.ms"] = 5000


def main(role: str, module: str, *arguments: str) -> None:
    folder = Path(os.environ["EVERMODEL_TEST_STRIKES"])
    shorten()
    mutants.plant(os.environ.get("EVERMODEL_TEST_MUTANTS", ""), role=role)
    plant_all(role, Strikes(folder, role=role))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
