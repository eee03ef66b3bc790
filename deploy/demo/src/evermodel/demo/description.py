"""The description that the services read: the parsed one, written out again.

A table may have been given what its file does not say (an id column), and the file is its
author's: it is neither edited nor spliced. Must never lose a key.
"""

from pathlib import Path

import tomli_w

from evermodel.common.models.description import ModelDescription


def write_description(model: ModelDescription, path: Path) -> Path:
    """Write `model` to `path`, to be read back as equal; return `path`."""
    sections = model.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    path.write_text(tomli_w.dumps(sections), encoding="utf-8")
    return path
