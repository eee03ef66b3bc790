"""Git hangs, which is worse than being away: whoever asks it waits. Zero waits for nobody."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.payload import Payload
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.messaging.api import Held
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.testing.sample import settled
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.handlers import memory
from tests.unit.deployer.scenario import FRAUD, Story, candidate, pairs

#: Whoever waits longer than this for Git has been waiting for ever.
FOR_EVER = 20.0


class Hanging(MemoryRepository):
    """Answers nobody while it hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.free, self.asked = threading.Event(), threading.Event()
        self.free.set()

    def hang(self) -> None:
        self.asked.clear()
        self.free.clear()

    def _answer(self) -> None:
        self.asked.set()
        assert self.free.wait(FOR_EVER), "Git was waited for"
        super()._answer()


@pytest.fixture
def git() -> Hanging:
    return Hanging()


@pytest.fixture
def beside(git: Hanging) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as threads:
        yield threads
        git.free.set()


def unservable(version: int) -> ServingApplied:
    failed = ServedVersion(version=version, state="failed", reason="no signature")
    return ServingApplied(model=FRAUD, replica="0", step_event_id="x", versions=(failed,))


def order(command: str) -> LifecycleCommand:
    return LifecycleCommand(model=FRAUD, command=command, who="ada", why="I say so")


class AtWork:
    """An event that is worked on in a thread, which asks Git."""

    def __init__(self, story: Story, payload: Payload, beside: ThreadPoolExecutor) -> None:
        answer = story.answer(payload)
        assert isinstance(answer, Held)
        self._story, self._work = story, beside.submit(answer.work)

    def until_done(self) -> "AtWork":
        self._work.result(FOR_EVER)
        return self

    def take_in(self) -> None:
        """Let the loop take in what came of it, when that is there."""
        self._story.take(settled(Held(lambda: self._work.result(FOR_EVER))))


BAD: dict[str, Callable[[Story], object]] = {
    "a window": lambda story: story.day(deciding=0.3, matures=False),
    "a scorer": lambda story: story.cannot_serve(2),
    "a person": lambda story: story.orders("abort"),
}


@pytest.mark.guarantee(
    "outside",
    fault="Git hangs while a window, a scorer or a person says that a version is bad",
    promise="its weight is zero before Git is asked; the rollback is written once it answers",
    seen="rollout.step aborted at once, resumed with the commit later; evermodel_git_owed_changes",
)
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_version_goes_to_zero_before_git_is_asked(
    bad: Callable[[Story], object], git: Hanging
) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    story.keeps_jobs = True
    git.hang()

    bad(story)

    assert story.actions[-1] == "aborted v2"
    assert story.weights == {1: 100}
    assert (story.steps[-1].commit, story.steps[-1].desired_version) == (None, 2)
    git.free.set()
    story.do_jobs()
    assert story.actions[-1] == "resumed v1"
    assert (story.steps[-1].commit, story.steps[-1].desired_version) == (git.head, 1)
    assert story.subjects[1:] == ["promote(fraud): v1 -> v2", "rollback(fraud): v2 -> v1"]


def test_a_promotion_is_undone_before_git_is_asked(git: Hanging) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(4)
    story.keeps_jobs = True
    git.hang()

    story.day(paired=[pairs(2, 1, lost=0, won=25)])

    assert story.actions[-1] == "rolled_back v2"
    assert story.weights == {1: 100}
    git.free.set()
    story.do_jobs()
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"


def test_a_bad_version_goes_to_zero_while_an_errand_waits_for_git(
    git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git, beside=beside).accepted(1)
    git.away = True
    story.accepted(2)
    git.away = False
    git.hang()
    story.seconds(20)
    assert git.asked.wait(FOR_EVER)

    story.keeps_jobs = True
    story.day(challenger=0.3, matures=False)

    assert story.actions[-1] == "aborted v2"
    git.free.set()
    story.do_jobs()
    story.day()
    desired = git.desired("fraud")
    assert desired is not None
    assert desired.version == 1
    assert not story.handlers.state_of("fraud").owed


