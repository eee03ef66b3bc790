"""Which times can be meant: those of events, and those that a person gives to a command.

Must import nothing of ours: a command line answers ``--help`` before anything slow is there.
"""

from datetime import UTC, datetime

#: What lies outside was never meant, and a handler that adds a window to it, or takes the age of
#: a label off, would leave what a `datetime` can say.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
