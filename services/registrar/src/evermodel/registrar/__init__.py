"""Judges candidates at the gates and keeps the registry, as its only writer."""
