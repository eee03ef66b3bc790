"""Text from outside as a terminal may be given it: its control characters are shown, not obeyed.

A reason, a name or a record may hold any character: an escape moves the cursor, sets the colour or
the title of the window, and writes over what stood there; a line break forges a line.
"""

import unicodedata

_KEPT = "\n"
#: What Unicode calls the ends of lines and paragraphs; the other controls are its kind C.
_BREAKS = {"Zl", "Zp"}


def visible(text: str, *, lines: bool = False) -> str:
    """Return `text` with an escape in the place of each control character; `lines`: may break."""
    return "".join(c if _is_harmless(c, lines=lines) else _escaped(c) for c in text)


def _is_harmless(character: str, *, lines: bool) -> bool:
    kind = unicodedata.category(character)
    return (kind[0] != "C" and kind not in _BREAKS) or (lines and character == _KEPT)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
