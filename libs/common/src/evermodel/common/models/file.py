"""Reading ``model.toml``: every error names the file, the key, the line and what was expected."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.models.description import ModelDescription


class BadModelFile(Misconfigured):
    """A model description that cannot be used; the message is for its author."""


def read_model(path: Path) -> ModelDescription:
    """Return the description in the file at `path`.

    Raises:
        BadModelFile: it is absent, not TOML, or a key is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadModelFile(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadModelFile(f"{path}: not TOML: it is no UTF-8 text") from error
    return parse_model(text, source=str(path))


def parse_model(text: str, *, source: str) -> ModelDescription:
    """Return the description in `text`; `source` names it in errors."""
    try:
        return ModelDescription.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadModelFile(f"{source}: not TOML: {error}") from error
    except ValidationError as error:
        lines = [_sentence(text, source, problem) for problem in error.errors()]
        raise BadModelFile("\n".join(lines)) from error


def read_models(paths: str) -> Mapping[str, ModelDescription]:
    """Return descriptions by model name from `paths`: files or folders, joined by ``:``.

    Raises:
        BadModelFile: one is wrong, none is found, or two have the same name.
    """
    files: list[Path] = []
    for part in filter(None, paths.split(":")):
        path = Path(part)
        files += sorted(path.rglob("model.toml")) if path.is_dir() else [path]
    models: dict[str, ModelDescription] = {}
    for file in files:
        model = read_model(file)
        if model.name in models:
            raise BadModelFile(f"{file}: a second model is named {model.name!r}")
        models[model.name] = model
    if not models:
        raise BadModelFile(f"no model.toml under {paths!r}: 'evermodel init' writes a first one")
    return models


def _sentence(text: str, source: str, problem: ErrorDetails) -> str:
    loc, message = problem["loc"], problem["msg"].removeprefix("Value error, ")
    if not loc:  # of the file as a whole: the message says which key
        key, _, message = message.partition(": ")
        loc = tuple(key.split(".", 1))
    line = _line_of(text, loc)
    where = f"{source}:{line}" if line else source
    return f"{where}: {'.'.join(str(part) for part in loc)}: {_expected(problem, message)}"


def _expected(problem: ErrorDetails, message: str) -> str:
    """Return `message` as what was expected, and what was there instead."""
    match problem["type"]:
        case "missing":
            return "is missing, and has no default"
        case "extra_forbidden":
            return "no such key (misspelt?)"
        case "tuple_type":
            return 'expected a list, e.g. ["AMOUNT"]'
        case "string_pattern_mismatch":
            rule = "1 to 63 of a-z, 0-9, - and _, the first a letter or a digit"
            return f"expected {rule}, got {problem['input']!r}"
        case "value_error":
            return message
        case _:
            told = message.replace("Input should be", "expected").partition(", unable")[0]
            return f"{told}, got {problem['input']!r}"


def _line_of(text: str, loc: tuple[int | str, ...]) -> int | None:
    """Return the line of the deepest part of `loc` that the text shows, from 1."""
    names = [str(part) for part in loc if isinstance(part, str)]
    found, section = None, ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\]]+)\]", line)
        if header:
            section = header.group(1).strip().replace('"', "")
            if section == ".".join(names) or (names and section == names[0] and found is None):
                found = number
        elif section == ".".join(names[:-1]) and _assigns(line, names[-1]):
            return number
    return found


def _assigns(line: str, key: str) -> bool:
    return re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line) is not None
