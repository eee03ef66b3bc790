"""Fixtures that several kinds of tests share."""

from hypothesis import settings

from evermodel.embedded.testing import kafka_bootstrap, mlflow_server

__all__ = ["kafka_bootstrap", "mlflow_server"]

# A busy machine is no failure of a law; pytest's timeout ends what hangs.
settings.register_profile("evermodel", deadline=None)
settings.load_profile("evermodel")
