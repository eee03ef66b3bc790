"""`evermodel replay` and `evermodel demo`: handed on to the rooms that play."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
