"""docker-compose.yml is what Compose accepts and what the code knows.

No Docker engine is needed. Each rule is seen to bite on a file with one planted violation.
"""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.main import get_command

from evermodel.cli.main import app
from evermodel.embedded.broker_properties import server_properties
from evermodel.embedded.services import ROLES
from evermodel.embedded.testing import container_environment
from tests.unit.embedded.variables import known_variables

ROOT = Path(__file__).parents[3]
OPEN = server_properties(data=Path("data"), ports={"client": 1, "controller": 2})
#: What this broker and the tests' container are told, as the image spells it, and two more.
KAFKA = {
    *(f"KAFKA_{name}".replace(".", "_").upper() for name in re.findall(r"^[a-z.]+", OPEN, re.M)),
    *container_environment(9092),
    "KAFKA_HEAP_OPTS",
    "CLUSTER_ID",
}
#: Third parties' own images, and the variables each of them documents.
OTHERS = {
    "apache/kafka": "|".join(KAFKA),
    "postgres": r"POSTGRES_(USER|DB|PASSWORD)",
    "chrislusf/seaweedfs": r"(?!)",
    "evermodel-mlflow": r"MLFLOW_(S3_ENDPOINT_URL|SERVER_ENABLE_JOB_EXECUTION)"
    r"|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|DEFAULT_REGION)|PGPASSWORD",
}
#: Who makes the config repository, and who alone writes it.
WRITERS = {"repository", "deployer"}
Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Compose:
    loaded: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def problems(compose: Compose) -> list[str]:
    """Return one sentence for everything that is wrong with `compose`."""
    schema = json.loads((ROOT / "tests/vendor/compose-spec.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    found = [error.message for error in validator.iter_errors(compose)]
    if found:
        return found
    known = known_variables()
    for name, service in compose["services"].items():
        image, _, tag = str(service.get("image", "")).partition(":")
        if not re.search(r"\d+\.\d+", tag):
            found.append(f"{name}: image {image!r} has no version")
        foreign = OTHERS.get(image)
        for variable in service.get("environment", {}):
            right = re.fullmatch(foreign, variable) if foreign else variable in known
            if not right:
                found.append(f"{name}: nobody knows {variable}")
        if image.startswith("evermodel"):
            found += hardening(name, service)
        if foreign is None:
            found += command(name, service.get("command", []))
        shown = str([service.get("entrypoint"), service.get("command"), service.get("healthcheck")])
        if re.search(r"\$\{?\w*(PASSWORD|SECRET|TOKEN)", shown):
            found.append(f"{name}: a secret stands in its command line")
        found += [
            f"{name}: waits for {other}, which is no service"
            for other in service.get("depends_on", {})
            if other not in compose["services"]
        ]
        found += [f"{name}: {volume} is no volume" for volume in undeclared(service, compose)]
        found += [
            f"{name}: its health is asked at {p}, where nobody is" for p in deaf(service, compose)
        ]
        if "config:/config" in service.get("volumes", []) and name not in WRITERS:
            found.append(f"{name}: it could write the repository")
        if foreign is None and "entrypoint" in service:
            found.append(f"{name}: its entrypoint hides its command")
    running = [tuple(s.get("command", [])[2:]) for s in compose["services"].values()]
    return found + [f"{r.name} is missing" for r in ROLES if r.module not in running]


def hardening(name: str, service: Compose) -> list[str]:
    wanted = {"read_only": True, "cap_drop": ["ALL"], "user": "10001:10001"}
    wrong = [key for key, value in wanted.items() if service.get(key) != value]
    open_ports = [p for p in service.get("ports", []) if not str(p).startswith("127.0.0.1:")]
    return [f"{name}: {key} is not as it must be" for key in wrong] + [
        f"{name}: {port} is open to everybody" for port in open_ports
    ]


def undeclared(service: Compose, compose: Compose) -> list[str]:
    """Return the named volumes of `service` that `compose` does not declare."""
    mounted = [str(volume).partition(":")[0] for volume in service.get("volumes", [])]
    named = [source for source in mounted if re.match(r"\w", source)]
    return [source for source in named if source not in compose.get("volumes", {})]


def deaf(service: Compose, compose: Compose) -> list[str]:
    """Return the ports that the health check of `service` asks and that nobody serves or uses."""
    asked = re.findall(r"127\.0\.0\.1:(\d+)", str(service.get("healthcheck", "")))
    others = compose["services"].values()
    rest = str([{k: v for k, v in other.items() if k != "healthcheck"} for other in others])
    return [port for port in asked if not re.search(rf"\b{port}\b", rest)]


def command(name: str, arguments: list[str]) -> list[str]:
    """Return what is wrong with the command of one of our own containers."""
    known = {role.module for role in ROLES}
    if arguments[:2] == ["python", "-m"]:
        module = tuple(arguments[2:])
        right = module in known or module[0] == "evermodel.embedded.repository"
        return [] if right else [f"{name}: there is no module {' '.join(module)}"]
    words, group = arguments[1:], get_command(app)
    while words and hasattr(group, "commands"):
        group = group.commands.get(words.pop(0))
    if arguments[:1] != ["evermodel"] or group is None or hasattr(group, "commands") or words:
        return [f"{name}: there is no command {' '.join(arguments)}"]
    return []


def test_it_is_as_it_must_be(compose: Compose) -> None:
    assert problems(compose) == []


def test_its_kafka_is_the_locked_one(compose: Compose) -> None:
    from evermodel.embedded.jars import KAFKA_VERSION  # noqa: PLC0415  # this law alone

    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


VIOLATIONS: list[tuple[str, Callable[[Compose], object]]] = [
    ("imagee", lambda s: s["scorer"].update(imagee="x")),
    ("'apache/kafka' has no version", lambda s: s["kafka"].update(image="apache/kafka")),
    ("'postgres' has no version", lambda s: s["postgres"].update(image="postgres:latest")),
    (
        "nobody knows EVERMODEL_LAKES",
        lambda s: s["trainer"]["environment"].update(EVERMODEL_LAKES=""),
    ),
    ("nobody knows POSTGRES_PASS", lambda s: s["postgres"]["environment"].update(POSTGRES_PASS="")),
    (
        "no module evermodel.scorrer",
        lambda s: s["scorer"].update(command=["python", "-m", "evermodel.scorrer"]),
    ),
    (
        "no module evermodel.drift window",
        lambda s: s["drift-windower"].update(command=["python", "-m", "evermodel.drift", "window"]),
    ),
    (
        "no command evermodel topics make",
        lambda s: s["topics"].update(command=["evermodel", "topics", "make"]),
    ),
    ("no command evermodel topics", lambda s: s["topics"].update(command=["evermodel", "topics"])),
    ("scorer: user is not", lambda s: s["scorer"].update(user="0")),
    ("trainer: read_only is not", lambda s: s["trainer"].update(read_only=False)),
    ("open to everybody", lambda s: s["console"].update(ports=["8080:8080"])),
    (
        "waits for kafkaa",
        lambda s: s["topics"].update(depends_on={"kafkaa": {"condition": "service_healthy"}}),
    ),
    (
        "nobody knows KAFKA_LISTENRES",
        lambda s: s["kafka"]["environment"].update(KAFKA_LISTENRES="PLAINTEXT://:9092"),
    ),
    (
        "asked at 9001",
        lambda s: s["scorer"].update(healthcheck={"test": "wget http://127.0.0.1:9001/healthz"}),
    ),
    ("entrypoint hides", lambda s: s["scorer"].update(entrypoint=["/bin/true"])),
    ("lakes is no volume", lambda s: s["trainer"].update(volumes=["lakes:/lake"])),
    (
        "console: a secret stands in",
        lambda s: s["console"].update(command=["evermodel", "${EVERMODEL_HTTP_TOKEN:-}"]),
    ),
    ("could write the repo", lambda s: s["trainer"].update(volumes=["config:/config"])),
    ("deployer is missing", lambda s: s.pop("deployer")),
]


@pytest.mark.parametrize(("words", "plant"), VIOLATIONS, ids=[words for words, _ in VIOLATIONS])
def test_a_planted_violation_is_caught(
    compose: Compose, words: str, plant: Callable[[Compose], object]
) -> None:
    planted = copy.deepcopy(compose)
    plant(planted["services"])
    assert [problem for problem in problems(planted) if words in problem]


def test_the_images_run_as_nobody_in_particular() -> None:
    lines = (ROOT / "deploy/docker/Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    bases = [line.split()[1] for line in lines if line.startswith("FROM ") and ":" in line]
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)
    targets = {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert {"evermodel", "mlflow"} <= targets
