"""Fixtures that several kinds of tests share."""

from evermodel.embedded.testing import kafka_bootstrap, mlflow_server

__all__ = ["kafka_bootstrap", "mlflow_server"]
