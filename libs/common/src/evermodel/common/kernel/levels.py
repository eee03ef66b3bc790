"""The text of a category's level: the one conversion from a value to a name.

The scorer, the lake, the training set, the hold-out and the drift counters all name levels
here. A level that had two names would be unknown to the model that learned the other.
"""

import math

#: The text that stands for null.
NULL = ""


def level_text(value: object) -> str:
    """Return the level that `value` names: 3, 3.0 and "3" are one, true is 1, NaN is null.

    Raises:
        TypeError: the value is neither text, a number, a truth value nor null.
    """
    match value:
        case str():
            return value
        case None:
            return NULL
        case bool() | int():
            return str(int(value))
        case float():
            if math.isnan(value):
                return NULL
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not a level")
