"""A model bundle on disk: what it says of itself, and the digest that names it.

::

    <bundle>/bundle.json            the manifest
    <bundle>/saved_model/...        a TensorFlow SavedModel, one signature `serving_default`

The digest covers every file. It is what events, Git and the registry name, so whoever loads
a bundle checks it first: a SavedModel is a program, and an unchecked one is not run.
"""

import hashlib
import keyword
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from evermodel.common.events.payload import Digest, Name, Ratio, Value
from evermodel.common.kernel.ids import ReferenceId
from evermodel.common.models.description import FeatureKind, FeaturesSection

MANIFEST = "bundle.json"
SAVED_MODEL = "saved_model"
SIGNATURE = "serving_default"
OUTPUT = "probability"

_CHUNK = 1 << 20
_SAFE = re.compile(r"[A-Za-z0-9._-]+")
_ARGUMENT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = {"self", "args", "kwargs", OUTPUT, *keyword.kwlist, *keyword.softkwlist}


class BadBundle(ValueError):
    """A bundle that must not be served; the message says why."""


class Feature(Value):
    """One input: its column, its kind, and the SavedModel's argument that takes it."""

    name: str = Field(min_length=1)
    kind: FeatureKind
    argument: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Manifest(Value):
    """What a bundle says of itself."""

    format: int = 1
    model: Name
    features: tuple[Feature, ...] = Field(min_length=1)
    threshold: Ratio = Field(description="A score of at least this is an alert.")
    reference_id: ReferenceId
    seed: int = 0
    code_version: str = ""
    dataset_digest: Digest | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for part in ("name", "argument"):
            found = [getattr(feature, part) for feature in self.features]
            if len(set(found)) != len(found):
                raise ValueError(f"a feature's {part} appears twice")
        return self


def features_of(section: FeaturesSection) -> tuple[Feature, ...]:
    """Return the features of a model description, each with the argument that takes it.

    TensorFlow takes Python identifiers only; a column called `class` or `Betrag (EUR)` gets
    a numbered argument instead of its name.
    """
    names = section.names
    plain = {n for n in names if _ARGUMENT.fullmatch(n) and n not in _TAKEN}
    features = []
    for position, name in enumerate(names):
        argument = name if name in plain else f"input_{position}"
        while name not in plain and argument in plain:
            argument += "_"
        features.append(Feature(name=name, kind=section.kind(name), argument=argument))
    return tuple(features)


def write_manifest(bundle: Path, manifest: Manifest) -> None:
    """Write `manifest` into the folder `bundle`. Equal manifests give equal bytes."""
    (bundle / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_manifest(bundle: Path) -> Manifest:
    """Return the manifest of the folder `bundle`.

    Raises:
        BadBundle: there is none, or it is not one.
    """
    path = bundle / MANIFEST
    if path.is_symlink():
        raise BadBundle(f"{MANIFEST} is a symbolic link")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadBundle(f"no readable {MANIFEST} in the bundle: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'the file'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)[:5]
        )
        raise BadBundle(f"{MANIFEST}: {problems}") from error


def digest_of(bundle: Path) -> str:
    """Return ``sha256:...`` over the sorted relative paths and contents of the files.

    Empty folders do not count: artefact stores do not keep them.

    Raises:
        BadBundle: there is a symbolic link, a special file, a name with odd characters, or
            nothing at all.
    """
    total = hashlib.sha256()
    empty = True
    for relative, path in sorted(_files(bundle)):
        total.update(f"{relative}\0{_sha256(path)}\n".encode())
        empty = False
    if empty:
        raise BadBundle(f"{bundle.name}: no files in the bundle")
    return f"sha256:{total.hexdigest()}"


def verify(bundle: Path, *, expect_digest: str) -> None:
    """Return when `bundle` is what `expect_digest` names.

    Raises:
        BadBundle: it is not.
    """
    found = digest_of(bundle)
    if found != expect_digest:
        raise BadBundle(f"the bundle's digest is {found}, expected {expect_digest}")


def _files(bundle: Path) -> Iterator[tuple[str, Path]]:
    if bundle.is_symlink() or not bundle.is_dir():
        raise BadBundle(f"{bundle.name}: not a folder")
    for folder, folders, names in os.walk(bundle, onerror=_unreadable):
        for name in (*folders, *names):
            path = Path(folder) / name
            relative = path.relative_to(bundle).as_posix()
            if not _SAFE.fullmatch(name):
                raise BadBundle(f"odd name in the bundle: {relative!r}")
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise BadBundle(f"neither file nor folder: {relative}")
            if name in names:
                yield relative, path


def _unreadable(error: OSError) -> None:
    raise BadBundle(f"the bundle cannot be read: {error.strerror}") from error


def _sha256(path: Path) -> str:
    content = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            content.update(chunk)
    return content.hexdigest()
