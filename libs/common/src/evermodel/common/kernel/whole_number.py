"""Whole numbers that somebody typed, in a command or a query.

Must import nothing of ours: a command line answers ``--help`` before anything slow is there.
"""


def whole_number(text: str, *, digits: int) -> int | None:
    """Return what `text` says in at most so many `digits`, 0 to 9; None: it is no such number.

    ``isdigit`` alone takes a ², and Python no number of more than 4300 digits.
    """
    if not text.isascii() or not text.isdigit() or len(text) > digits:
        return None
    return int(text)
