"""Reading ``model.toml``: every error names the file, the key, the line and what was expected."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.policy import TrainingSection
from evermodel.common.models.values import Section


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
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadModelFile(f"{source}: not TOML: {error}") from error
    except RecursionError as error:
        raise BadModelFile(f"{source}: its lists or tables lie too deep") from error
    except ValueError as error:  # Python's limit of digits, which is no fault of the form
        raise BadModelFile(f"{source}: a number in it has too many digits") from error
    try:
        return ModelDescription.model_validate(content)
    except ValidationError as error:
        lines = [_sentence(text, source, problem) for problem in error.errors()]
        raise BadModelFile("\n".join(lines)) from error


def seeded(model: ModelDescription, seed: int, *, source: str) -> ModelDescription:
    """Return `model` with another ``training.seed``; `source` names it in errors.

    The key itself checks it, for a copy is not checked.

    Raises:
        BadModelFile: the key does not take it.
    """
    try:
        training = TrainingSection.model_validate({**dict(model.training), "seed": seed})
    except ValidationError as error:
        (problem,) = error.errors()
        raise BadModelFile(f"{source}: {_expected(problem, problem['msg'])}") from error
    return model.model_copy(update={"training": training})


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
        case "missing" if len(problem["loc"]) == 1:
            message = _section_missing(str(problem["loc"][0]))
        case "missing":
            message = "is missing, and has no default"
        case "model_type":
            message = f"expected a section of keys, got {problem['input']!r}"
        case "extra_forbidden":
            message = "no such key (misspelt?)"
        case "tuple_type":
            message = f"expected a list, e.g. {_list_like(problem)}"
        case "too_long":
            most, found = (problem["ctx"][key] for key in ("max_length", "actual_length"))
            message = f"expected at most {most} of them, got {found}"
        case "string_pattern_mismatch":
            rule = "1 to 63 of a-z, 0-9, - and _, the first a letter or a digit"
            message = f"expected {rule}, got {problem['input']!r}"
        case other if other != "value_error":
            told = message.replace("Input should be", "expected").partition(", unable")[0]
            message = f"{told}, got {problem['input']!r}"
    return message


def _section_missing(name: str) -> str:
    """Return what to write instead of nothing: the keys without a default, else any key."""
    keys = _section(name).model_fields
    required = [key for key, field in keys.items() if field.is_required()]
    wanted = " and ".join(required) if required else " or ".join(keys)
    return f"is missing: write a section [{name}] with {wanted}"


def _list_like(problem: ErrorDetails) -> str:
    """Return a list of the kind that the key takes: its default, or names of columns."""
    section, key = (str(part) for part in problem["loc"][:2])
    default = _section(section).model_fields[key].default
    return str(list(default)) if default else '["AMOUNT"]'


def _section(name: str) -> type[Section]:
    found = ModelDescription.model_fields[name].annotation
    if not (isinstance(found, type) and issubclass(found, Section)):
        raise TypeError(f"{name} is no section of one form")
    return found


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
