"""What a package imports it declares, and the image holds every package there is.

Otherwise a wheel or a container ends in ModuleNotFoundError where a checkout does not.
"""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.packages import MEMBERS, ROOT, imported

#: Import names of other distributions, as installed here.
OTHERS = packages_distributions()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(module: str) -> set[str]:
    """Return the distributions that hold `module`; none for the standard library's."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names:
        return set()
    if parts[0] == "evermodel":
        return {"evermodel" if parts[1] == "cli" else f"evermodel-{parts[1]}"}
    return {normal(name) for name in OTHERS[parts[0]]}


def undeclared(member: Path, declared: set[str]) -> list[str]:
    """Return a line for everything `member` imports that is none of `declared`."""
    found = set()
    for source in member.glob("src/**/*.py"):
        for module in imported(source):
            holders = distributions(module)
            if holders and not holders & declared:
                found.add(f"{member.name} imports {module.split('.')[0]}: {sorted(holders)}")
    return sorted(found)


def declarations(member: Path) -> set[str]:
    project = tomllib.loads((member / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
    return {project["name"], *(normal(name.group()) for name in names if name)}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_what_a_package_imports_it_declares(member: Path) -> None:
    assert undeclared(member, declarations(member)) == []


def test_what_is_not_declared_is_found() -> None:
    cli = ROOT / "cli"
    assert "cli imports rich: ['rich']" in undeclared(cli, declarations(cli) - {"rich"})


def test_the_image_holds_every_package() -> None:
    text = (ROOT / "deploy/docker/Dockerfile").read_text("utf-8")
    (install,) = (line for line in text.splitlines() if "--no-build-isolation" in line)
    copied = {line.split()[1] for line in text.splitlines() if line.startswith("COPY ")}
    installed = {word.removeprefix("./").rstrip("/*") for word in install.split() if "./" in word}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split()}
    for member in MEMBERS:
        place = member.relative_to(ROOT)
        assert {str(place), str(place.parent)} & sent, f"{place} is not sent to the builder"
        assert {str(place), str(place.parent)} & copied, f"{place} is not copied"
        assert {str(place), str(place.parent)} & installed, f"{place} is not installed"
