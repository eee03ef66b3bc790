"""Profiles of data: counters that add up, references to hold them against, effect sizes.

Pure numpy. Must never do I/O beyond loading and saving a reference.
"""
