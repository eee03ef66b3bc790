"""Fixtures that several kinds of tests share."""

from hypothesis import settings

from evermodel.embedded.testing import kafka_bootstrap, mlflow_server, own_kafka_bootstrap

__all__ = ["kafka_bootstrap", "mlflow_server", "own_kafka_bootstrap"]

# A busy machine is no failure of a law; pytest's timeout ends what hangs.
settings.register_profile("evermodel", deadline=None)
settings.load_profile("evermodel")
