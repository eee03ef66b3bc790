"""What a process that did not start said last: its reason, not where in Java it was."""

from pathlib import Path

from evermodel.embedded.readiness import tail

FRAMES = "".join(f"\tat kafka.server.Part{n}.load(Part.scala:{n})\n" for n in range(40))
FRAMES += "\t... 12 more\n"


def test_frames_of_java_do_not_hide_why_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text(
        f"INFO starting\nERROR Exiting Kafka due to fatal exception\n"
        f"java.lang.RuntimeException: meta.properties is broken\n{FRAMES}"
        f"Caused by: java.io.IOException: no version\n{FRAMES}"
    )
    assert tail(log).endswith(
        "java.lang.RuntimeException: meta.properties is broken"
        " | Caused by: java.io.IOException: no version"
    )
