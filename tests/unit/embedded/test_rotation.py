"""A log is cut while its process writes on, and nothing but the oldest part goes."""

from pathlib import Path

from evermodel.embedded.rotation import rotate


def test_a_short_log_and_an_absent_one_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert not rotate(log, limit=10)
    log.write_text("short")
    assert not rotate(log, limit=10)
    assert log.read_text() == "short"


def test_what_holds_the_log_open_writes_on_into_it(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as output:  # as a child's output is
        for line in (b"first\n", b"second\n"):
            output.write(line)
            assert rotate(log, limit=5)
            assert log.read_bytes() == b""
            assert (tmp_path / "a.log.1").read_bytes() == line
        output.write(b"third\n")
    assert log.read_bytes() == b"third\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]
