"""A small model.toml with some keys more, and what reading it says."""

import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import BadModelFile, parse_model

SMALL = {
    "model": ['name = "t"'],
    "stream": ['time = "at"', 'label = "bad"'],
    "features": [
        'continuous = ["sum", "age"]',
        'categorical = ["shop"]',
        'flag = ["night"]',
    ],
}


def described(*keys: str) -> ModelDescription:
    """Return the small description with `keys`, each as ``section.key = value``."""
    sections = {name: list(lines) for name, lines in SMALL.items()}
    for key in keys:
        name, _, value = key.partition(" = ")
        section, _, name = name.rpartition(".")
        sections.setdefault(section, []).append(f"{name} = {value}")
    lines = [line for name, found in sections.items() for line in (f"[{name}]", *found)]
    return parse_model("\n".join(lines), source="m.toml")


def said_of(*keys: str) -> str:
    """Return the one sentence that refuses the small description with `keys`, without its place.

    The place is the last key's own line, or that of its section.
    """
    with pytest.raises(BadModelFile) as caught:
        described(*keys)
    file, line, said = str(caught.value).split(":", 2)
    assert file == "m.toml"
    assert line.isdecimal()
    assert "\n" not in said
    return said.strip()
