"""The processes that a test, or what it tests, has started: which there are, and which are gone."""

import psutil


def our_children() -> set[int]:
    """Return the process ids of this process's own children, zombies too."""
    return {child.pid for child in psutil.Process().children()}


def is_gone(pid: int) -> bool:
    """Return whether the process has ended, be it reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
