"""Benchmarks: ours beside a peer's, in one process tree, turn about, medians of at least three.

Each module owns one benchmark and offers ``measure(*, quick)``. Results are committed as data
in ``results/`` with the command and the machine that made them; ``RESULTS.md`` is written from
that data and from nothing else.
"""
