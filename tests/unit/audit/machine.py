"""The life of bindings as a machine: any message at any time, in any order, and what must hold after each of them.

Every message goes through the handler's own `decide`. What is demanded is reckoned here anew, from the published decisions alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.audit.domain import checked, life
from services.audit.domain.documents import FAULTS, Fault
from services.audit.domain.model import CaseFile, Sample
from shared.clock import BEIJING
from shared.contracts import answers
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, Period, State
from shared.contracts.binding_requests import MaterialKind, Relation, Side, Terms
from shared.contracts.reasons import reason
from shared.messaging.handler import Due
from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.messages import MONDAY, uid
from tests.unit.audit.line import OPERATORS, Line, consent_needed, passed, policy, refused

IDS = (uid(1), uid(2), uid(3))
WAITING = {State.AWAITING_CONSENT, State.UNDER_REVIEW, State.SUPPLEMENT_REQUESTED}
HOLDS = {State.APPROVED, State.SUSPENDED}
DECIDES = {"approved", "refused", "rejected", "withdrawn", "expired"}
"""Types that end a case. `ended` is no decision of a request: it ends a binding that was approved."""
ROUND = {"consent-requested", "under-review", "supplement-requested", "approved", "refused"}
MAY_FOLLOW: dict[State, set[str]] = {
    State.RECEIVED: ROUND,
    State.AWAITING_CONSENT: ROUND | {"rejected", "expired", "withdrawn", "changed"},
    State.UNDER_REVIEW: ROUND | {"rejected", "withdrawn", "changed"},
    State.SUPPLEMENT_REQUESTED: ROUND | {"expired", "withdrawn", "changed"},
    State.APPROVED: {"changed", "suspended", "ended"},
    State.SUSPENDED: {"changed", "resumed", "ended"},
}
REVIEWERS = {None, "auto", "op-1", "op-2", "op-3", "op-south"}
SECOND = SecondEyes(relations=frozenset({Relation.CHILD}))
"""Where it stands in the policy, two persons approve whatever the registry does not prove."""
LEASE = timedelta(minutes=30)
NOT_AGAIN = (said.Claimed, said.Released, said.TakenOver, said.Revealed)
"""Nothing is published of these, so that saying them twice is no matter of versions."""

bindings = st.sampled_from(IDS)
operators = st.sampled_from([*OPERATORS, "op-nobody"])
late = st.sampled_from([0, 0, 0, 1, 30, 200])
"""How many hours a message took to arrive: its event time lies so far back, behind what came before it."""
days = st.integers(-4, 40)
dates = st.one_of(st.none(), st.integers(-3, 45).map(lambda n: (MONDAY + timedelta(days=n)).date()))
terms = st.builds(Terms, begndate=dates, enddate=dates)
kinds = st.lists(st.sampled_from(MaterialKind), max_size=2).map(tuple)
again = st.booleans()
effects = st.sampled_from([*found.Effect, found.Effect.SUSPEND, found.Effect.RESUME, found.Effect.RESUME])
documents = st.sampled_from(
    [said.Suspended, said.Suspended, said.Resumed, said.Resumed, said.EndedByAuthority]
)
"""Ends are rarer than what may happen before them: most lives should be long."""


def state_by_periods(state: BindingState, at: datetime) -> State:
    """What periods say of a time: over with the last moment of those that are not empty, else suspended within any of the others."""
    ends = [p.end for p in state.effective if p.end is None or p.end > p.begin]
    if all(end is not None and end <= at for end in ends):
        return State.ENDED
    inside = [p for p in state.suspended if p.begin <= at and not (p.end and p.end <= at)]
    return State.SUSPENDED if inside else State.APPROVED


def turns(state: BindingState) -> datetime | None:
    """The first edge of any period after the version at which the state would be another."""
    edges = {m for p in (*state.effective, *state.suspended) for m in (p.begin, p.end) if m and m > state.at}
    return min((m for m in edges if state_by_periods(state, m) is not state.state), default=None)


def turns_of(state: BindingState) -> datetime | None:
    """When a binding turns by itself; only one that stands does."""
    return turns(state) if state.state in HOLDS else None


def well_formed(state: BindingState) -> bool:
    """Effective periods follow one another, every period ends after it begins, nobody suspends twice at once."""
    both: tuple[Period, ...] = (*state.effective, *state.suspended)
    whole = all(p.end is None or p.begin <= p.end for p in both)
    ordered = all(
        one.end is not None and one.end <= two.begin
        for one, two in zip(state.effective, state.effective[1:], strict=False)
    )
    open_by = [p.by for p in state.suspended if p.end is None]
    named = all(p.by for p in state.suspended) and not any(p.by for p in state.effective)
    return whole and ordered and named and len(open_by) == len(set(open_by))


class Life(RuleBasedStateMachine):
    """A service, three bindings, and a clock that may jump. `steps` counts what was tried, over all runs."""

    steps: ClassVar[int] = 0

    @initialize(
        auto=st.sampled_from(["when-proven", "when-proven", "never"]),
        effect=st.sampled_from(["now", "next-day"]),
        second=st.sampled_from([(), (SECOND,)]),
        drawn=st.sampled_from([0, 1000]),
    )
    def begin(self, auto: Any, effect: Any, second: Any, drawn: int) -> None:
        review = Review(auto_approve=auto, second_eyes=second, sample_per_mille=drawn)
        self.policy = policy(review=review, effect=effect)
        self.line = Line(self.policy)
        self.clock = MONDAY
        self.screened: dict[tuple[UUID, int], list[Any]] = {}
        self.sent: list[tuple[Any, datetime]] = []
        self.lives: dict[UUID, list[tuple[str, BindingState]]] = {}
        self.fired: set[tuple[str, str]] = set()
        self.hands: dict[UUID, tuple[str, datetime, int]] = {}
        self.firsts: dict[tuple[UUID, int], str] = {}
        self.approved: dict[UUID, str] = {}
        self.looked: dict[UUID, Sample] = {}
        self.read = 0
        for id in IDS[:2]:
            self.screening(id, 1, "passed", ("registry",), (), Terms(), 0, False)

    def _about(self, id: UUID, asked: bool, **fields: Any) -> dict[str, Any]:
        origin = Origin(source="zheliban", id="request-2") if asked else None
        return {"binding_id": id, "at": self.clock, "origin": origin} | fields

    def _send(self, body: Any, hours: int, again: bool) -> None:
        at = self.clock - timedelta(hours=hours)
        self._deliver(body, at)
        self.sent.append((body, at))
        if again:
            assert self.line.send(body, time=at) == [], "the same message again changed something"

    def _deliver(self, body: Any, at: datetime) -> None:
        file = self.line.batch.files.get(body.binding_id)
        over = file is not None and any(due <= at for due in life.waits(file.state).values())
        told = len(self.line.answers)
        made = self.line.send(body, time=at)
        if isinstance(body, life.ROUNDS):
            if file is None:
                assert len(made) >= 2, "the first round makes two versions"
            return
        assert file is not None or not made, "a decision without a screening"
        if type(body).__module__.endswith("review_verdicts"):
            verdicts = [a for _, a in self.line.answers[told:] if isinstance(a, answers.Verdict)]
            assert len(verdicts) == 1, "each verdict has one answer"
            (answer,) = verdicts
            assert answer.accepted is not bool(answer.reasons), "a refusal says why"
            assert answer.accepted or over or not made, "a verdict that was refused had an effect"
            assert not (isinstance(body, NOT_AGAIN) and made and not over)
            if answer.accepted:
                self._said(body, file, made, at)
            after = self.line.batch.files.get(body.binding_id)
            assert answer.version == (after.state.version if after else None)

    def _said(self, body: Any, file: CaseFile | None, made: list[str], at: datetime) -> None:
        """What follows from words that were used: who has the case in hand, and who has approved it first."""
        assert file is not None
        id, who, round = body.binding_id, body.operator_id, file.state.round
        if not isinstance(body, said.Claimed | said.Released | said.VerdictGiven):
            if isinstance(body, said.TakenOver):
                self.hands[id] = (who, at + LEASE, round)
            return
        holder, until, during = self.hands.get(id, (who, at, round))
        if file.state.state is State.UNDER_REVIEW:
            assert holder == who or at >= until or during != round, "two hands at one case"
        self.hands.pop(id, None)
        if isinstance(body, said.Claimed):
            self.hands[id] = (who, at + LEASE, round)
        elif isinstance(body, said.VerdictGiven) and file.state.state is State.UNDER_REVIEW and not made:
            assert body.decision is said.Decision.APPROVE
            assert file.state.second_eyes, "an approval that was used decides, or two have to"
            assert self.firsts.setdefault((id, round), who) == who
        elif isinstance(body, said.VerdictGiven) and file.state.state is not State.UNDER_REVIEW:
            assert not made, "a second look changes no binding"

    def _fire(self, due: Due) -> list[str]:
        """The rows of a service's own clock; its moment is their event time, however late it is handled."""
        self.fired.add((due.kind, due.entity))
        return self.line._decide(due)

    # --- what eligibility says -------------------------------------------------------------------------------------------------

    @rule(id=bindings, round=st.integers(1, 4), kind=st.sampled_from(["passed", "passed", "consent", "refused", "papers"]),
          proven=st.sampled_from([("registry",), ("registry",), ("materials",)]), marks=st.sampled_from([(), (), ("relation-disagrees",)]),
          terms=terms, hours=late, again=again)  # fmt: skip
    def screening(
        self, id: UUID, round: int, kind: str, proven: Any, marks: Any, terms: Terms, hours: int, again: bool
    ) -> None:
        earlier = IDS[0] if id == IDS[2] else None
        made: dict[str, Callable[[], Any]] = {
            "passed": lambda: passed(round, proven, terms=terms, earlier_binding_id=earlier),
            "consent": lambda: consent_needed(round, terms=terms),
            "refused": lambda: refused("account-frozen", round=round, terms=terms),
            "papers": lambda: refused("materials-missing", round=round, terms=terms),
        }
        papers = {"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)} if kind == "papers" else {}
        one = made[kind]()
        body = type(one).model_validate(dict(one) | {"binding_id": id, "marks": marks} | papers)
        self.screened.setdefault((id, round), []).append(body)
        self._send(body, hours, again)

    @rule(id=bindings, declined=st.booleans(), asked=again, hours=late, again=again)
    def consent_over(self, id: UUID, declined: bool, asked: bool, hours: int, again: bool) -> None:
        why = (reason("consent-declined") if declined else reason("consent-expired", days=7),)
        self._send(
            found.ConsentExpired(**self._about(id, asked), declined=declined, reasons=why), hours, again
        )

    @rule(id=bindings, hours=late, again=again)
    def withdrawal(self, id: UUID, hours: int, again: bool) -> None:
        self._send(found.Withdrawn(**self._about(id, True)), hours, again)

    @rule(id=bindings, by=st.sampled_from(Side), ahead=st.integers(1, 40), hours=late, again=again)
    def unbinding(self, id: UUID, by: Side, ahead: int, hours: int, again: bool) -> None:
        moment = self.clock + timedelta(days=ahead)
        why = (reason(f"ended-by-{by.value}"),)
        self._send(
            found.UnbindChecked(**self._about(id, True), by=by, reasons=why, effective_at=moment),
            hours,
            again,
        )

    @rule(id=bindings, terms=st.one_of(st.none(), terms), order=st.one_of(st.none(), st.integers(1, 3)), hours=late, again=again)  # fmt: skip
    def change(self, id: UUID, terms: Terms | None, order: int | None, hours: int, again: bool) -> None:
        self._send(found.ChangeChecked(**self._about(id, True), terms=terms, order=order), hours, again)

    @rule(id=bindings, effect=effects, side=st.sampled_from(Side), ahead=st.integers(-4, 0), hours=late, again=again)  # fmt: skip
    def condition(
        self, id: UUID, effect: found.Effect, side: Side, ahead: int, hours: int, again: bool
    ) -> None:
        code = "ended-by-insurance" if effect is found.Effect.END else "beneficiary-paused"
        about = self._about(id, False, at=self.clock + timedelta(days=ahead))
        self._send(
            found.ConditionChanged(**about, effect=effect, side=side, reasons=(reason(code),)), hours, again
        )

    # --- what operators and the authority say ----------------------------------------------------------------------------------

    @rule(id=bindings, operator=operators, what=st.sampled_from([said.Claimed, said.Released, said.TakenOver, said.Revealed]), hours=late, again=again)  # fmt: skip
    def handling(self, id: UUID, operator: str, what: type, hours: int, again: bool) -> None:
        self._send(what(binding_id=id, operator_id=operator, note="电话核实关系"), hours, again)

    @rule(id=bindings, operator=operators, decision=st.sampled_from(said.Decision), materials=kinds,
          note=st.sampled_from([None, "关系不符"]), codes=st.sampled_from([(), ("relation-disagrees",), ("no-such",)]), hours=late, again=again)  # fmt: skip
    def verdict(
        self, id: UUID, operator: str, decision: Any, materials: Any, note: Any, codes: Any, hours: int, again: bool
    ) -> None:  # fmt: skip
        told = said.VerdictGiven(
            binding_id=id, operator_id=operator, decision=decision, note=note, reason_codes=codes, materials=materials
        )  # fmt: skip
        self._send(told, hours, again)

    @rule(id=bindings, operator=st.sampled_from(["op-1", "op-authority", "op-2"]), ahead=days, hours=late, again=again,
          what=documents, length=st.sampled_from([None, None, 0, 1, 9]))  # fmt: skip
    def authority(
        self, id: UUID, operator: str, ahead: int, hours: int, again: bool, what: type, length: int | None
    ) -> None:
        moment = self.clock + timedelta(days=ahead)
        until = moment + timedelta(days=length) if length is not None else None
        more = {"until": until} if what is said.Suspended else {}
        self._send(
            what(binding_id=id, operator_id=operator, document="7号", effective_at=moment, **more),
            hours,
            again,
        )

    # --- time, and what goes wrong ---------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 7, 24, 24, 100, 500, 9_000]), on_time=st.booleans())
    def time_passes(self, hours: int, on_time: bool) -> None:
        """Rows fire as they fall due, or the service was away and they stay for `due_fires`."""
        self.clock += timedelta(hours=hours)
        while on_time and (rows := self._rows()):
            self._pop(*rows[0])

    @rule(hours=st.sampled_from([1, 48, 400]))
    def clock_goes_back(self, hours: int) -> None:
        self.clock = max(MONDAY, self.clock - timedelta(hours=hours))

    @precondition(lambda self: self._rows())
    @rule(data=st.data(), twice=st.booleans())
    def due_fires(self, data: st.DataObject, twice: bool) -> None:
        """Late, and in any order between bindings."""
        at, key = data.draw(st.sampled_from(self._rows()))
        self._pop(at, key)
        if twice and key not in self.line.dues:
            assert self._fire(Due(*key, at, {}, None, True)) == [], "a wait was over twice"

    @rule(id=bindings, round=st.integers(1, 3), faults=st.lists(st.sampled_from(FAULTS), max_size=2))
    def documents_read(self, id: UUID, round: int, faults: list[str]) -> None:
        told = checked.Checked(round, tuple(Fault(f, MaterialKind.ID_CARD, Side.SPONSOR) for f in faults))
        made = self._fire(Due(checked.KIND, str(id), self.clock, told.written(), None, False))
        assert faults or "supplement-requested" not in made

    @precondition(lambda self: any(isinstance(body, life.ROUNDS) for body, _ in self.sent))
    @rule(data=st.data())
    def an_old_round_again(self, data: st.DataObject) -> None:
        """Long after it came, whatever has become of the case, and with the event time that it had."""
        rounds = [one for one in self.sent if isinstance(one[0], life.ROUNDS)]
        body, at = data.draw(st.sampled_from(rounds))
        file = self.line.batch.files[body.binding_id]
        over = any(due <= at for due in life.waits(file.state).values())
        made = self.line.send(body, time=at)
        assert over or not made, "a round that the case has had came again and changed it"

    @rule()
    def rebuild(self) -> None:
        """The service loses its tables and reads the compacted topic: what the desk had in hand is gone, nothing else."""
        last = {id: said_of[-1][1] for id, said_of in self.lives.items()}
        files = {id: CaseFile(_read(state)) for id, state in last.items()}
        self.line.batch.files = files
        self.line.dues = {
            (kind, str(id)): at for id, file in files.items() for kind, at in life.dues(file).items()
        }
        self.fired.clear()
        for lost in (self.hands, self.firsts, self.approved, self.looked):
            lost.clear()

    def _rows(self) -> list[tuple[datetime, tuple[str, str]]]:
        return sorted((at, key) for key, at in self.line.dues.items() if at <= self.clock)

    def _pop(self, at: datetime, key: tuple[str, str]) -> None:
        del self.line.dues[key]
        self._fire(Due(*key, at, {}, None, True))

    # --- what must hold ----------------------------------------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        Life.steps += 1
        self._published_is_a_life()
        self._followers_know_the_same()
        self._samples_are_kept()

    def _published_is_a_life(self) -> None:
        new, self.read = self.line.decisions[self.read :], len(self.line.decisions)
        for type, state in new:
            story = self.lives.setdefault(state.binding_id, [])
            self._judge(story[-1][1] if story else None, type, state)
            story.append((type, state))
        for story in self.lives.values():
            decided = [state.round for type, state in story if type in DECIDES]
            assert len(decided) == (story[-1][1].state not in WAITING), (
                "one final decision, once it is decided"
            )
            assert story[-1][1].state is not State.RECEIVED

    def _judge(self, before: BindingState | None, type: str, now: BindingState) -> None:
        """One version after the one before it."""
        if before is None:
            assert (type, now.version) == ("received", 1)
        else:
            assert not before.state.final, f"{type} after the end"
            assert type in MAY_FOLLOW[before.state], f"{type} of a case that is {before.state}"
            assert now.version == before.version + 1
            assert now.at >= before.at
            over = before.due_at if before.state is State.SUPPLEMENT_REQUESTED else turns_of(before)
            assert over is None or now.at <= over, "a wait that was over before comes first, at its own time"
            _carried(before, now)
        self._screened(type, now)
        self._by_the_right_people(before, type, now)
        self._takes_effect(before, now)
        assert well_formed(now), f"{now.effective} {now.suspended}"
        assert bool(now.effective) is (now.state in HOLDS | {State.ENDED}), "who was approved has a period"
        if now.state in HOLDS and type != "approved":  # a suspension that begins with it is the next version
            assert state_by_periods(now, now.at) is now.state
        if now.state is State.ENDED:
            assert now.cause is not None
            assert state_by_periods(now, now.at) is State.ENDED

    def _screened(self, type: str, now: BindingState) -> None:
        """Each version rests on a screening of its own round, and nobody approves without the right to."""
        rounds = self.screened.get((now.binding_id, now.round), [])
        assert now.case in [one.case for one in rounds], "a case that no screening has told"
        assert now.reviewer in REVIEWERS
        if type == "approved":
            sound = [one for one in rounds if isinstance(one, found.Passed)]
            assert sound, "approved without a screening that passed"
            if now.reviewer == "auto":
                assert self.policy.review.auto_approve == "when-proven"
                assert any("registry" in one.proven_by and not one.marks for one in sound)

    def _by_the_right_people(self, before: BindingState | None, type: str, now: BindingState) -> None:
        """Two where two have to, and nobody a request that mends one that he or she rejected."""
        rounds = [one for one in self.screened[now.binding_id, now.round] if isinstance(one, found.Passed)]
        if type == "under-review":
            two = {bool(self.policy.review.second_eyes) and "registry" not in one.proven_by for one in rounds}
            assert now.second_eyes in two
            assert now.since == now.at
        if type == "approved":
            self.approved[now.binding_id] = now.reviewer or ""
        if (
            type in ("approved", "rejected")
            and before
            and before.state is State.UNDER_REVIEW
            and now.reviewer != "auto"
        ):
            first = self.firsts.get((now.binding_id, now.round))
            assert type == "rejected" or not before.second_eyes or first not in (None, now.reviewer)
            mended = self.lives.get(now.case.earlier_binding_id) if now.case.earlier_binding_id else None
            held = mended[-1][1] if mended else None
            assert held is None or (held.state, held.reviewer) != (State.REJECTED, now.reviewer)

    def _takes_effect(self, before: BindingState | None, now: BindingState) -> None:
        """Where approvals count from the next day, nothing begins within a day, or sooner than was said without an approval."""
        new = {p.begin for p in now.effective} - {p.begin for p in (before.effective if before else ())}
        for begin in new if self.policy.binding.effect == "next-day" else ():
            assert begin.astimezone(BEIJING).time() == time(), "within a day"
            assert begin > now.at

    def _samples_are_kept(self) -> None:
        """Each approval is drawn, or none, as the policy says; another person looks once, and that stays."""
        for id, file in self.line.batch.files.items():
            by = self.approved.get(id)
            drawn = by is not None and self.policy.review.sample_per_mille == 1000
            assert (file.sample is not None) >= drawn
            assert file.sample is None or self.policy.review.sample_per_mille == 1000
            if file.sample and by:
                assert file.sample.approved_by == by
                assert file.sample.looked_by != by
            if file.sample and file.sample.looked_by:
                assert self.looked.setdefault(id, file.sample) == file.sample

    def _followers_know_the_same(self) -> None:
        """Who reads the topic, some of it twice, holds what audit holds; and due rows follow from it."""
        held = {id: _follow([*story, *story[-2:]]) for id, story in self.lives.items()}
        assert held == {id: file.state for id, file in self.line.batch.files.items()}
        rows = {(kind, str(id)): at for id, state in held.items() for kind, at in life.waits(state).items()}
        asked = {
            (kind, str(id)): at
            for id, file in self.line.batch.files.items()
            for kind, at in life.dues(file).items()
        }
        missing = asked.items() - self.line.dues.items()
        assert self.line.dues.items() <= asked.items(), "a row that nothing held asks for"
        assert {key for key, _ in missing} <= self.fired, "a wait without a row"
        for id, state in held.items():
            turn = turns_of(state)
            assert rows.get((life.TURN, str(id))) == turn
            assert turn is None or (life.TURN, str(id)) in self.line.dues


def _carried(before: BindingState, now: BindingState) -> None:
    """What a version must not lose: who asked, all terms so far, the short code, closed suspensions; the case only with a new round."""
    assert (now.binding_id, now.origin) == (before.binding_id, before.origin)
    assert now.terms[: len(before.terms)] == before.terms
    assert now.round >= before.round
    assert now.round > before.round or now.case == before.case or before.state is State.AWAITING_CONSENT
    assert now.short_code == before.short_code or now.state is State.AWAITING_CONSENT
    assert len(now.suspended) >= len(before.suspended)
    pairs = zip(before.suspended, now.suspended, strict=False)
    assert all(new == old or old.end is None or old.end > before.at for old, new in pairs), (
        "a suspension that was over changed"
    )
    assert [p.since for p in now.terms] == sorted(p.since for p in now.terms)


def _read(state: BindingState) -> BindingState:
    return BindingState.model_validate_json(state.model_dump_json(exclude_none=True))


def _follow(story: list[tuple[str, BindingState]]) -> BindingState:
    held = story[0][1]
    for _, state in story:
        if state.version > held.version:
            held = state
    return held
