"""How a command ends when it does not end well: one sentence, one exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """What scripts may rely on."""

    DONE = 0
    NO = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """A command that did not do what was asked; the message says what to do."""

    code = Exit.NO


class AnswerIsNo(CommandError):
    """Everything worked, and the answer is no."""


class WrongUsage(CommandError):
    """An option or a file is wrong."""

    code = Exit.USAGE


class Unavailable(CommandError):
    """A system that the command needs does not answer."""

    code = Exit.UNAVAILABLE
