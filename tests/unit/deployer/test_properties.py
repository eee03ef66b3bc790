"""Laws of the rollout under any order of events."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from evermodel.deployer.adapters import yaml_manifest
from evermodel.deployer.domain.lifecycle import NoModel
from evermodel.deployer.handlers.memory import dump, load
from tests.unit.deployer.scenario import Story, pairs


class Rollouts(RuleBasedStateMachine):
    """Anything may happen in any order; the laws hold after each."""

    @initialize()
    def begin(self) -> None:
        self.story = Story()
        self.newest = 0

    @rule(same_artefact=st.booleans())
    def accepted(self, same_artefact: bool) -> None:
        self.newest += 1
        older = max(1, self.newest - 1)
        self.story.accepted(self.newest, artefact_of=older if same_artefact else None)

    @rule(old=st.integers(1, 5))
    def accepted_again(self, old: int) -> None:
        self.story.accepted(old)
        self.newest = max(self.newest, old)

    @rule(
        rows=st.sampled_from([0, 10, 4000]),
        challenger=st.sampled_from([0.01, 0.01, 0.3]),
        deciding=st.sampled_from([None, 0.3]),
        failed=st.sampled_from([0, 0, 10]),
        matures=st.booleans(),
    )
    def a_day(
        self, rows: int, challenger: float, deciding: float | None, failed: int, matures: bool
    ) -> None:
        self.story.day(
            rows=rows,
            challenger=challenger,
            deciding=deciding,
            failed=min(failed, rows // 10),
            matures=matures,
        )

    @rule()
    def a_good_week(self) -> None:
        self.story.days(7)

    @rule(lost=st.integers(0, 30), left=st.integers(1, 4), right=st.integers(1, 4))
    def late_labels(self, lost: int, left: int, right: int) -> None:
        self.story.day(paired=[pairs(left, right, lost=lost)])

    @rule(version=st.integers(1, 5))
    def a_scorer_fails(self, version: int) -> None:
        self.story.cannot_serve(version)

    @rule(
        command=st.sampled_from(["pause", "resume", "promote", "abort", "lift_hold"]),
        version=st.none() | st.integers(1, 5),
    )
    def a_person(self, command: str, version: int | None) -> None:
        if self.story.steps:
            self.story.orders(command, version)

    @rule(away=st.booleans(), lossy=st.booleans())
    def git(self, away: bool, lossy: bool) -> None:
        self.story.repository.away, self.story.repository.lossy = away, lossy

    @rule()
    def a_restart(self) -> None:
        self.story.restarted()

    @invariant()
    def weights_sum_to_100(self) -> None:
        for step in self.story.steps:
            assert sum(share.weight for share in step.in_play) == 100

    @invariant()
    def at_most_one_challenger(self) -> None:
        for step in self.story.steps:
            assert sum(share.role == "challenger" for share in step.in_play) <= 1
            assert len({share.version for share in step.in_play}) == len(step.in_play)

    @invariant()
    def a_quarantined_digest_is_not_in_play(self) -> None:
        for step in self.story.steps:
            assert not {share.artefact.digest for share in step.in_play} & set(step.quarantined)

    @invariant()
    def git_wants_what_is_stable_or_a_rollout_is_in_progress_or_git_is_owed(self) -> None:
        state = self.story.handlers.state_of("fraud")
        if isinstance(state.phase, NoModel) or state.owed or state.rollout is not None:
            return
        assert state.champion is not None
        path = "environments/production/fraud.yaml"
        assert yaml_manifest.read(self.story.repository.files[path]).version == state.desired
        assert state.desired == state.champion.version

    @invariant()
    def a_share_was_announced_in_git(self) -> None:
        announced = {change.to.version for _, change in self.story.repository.log}
        for step in self.story.steps:
            for share in step.in_play:
                if share.role == "challenger" and share.weight:
                    assert share.version in announced
            if step.action == "promoted" and step.from_version is not None:
                assert step.version in announced

    @invariant()
    def the_state_survives_its_own_json(self) -> None:
        state = self.story.handlers.state_of("fraud")
        assert load(dump(state)) == state


Rollouts.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
test_the_laws_hold_under_any_order_of_events = Rollouts.TestCase
