"""Rolls versions out in steps through Git, judges them, and takes them back."""
