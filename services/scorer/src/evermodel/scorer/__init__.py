"""Scores every transaction with every loaded version; one of them decides."""
