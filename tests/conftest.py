"""Fixtures that several kinds of tests share."""

from hypothesis import settings

from evermodel.common.runtime.service import tell_imports
from evermodel.embedded.testing import kafka_bootstrap, mlflow_server, own_kafka_bootstrap

__all__ = ["kafka_bootstrap", "mlflow_server", "own_kafka_bootstrap"]

pytest_plugins = ["tests.certificate"]

# As in every process of ours: a server that is away is given up after seconds, not minutes.
tell_imports()

# A busy machine is no failure of a law; pytest's timeout ends what hangs.
settings.register_profile("evermodel", deadline=None)
settings.load_profile("evermodel")
