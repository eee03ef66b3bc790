"""What is installed is what was read: pinned, with hashes, under licences that were looked at."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from docs.build import licences, sbom
from docs.build.sbom import LOCKS, ROOT, Package, locked_packages, packages_of
from evermodel.embedded.jars import locked_jars

TEXT = (ROOT / "requirements.lock").read_text()


def faults(text: str) -> list[str]:
    """Return one sentence for each line of a lock that lets something be installed unread."""
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = [
        f"no requirement of a fixed version: {line}"
        for line in lines
        if not line.startswith(" ")
        and not re.match(r"[A-Za-z0-9][\w.-]*(\[[\w,]+\])?==[^*\s]+", line)
    ]
    found += [f"{package.name}: no hash" for package in locked_packages(text) if not package.hashes]
    found += [f"a host: {line}" for line in lines if "://" in line]
    return found


@pytest.mark.guarantee(
    "security",
    fault="a package is replaced where it is fetched from",
    promise="nothing of {lock} is installed unless its SHA-256 is the one that was locked",
    seen="uv: hash mismatch; every requirement is pinned, has hashes and names no host",
)
@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_every_requirement_is_pinned_with_its_hashes(lock: Path) -> None:
    text = (ROOT / lock).read_text()
    assert locked_packages(text)
    assert faults(text) == []


PLANTED = {
    "no fixed version": "requests>=2",
    "no hash": "requests==2.0\n    # via me",
    "any version": "requests==*",
    "an address": "requests @ https://evil.example/requests.whl",
    "another index": "--extra-index-url https://evil.example/simple",
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_lock_that_lets_something_in_is_found_out(what: str) -> None:
    assert faults(PLANTED[what])


#: How our own folders are installed: nothing is fetched for them.
OURS = ("--no-deps", "--no-build-isolation")


def unread(text: str) -> list[str]:
    """Return the lines of `text` that install what no lock has."""
    return [
        line
        for line in text.splitlines()
        if "pip install" in line
        and not ("--require-hashes" in line and ".lock" in line)
        and not all(word in line for word in OURS)
    ]


@pytest.mark.parametrize("file", ["Makefile", "deploy/docker/Dockerfile"])
def test_it_is_installed_with_its_hashes_asked_for(file: str) -> None:
    text = (ROOT / file).read_text()
    assert text.count("pip install") >= 3
    assert unread(text) == []


@pytest.mark.parametrize("words", ["uv==0.13.9", "-r a.lock", "--no-deps ./libs/a"])
def test_an_installation_without_them_is_found_out(words: str) -> None:
    assert unread(f"RUN pip install {words}")


def test_every_lock_is_known() -> None:
    found = {path.relative_to(ROOT) for path in ROOT.glob("*.lock")}
    found |= {path.relative_to(ROOT) for path in ROOT.glob("deploy/docker/*.lock")}
    assert found == {*LOCKS}


def test_what_runs_here_is_what_is_locked() -> None:
    wanted = {canonicalize_name(p.name): p.version for p in locked_packages(TEXT)}
    for name in ("confluent-kafka", "mlflow", "pydantic", "aiohttp", "duckdb"):
        assert version(name) == wanted[canonicalize_name(name)]


#: Packages of other platforms: what they say is seen there.
ELSEWHERE = {"colorama", "pywin32", "waitress"}


def unaccepted(packages: tuple[Package, ...]) -> list[str]:
    told = {p.name: licences.licence_of(p.name) for p in packages}
    return [
        f"{name}: {licence}"
        for name, licence in told.items()
        if licence and name not in licences.EXCEPTED and not licences.is_accepted(licence)
    ]


@pytest.mark.guarantee(
    "security",
    fault="a package with an unknown or forbidden licence comes into the lock",
    promise="it is named: each licence is one of a list, or excepted with a reason",
    seen="docs/build/licences.py; 'licenses' in the bill of materials",
)
def test_every_licence_was_looked_at() -> None:
    packages = packages_of(ROOT)
    assert {p.name for p in packages if not licences.licence_of(p.name)} <= ELSEWHERE
    assert unaccepted(packages) == []
    assert {*licences.EXCEPTED, *licences.READ} <= {p.name for p in packages}


@pytest.mark.parametrize(
    "licence", ["AGPL-3.0-only", "unknown", "", "MIT AND GPL-3.0-only", "SSPL"]
)
def test_a_licence_that_was_not_looked_at_is_not_accepted(
    licence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(_package: str) -> str:
        return licence or "unknown"

    monkeypatch.setattr(licences, "licence_of", told)
    assert unaccepted((Package("evil", "1", ()),)) == [f"evil: {licence or 'unknown'}"]


def test_of_two_licences_offered_one_is_enough() -> None:
    assert licences.is_accepted("(MIT OR GPL-3.0-only) AND Apache-2.0")
    assert not licences.is_accepted("(MIT AND GPL-3.0-only) OR SSPL-1.0")
    assert licences.is_accepted("Apache-2.0 OR GPL-3.0-only")


@pytest.mark.guarantee(
    "security",
    fault="somebody asks what evermodel is made of",
    promise="one command says it: every package and jar with version and hashes, each package with "
    "its licence",
    seen="python -m docs.build.sbom FILE (CycloneDX 1.6)",
)
def test_the_bill_of_materials_names_everything(tmp_path: Path) -> None:
    assert sbom.main([str(tmp_path / "sbom.json")]) == 0
    bill = json.loads((tmp_path / "sbom.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    named = {component["purl"] for component in bill["components"]}
    assert len(named) == len(bill["components"])
    packages = {
        f"pkg:pypi/{p.name.lower()}@{p.version}"
        for lock in LOCKS
        for p in locked_packages((ROOT / lock).read_text())
    }
    assert named == packages | {
        "pkg:maven/{}/{}@{}".format(*jar.coordinates.split(":")) for jar in locked_jars()
    }
    for component in bill["components"]:
        files = component.get("hashes") or component["externalReferences"]
        assert files, component["purl"]
    unsaid = {c["name"] for c in bill["components"] if "group" not in c and "licenses" not in c}
    assert unsaid <= ELSEWHERE


def test_equal_locks_give_equal_bills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "other"):
        sbom.main([str(tmp_path / name)])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert sbom.main([]) == 2
    assert "name one file" in capsys.readouterr().err


def test_a_package_that_says_nothing_has_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "READ", {})
    assert unaccepted((Package("huey", "1", ()),)) == ["huey: unknown"]
    assert licences.licence_of("no-such-package") is None