@pytest.mark.parametrize("bad", [unservable(2), order("abort")], ids=["a scorer", "a person"])
def test_a_bad_version_goes_to_zero_while_another_event_waits_for_git(
    bad: Payload, git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    git.hang()
    rise = AtWork(story, order("promote"), beside)
    assert git.asked.wait(FOR_EVER)

    story.keeps_jobs = True
    story.happens(bad)
    assert story.actions[-1] == "aborted v2"

    git.free.set()
    rise.take_in()
    story.do_jobs()
    assert story.actions[-3:] == ["aborted v2", "resumed v1", "declined v1"]
    assert story.weights == {1: 100}
    assert story.subjects[1:] == ["promote(fraud): v1 -> v2", "rollback(fraud): v2 -> v1"]


LATER: dict[str, tuple[Payload, list[str]]] = {
    "a fall": (unservable(2), ["aborted v2", "resumed v1", "declined v1"]),
    "an order": (order("pause"), ["promoted v2", "held v2"]),
}


@pytest.mark.parametrize(("later", "said"), LATER.values(), ids=LATER)
def test_what_is_done_and_not_taken_in_yet_is_not_overtaken(
    later: Payload, said: list[str], git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    story.keeps_jobs = True
    rise = AtWork(story, order("promote"), beside).until_done()

    answer = story.answer(later)
    if isinstance(answer, Held):
        rise.take_in()
        story.take(settled(answer))
    else:
        story.take(answer)
        rise.take_in()
    story.do_jobs()

    assert story.actions[-len(said) :] == said
    assert memory.load(story.state["fraud"]) == story.handlers.state_of("fraud")


def test_a_version_that_is_being_announced_begins_over_what_serves_when_git_answers(
    git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(4)
    git.hang()
    start = AtWork(story, candidate(3), beside)
    assert git.asked.wait(FOR_EVER)

    story.keeps_jobs = True
    story.happens(unservable(2))
    assert story.actions[-1] == "rolled_back v2"
    git.free.set()
    start.take_in()
    story.do_jobs()

    assert story.actions[-1] == "started v3"
    assert story.weights == {1: 100, 3: 0}
    assert story.subjects[-1].endswith("-> v3")
    assert len([subject for subject in story.subjects if subject.endswith("-> v3")]) == 1
    assert not story.handlers.state_of("fraud").owed


def test_an_order_that_only_the_event_in_work_makes_possible_waits_for_it(
    git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git)
    git.hang()
    first = AtWork(story, candidate(1), beside)
    assert git.asked.wait(FOR_EVER)
    pause = story.answer(order("pause"))

    assert isinstance(pause, Held)
    git.free.set()
    first.take_in()
    story.take(settled(pause))
    assert story.actions == ["promoted v1", "held v1"]


def test_an_order_that_waited_for_git_is_obeyed_before_what_came_later(
    git: Hanging, beside: ThreadPoolExecutor
) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    git.hang()
    rise = AtWork(story, order("promote"), beside)
    assert git.asked.wait(FOR_EVER)
    pause = story.answer(order("pause"))
    assert isinstance(pause, Held)
    git.free.set()
    rise.take_in()

    later = story.answer(candidate(3))
    story.take(settled(pause))
    story.take(settled(later))

    assert story.actions[-3:] == ["promoted v2", "held v2", "queued v3"]


@pytest.mark.guarantee(
    "outside",
    fault="the deployer dies while Git is owed a rollback",
    promise="the next process tells Git",
    seen="evermodel_git_owed_changes 1, then 0",
)
def test_what_a_dead_process_had_not_told_git_is_told_by_the_next(git: Hanging) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    story.keeps_jobs = True
    story.cannot_serve(2)
    story.jobs.clear()

    story.restarted().seconds(20)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"


def test_a_job_and_a_tick_that_both_told_git_say_so_once(git: Hanging) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    story.keeps_jobs = True
    story.cannot_serve(2).seconds(20)
    story.do_jobs()

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert len(git.log) == 3


def test_a_rollback_that_a_person_overtook_is_owed_no_more(git: Hanging) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    Story(repository=git).accepted(7)

    story.cannot_serve(2)

    state = story.handlers.state_of("fraud")
    assert (state.owed, state.desired) == ((), 7)
    assert story.actions[-1] == "aborted v2"


def test_a_job_whose_model_went_to_another_replica_says_nothing(git: Hanging) -> None:
    story = Story(repository=git).accepted(1).accepted(2).days(2)
    story.keeps_jobs = True
    story.cannot_serve(2)
    story.handlers.on_revoked(TopicPartition("transactions.windowed", 0))

    story.do_jobs()

    assert story.actions[-1] == "aborted v2"
