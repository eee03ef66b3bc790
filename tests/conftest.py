"""Fixtures that several kinds of tests share."""

from evermodel.embedded.testing import kafka_bootstrap

__all__ = ["kafka_bootstrap"]
