"""Three ways to a jar: a repository's URL, jgo, Maven. No host is named here.

jgo and Maven know Maven Central by themselves, and Maven its user's mirrors. The coordinates
come from the lock one by one: jgo's resolver, asked for a whole tree, can choose versions that
no lock names, and walking the tree costs 9 to 14 s where this costs one.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from xml.sax.saxutils import escape

from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.jars import Fetcher, Jar

_PARALLEL = 8
_TIMEOUT_SECONDS = 60
_MAVEN_SECONDS = 300
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


def fetchers(*, repository: str | None) -> list[Fetcher]:
    """Return the ways to try, in order: where a repository is named, that one alone."""
    return [from_url(repository)] if repository else [by_jgo, by_maven]


def from_url(base: str) -> Fetcher:
    """Return a fetcher of single files under the repository at `base`."""

    def by_url(jars: Sequence[Jar], folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as own:

            def one(jar: Jar) -> Path:
                target = Path(own) / jar.name
                url = f"{base.rstrip('/')}/{jar.path_in_repository}"
                with (
                    urlopen(url, timeout=_TIMEOUT_SECONDS) as answer,  # noqa: S310  # the user's
                    target.open("wb") as file,
                ):
                    shutil.copyfileobj(answer, file)
                return target

            _each(jars, folder, one)

    return by_url


def by_jgo(jars: Sequence[Jar], folder: Path) -> None:
    """Fetch by jgo, into a repository of its own beside `folder` that goes afterwards."""
    from jgo.maven import MavenContext  # noqa: PLC0415  # 0.2 s that a warm cache never needs

    with tempfile.TemporaryDirectory(dir=folder) as own:
        maven = MavenContext(repo_cache=Path(own), timeout=_TIMEOUT_SECONDS)

        def one(jar: Jar) -> Path:
            group, artifact, version = jar.coordinates.split(":")
            return maven.project(group, artifact).at_version(version).artifact().resolve()

        _each(jars, folder, one)


def by_maven(jars: Sequence[Jar], folder: Path) -> None:
    """Fetch by the Maven on the PATH, with its user's settings, mirrors and local repository."""
    if shutil.which("mvn") is None:
        raise NotAvailable("mvn is not on the PATH")
    with tempfile.TemporaryDirectory(dir=folder) as own:
        pom = Path(own) / "pom.xml"
        pom.write_text(_pom(jars, Path(own) / "out"), encoding="utf-8")
        _run_maven(pom)
        for jar in jars:
            brought = Path(own) / "out" / jar.name
            if brought.exists():
                brought.replace(folder / jar.name)


def _run_maven(pom: Path) -> None:
    try:
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), _PLUGIN],
            capture_output=True,
            text=True,
            timeout=_MAVEN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotAvailable(f"mvn took longer than {_MAVEN_SECONDS} s") from error
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
        raise NotAvailable(f"mvn failed: {(errors or ['no reason given'])[0]}")


def _each(jars: Sequence[Jar], folder: Path, one: Callable[[Jar], Path]) -> None:
    """Move what `one` brings into `folder`; a file appears there whole or not at all."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        try:
            for jar, brought in zip(jars, pool.map(one, jars), strict=True):
                brought.replace(folder / jar.name)
        except (OSError, URLError, RuntimeError, ValueError) as error:
            pool.shutdown(cancel_futures=True)
            raise NotAvailable(f"{type(error).__name__}: {error}") from error


def _pom(jars: Sequence[Jar], out: Path) -> str:
    items = "".join(
        "<artifactItem><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>"
        "</artifactItem>".format(*(escape(part) for part in jar.coordinates.split(":")))
        for jar in jars
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        "<groupId>evermodel</groupId><artifactId>kafka-jars</artifactId><version>1</version>"
        "<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>"
        f"<outputDirectory>{escape(str(out))}</outputDirectory><artifactItems>{items}"
        "</artifactItems></configuration></plugin></plugins></build></project>"
    )
