"""What the console says at its front door leads somewhere, and nonsense is the asker's mistake."""

import asyncio

import aiohttp

from evermodel.console.adapters.http_endpoint import endpoint
from evermodel.console.handlers.answers import Answers
from evermodel.console.ports import Tables


async def ask(*paths: str, healthy: bool = True) -> list[tuple[int, str]]:
    answers = Answers(Tables())
    found = []
    async with (
        endpoint(answers, host="127.0.0.1", port=0, healthy=lambda: healthy) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        for path in paths:
            async with session.get(path) as answer:
                found.append((answer.status, await answer.text()))
    return found


async def follow_the_index() -> list[int]:
    answers = Answers(Tables())
    async with (
        endpoint(answers, host="127.0.0.1", port=0, healthy=lambda: True) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        async with session.get("/") as answer:
            named = (await answer.json())["answers"]
        statuses = []
        for path in named:
            async with session.get(path) as answer:
                statuses.append(answer.status)
        return statuses


def test_every_path_that_the_front_door_names_answers() -> None:
    statuses = asyncio.run(follow_the_index())
    assert len(statuses) == 5
    assert set(statuses) == {200}


def test_a_limit_that_is_no_number_is_the_askers_mistake() -> None:
    ((status, said),) = asyncio.run(ask("/api/events?limit=many"))
    assert (status, said) == (400, "limit 'many' is not a number\n")


def test_a_limit_of_more_digits_than_python_reads_is_the_askers_mistake() -> None:
    ((status, _),) = asyncio.run(ask(f"/api/events?limit={'9' * 5000}"))
    assert status == 400


def test_a_console_that_follows_nothing_is_not_well() -> None:
    ((status, _),) = asyncio.run(ask("/healthz", healthy=False))
    assert status == 503
