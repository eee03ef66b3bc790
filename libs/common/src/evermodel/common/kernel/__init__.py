"""Values every layer may use: ids, clocks, errors, durations.

Owns the vocabulary that does no work. Must never do I/O, read a clock, draw a random
number or import a third party: everything above relies on it being free of surprises.
"""
