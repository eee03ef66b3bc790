"""Answers alarms with trainings: admission, training set, the child that learns."""
