"""The broker runs the very jars the lock names, or does not run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from evermodel.embedded import maven
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.jars import KAFKA_VERSION, Fetcher, Jar, locked_jars, parse_lock, provide

RIGHT = b"the jar"
JAR = Jar("a-1.jar", "org.a:a:1", hashlib.sha256(RIGHT).hexdigest())


def brings(content: bytes, calls: list[str]) -> Fetcher:
    def fetch(jars: Sequence[Jar], folder: Path) -> None:
        calls.extend(jar.name for jar in jars)
        for jar in jars:
            (folder / jar.name).write_bytes(content)

    return fetch


def test_the_lock_names_the_broker_and_every_line_is_whole() -> None:
    jars = locked_jars()
    assert f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}" in {jar.coordinates for jar in jars}
    for jar in jars:
        group, artifact, version = jar.coordinates.split(":")
        assert jar.name == f"{artifact}-{version}.jar"
        assert group
        assert len(bytes.fromhex(jar.sha256)) == 32
    assert len({jar.name for jar in jars}) == len(jars)


def test_a_cached_jar_is_not_fetched_again(tmp_path: Path) -> None:
    calls: list[str] = []
    for _ in range(2):
        assert provide(tmp_path, jars=[JAR], fetchers=[brings(RIGHT, calls)]) == [
            tmp_path / "a-1.jar"
        ]
    assert calls == ["a-1.jar"]


@pytest.mark.guarantee(
    "security",
    fault="a jar in the cache was changed",
    promise="it is fetched again",
    seen="sha256 in jars.lock",
)
def test_a_jar_tampered_with_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / JAR.name).write_bytes(b"something else")
    provide(tmp_path, jars=[JAR], fetchers=[brings(RIGHT, [])])
    assert (tmp_path / JAR.name).read_bytes() == RIGHT


@pytest.mark.guarantee(
    "security",
    fault="the repository of jars serves another jar",
    promise="it is not started with, and not kept",
    seen="'a-1.jar … EVERMODEL_MAVEN_REPOSITORY'",
)
def test_a_jar_with_another_digest_is_refused_and_removed(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"a-1\.jar.*EVERMODEL_MAVEN_REPOSITORY"):
        provide(tmp_path, jars=[JAR], fetchers=[brings(b"evil", [])])
    assert not (tmp_path / JAR.name).exists()


def test_the_next_way_is_tried_when_one_fails(tmp_path: Path) -> None:
    def fails(jars: Sequence[Jar], folder: Path) -> None:
        raise NotAvailable("no route")

    provide(tmp_path, jars=[JAR], fetchers=[fails, brings(RIGHT, [])])
    assert (tmp_path / JAR.name).read_bytes() == RIGHT


def test_a_repository_url_is_the_only_way_when_given(tmp_path: Path) -> None:
    home = tmp_path / "repository" / "org/a/a/1"
    home.mkdir(parents=True)
    (home / JAR.name).write_bytes(RIGHT)
    ways = maven.fetchers(repository=(tmp_path / "repository").as_uri())
    assert len(ways) == 1
    provide(tmp_path / "cache", jars=[JAR], fetchers=ways)
    assert (tmp_path / "cache" / JAR.name).read_bytes() == RIGHT


def test_a_repository_without_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="by_url: URLError"):
        provide(tmp_path, jars=[JAR], fetchers=maven.fetchers(repository=tmp_path.as_uri()))


def test_comments_and_empty_lines_of_a_lock_are_passed_over() -> None:
    assert parse_lock("# head\n\na-1.jar org.a:a:1 00 # why\n") == (
        Jar("a-1.jar", "org.a:a:1", "00"),
    )
