"""The first model.toml as text: the columns by role, and what each guess rests on.

Owns the writing of it. Must never write what TOML cannot read back: a column is named by whoever
made the table, and a name may hold anything.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Guess:
    """What was guessed: columns by role, and a note on each for people."""

    name: str
    time: str
    label: str
    label_positive: str | int | None = None
    id: str | None = None
    entity: str | None = None
    forbidden: list[str] = field(default_factory=list)
    continuous: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    flag: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the notes, each on one line whatever its column is called."""
        return [_one_line(note) for note in self.notes]

    def text(self) -> str:
        """Return the file."""
        why = "\n".join(f"# {line}" for line in self.lines())
        stream = {
            "time": self.time,
            "label": self.label,
            "label_positive": self.label_positive,
            "id": self.id,
            "entity": self.entity,
            "forbidden": self.forbidden or None,
        }
        features = {"continuous": self.continuous, "categorical": self.categorical}
        features["flag"] = self.flag
        return (
            f"# A first guess by 'evermodel init'. What it rests on:\n{why}\n\n"
            f"[model]\nname = {_toml(self.name)}\n\n[stream]\n{_assignments(stream)}"
            'label_delay = "7d"  # how long after its transaction a label is known\n\n'
            f"[features]\n{_assignments({k: v for k, v in features.items() if v})}"
        )


def _assignments(fields: "dict[str, str | int | list[str] | None]") -> str:
    return "".join(f"{k} = {_toml(v)}\n" for k, v in fields.items() if v is not None)


def _toml(value: str | int | Sequence[str]) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's too; it lets one character stand that TOML does not.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_toml(each) for each in value) + "]"


def _one_line(note: str) -> str:
    """Return `note` with an escape for what does not print: a line break would end the comment."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in note)
