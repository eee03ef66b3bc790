"""Fakes, recorders and contract suites. Never imported by production code."""
