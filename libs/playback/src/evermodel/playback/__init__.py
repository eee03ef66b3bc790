"""Plays a table into the topics and writes down what came of it.

Shared by the twin and the demo. Must never decide anything.
"""
