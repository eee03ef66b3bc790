"""``python -m docs.build.sbom FILE``: what evermodel is made of, as CycloneDX 1.6 (JSON).

Owns the form. Its content is that of the locks: packages, those of the MLflow image too, with their
hashes and licences, and the broker's jars with their hashes; so it says what an installation would
fetch, and nothing of this machine. Equal locks give equal bytes.
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docs.build.licences import licence_of
from evermodel.common.kernel.ids import NAMESPACE
from evermodel.embedded.jars import locked_jars

ROOT = Path(__file__).resolve().parents[2]
LOCKS = (
    Path("installer.lock"),
    Path("requirements.lock"),
    Path("deploy/docker/mlflow-requirements.lock"),
)

_PACKAGE = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)(?P<rest>(?:[^\n\\]*\\\n)*[^\n]*)", re.M
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Package:
    """One line of a lock: `hashes` of every file that may be installed for it."""

    name: str
    version: str
    hashes: tuple[str, ...]


def locked_packages(text: str) -> tuple[Package, ...]:
    """Return the packages that the lock `text` names, in its order."""
    return tuple(
        Package(found["name"], found["version"], tuple(_HASH.findall(found["rest"])))
        for found in _PACKAGE.finditer(text)
    )


def packages_of(root: Path = ROOT) -> tuple[Package, ...]:
    """Return the packages that any lock names, each version once."""
    found: dict[tuple[str, str], Package] = {}
    for lock in LOCKS:
        for package in locked_packages((root / lock).read_text(encoding="utf-8")):
            known = found.setdefault((package.name, package.version), package)
            hashes = tuple(dict.fromkeys([*known.hashes, *package.hashes]))
            found[package.name, package.version] = replace(known, hashes=hashes)
    return tuple(found.values())


def document(root: Path = ROOT) -> dict[str, Any]:
    """Return the bill of materials."""
    components = [*_packages(packages_of(root)), *_jars()]
    ours = {"type": "application", "name": "evermodel", "version": version("evermodel-common")}
    number = uuid.uuid5(NAMESPACE, json.dumps(components))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "component": ours,
            "tools": {"components": [{"type": "application", "name": "docs.build.sbom"}]},
        },
        "components": components,
    }


def _packages(packages: Sequence[Package]) -> Iterator[dict[str, Any]]:
    for package in packages:
        purl = f"pkg:pypi/{package.name.lower()}@{package.version}"
        licence = licence_of(package.name)
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": package.name,
            "version": package.version,
            "purl": purl,
            # One wheel of many is installed: each is a file of its own with a hash of its own.
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": purl,
                    "hashes": [{"alg": "SHA-256", "content": hash_}],
                }
                for hash_ in package.hashes
            ],
            **({"licenses": [{"expression": licence}]} if licence else {}),
        }


def _jars() -> Iterator[dict[str, Any]]:
    for jar in locked_jars():
        group, artifact, version = jar.coordinates.split(":")
        purl = f"pkg:maven/{group}/{artifact}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "group": group,
            "name": artifact,
            "version": version,
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": jar.sha256}],
        }


def main(arguments: Sequence[str]) -> int:
    """Write the bill to the one file in `arguments`; return an exit code."""
    if len(arguments) != 1:
        sys.stderr.write("name one file for the bill of materials\n")
        return 2
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    Path(arguments[0]).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
