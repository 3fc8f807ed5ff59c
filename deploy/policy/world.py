"""A case's world: eligibility and audit in memory, one behind the other, with a registry and a clock of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from deploy.policy import asking
from deploy.policy.people import Facts, Kinship, Person, Standing
from services.audit.domain.model import CaseFile
from services.audit.trial import Trial as Audit
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.person import person_key
from services.eligibility.handlers import deferred
from services.eligibility.trial import Trial as Eligibility
from shared.clock import BEIJING
from shared.contracts import account_credits, sources
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import BindingState, Cause, DatedTerms, Period, State
from shared.contracts.binding_screenings import Case as Screened
from shared.contracts.binding_screenings import Party
from shared.contracts.reasons import Reason
from shared.messaging.memory import Said
from shared.policies import Policies
from shared.policies.types import Letter
from shared.testing.messages import related, uid
from shared.testing.proofs import DEMO_SOURCES

CHANNEL, DESK, AUTHORITY = "channel", "desk", "authority"
_A_MOMENT = timedelta(seconds=2)
"""So long a request may wait for a decision that is on its way."""
_ACCOUNT = {
    "frozen": account_credits.Frozen,
    "unfrozen": account_credits.Unfrozen,
    "closed": account_credits.Closed,
}


@cache
def provider_keys() -> Mapping[str, tuple[str, ...]]:
    """Public keys of the face-check providers whose signatures cases are made with."""
    parsed = sources.parse(DEMO_SOURCES.read_text("utf-8"))
    return {s.id: tuple(s.keys.values()) for s in parsed.values() if s.keys}


class World:
    """The line from request to decision, with the facts of a case in it. `heard` is what was said since `listen`."""

    def __init__(self, facts: Facts, policies: Policies) -> None:
        self.policies = policies
        self.now = facts.at
        self.people: dict[str, Person] = dict(facts.people)
        self.eligibility = Eligibility(policies, provider_keys())
        self.audit = Audit(policies)
        self.bindings: dict[tuple[str, str], list[UUID]] = {}
        self.answers: list[Any] = []
        self.decisions: list[BindingState] = []
        self.screenings: list[Any] = []
        self._versions: dict[str, int] = {}
        self.count = 0
        self._numbers = 0
        before = facts.at - timedelta(days=1)
        for person in self.people.values():
            self.record(person, before)
        for kinship in facts.relations:
            self.relate(kinship, before)
        for standing in facts.bound:
            self._stands(standing)

    def listen(self) -> None:
        """Forgets what was said so far; the next step begins."""
        self.count += 1
        self.answers, self.decisions, self.screenings = [], [], []

    def new_binding(self, sponsor: str, beneficiary: str, at: datetime) -> UUID:
        """The id of a new binding, noted under the two names."""
        self._numbers += 1
        found = uid(self._numbers, at)
        self.bindings.setdefault((sponsor, beneficiary), []).append(found)
        return found

    def binding(self, sponsor: str, beneficiary: str) -> UUID | None:
        """The newest binding of the two."""
        return self.bindings.get((sponsor, beneficiary), [None])[-1]

    def tell(self, type: str, body: Message, source: str = CHANNEL, *, believed: bool = True) -> None:
        """One message to eligibility now, and everything that follows from it."""
        said = self.eligibility.send(type, body, at=self.now, source=source, believed=believed)
        self._from_eligibility(said)

    def rule(self, type: str, body: Message, binding_id: UUID) -> None:
        """One message of an operator to audit."""
        self._from_audit(self.audit.send(type, body, at=self.now, source=DESK, key=str(binding_id)))

    def pass_time(self, until: datetime) -> None:
        """Lets time pass: whatever falls due is done at its own time, changed rules are found at midnight."""
        while (midnight := _next_midnight(self.now)) <= until:
            self._fire(midnight)
            self.now = midnight
            for said in self.eligibility.watch(midnight):
                self._from_eligibility(said)
        self._fire(until)
        self.now = max(self.now, until)

    def settle(self) -> None:
        """Lets the moment pass that messages wait for decisions on their way, and for requests before them."""
        self._fire(self.now + _A_MOMENT, frozenset({deferred.KIND, deferred.QUEUE}))

    def _fire(self, until: datetime, kinds: frozenset[str] | None = None) -> None:
        """Does what falls due by then, at its own time; with `kinds`, only while such a row is next."""
        while (due := self._next(until)) and (kinds is None or due[1] in kinds):
            if due[2] is self.eligibility:
                self._from_eligibility(self.eligibility.wait(until))
            else:
                self._from_audit(self.audit.wait(until))

    def wait_for_registry(self, binding_id: UUID | None) -> None:
        """Lets the time pass that a request waits for a person whom the registry does not know."""
        at = self.eligibility.memory.dues.get(("person", str(binding_id)))
        if at is not None:
            self.pass_time(at)

    def record(self, person: Person, at: datetime | None = None, *, older: bool = False) -> None:
        """The registry says what it knows of a person; `older`: in a version that is known already."""
        self.people[person.name] = person
        version = self._versions.get(person.name, 0) + (0 if older else 1)
        self._versions[person.name] = version
        for record in person.records(version):
            self._authority("registry.persons.recorded", record, at)
        for state in ("frozen", "closed"):
            if person.facts.get(state):
                self.mark_account(person.name, state, at)
        if person.facts.get("account_opened"):
            moment = at or self.now
            opened = asking.opening(person, moment, {}, self.letter(person, moment))
            self._authority("binding.requests.account-opened", opened, at)

    def letter(self, person: Person, at: datetime) -> Letter | None:
        """The commitment letter that is in force where the person is insured."""
        return self.policies.at(person.place, at).binding.commitment

    def relate(self, kinship: Kinship, at: datetime | None = None) -> None:
        """The registry says what two persons are to one another."""
        one, other = (self.people[name].made_up() for name in (kinship.one, kinship.other))
        names = f"{kinship.one}|{kinship.other}"
        version = self._versions[names] = self._versions.get(names, 0) + 1
        flags = {"ended": kinship.ended, "proven": kinship.proven, "kin_account": kinship.kin_account}
        self._authority(
            "registry.relations.recorded", related(one, other, kinship.relation, version, **flags), at
        )

    def mark_account(self, name: str, state: str, at: datetime | None = None) -> None:
        """The authority freezes, releases or closes an account."""
        psn_no = self.people[name].made_up().psn_no
        body = _ACCOUNT[state](psn_no=psn_no, entry_id=f"E{psn_no}-{state}", at=at or self.now)
        self._authority(f"account.credits.{state}", body, at)

    def reasons(self) -> list[Reason]:
        """Every reason that was given since `listen`."""
        said = [*self.answers, *self.decisions]
        return [reason for one in said for reason in getattr(one, "reasons", ())]

    def _authority(self, type: str, body: Message, at: datetime | None) -> None:
        said = self.eligibility.send(type, body, at=at or self.now, source=AUTHORITY)
        self._from_eligibility(said)

    def _from_eligibility(self, said: Said | None) -> None:
        if said is None:
            return
        self.answers += [body for _, body in said.answers]
        for type, body in said.emitted:
            self.screenings.append(body)
            sent = self.audit.send(
                type, body, at=said.now, source="gongji-eligibility", key=str(body.binding_id)
            )
            self._from_audit(sent)

    def _from_audit(self, said: Said | None) -> None:
        if said is None:
            return
        self.answers += [body for _, body in said.answers]
        for type, body in said.emitted:
            self.decisions.append(body)
            self._from_eligibility(self.eligibility.send(type, body, at=said.now, source="gongji-audit"))

    def _next(self, until: datetime) -> tuple[datetime, str, Any] | None:
        """Time, kind and service of the next due row."""
        rows = [
            (at, kind, entity, service)
            for service in (self.eligibility, self.audit)
            for (kind, entity), at in service.memory.dues.items()
            if at <= until
        ]
        first = min(rows, key=lambda row: row[:3], default=None)
        return (first[0], first[1], first[3]) if first else None

    def _stands(self, made: Standing) -> None:
        """A binding that was approved before the case begins, with both services knowing it."""
        sponsor, beneficiary = self.people[made.sponsor], self.people[made.beneficiary]
        binding_id = self.new_binding(made.sponsor, made.beneficiary, made.since)
        request = asking.application(
            binding_id, sponsor, beneficiary, made.relation, made.since, {"face": "missing"}, None, None
        )
        binding = Binding(
            binding_id=binding_id,
            stage=Stage.PASSED,
            request=request,
            origin=Origin(source=CHANNEL, id=f"before-{binding_id}"),
            at=made.since,
            admdvs=sponsor.place,
            beneficiary_admdvs=self._insured_at(beneficiary, made.since),
            consented=True,
            terms=request.terms,
        )
        self.eligibility.work.know_binding(binding)
        approved = _approved(binding, sponsor, beneficiary, made)
        for state in (approved, *_ended(approved, made)):
            self.audit.batch.files[binding_id] = CaseFile(state)
            said = self.eligibility.send(
                "binding.decisions.approved", state, at=state.at, source="gongji-audit"
            )
            self._from_eligibility(said)

    def _insured_at(self, person: Person, at: datetime) -> str:
        """The place of the insurance that counts for a beneficiary, if the registry knows several."""
        known = self.eligibility.work.person(person_key(person.made_up().certificate()))
        row = known.best(self.policies.at(person.place, at).binding.beneficiary_insurance) if known else None
        return row.insuplc_admdvs if row else person.place


def _next_midnight(after: datetime) -> datetime:
    """The next beginning of a Beijing day."""
    day = after.astimezone(BEIJING).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


def _approved(binding: Binding, sponsor: Person, beneficiary: Person, made: Standing) -> BindingState:
    case = Screened(
        admdvs=sponsor.place,
        channel=binding.request.channel,
        sponsor=Party(psn_no=sponsor.made_up().psn_no, insuplc_admdvs=sponsor.place),
        beneficiary=Party(
            psn_no=beneficiary.made_up().psn_no,
            insuplc_admdvs=binding.beneficiary_admdvs or beneficiary.place,
        ),
        relation=made.relation,
        terms=binding.terms,
        requested_at=made.since,
    )
    return BindingState(
        binding_id=binding.binding_id,
        version=2,
        state=State.APPROVED,
        at=made.since,
        origin=binding.origin,
        round=1,
        case=case,
        effective=(Period(begin=made.since),),
        terms=(DatedTerms(since=made.since, terms=binding.terms),),
        policy_version="before",
    )


def _ended(approved: BindingState, made: Standing) -> list[BindingState]:
    if made.ended is None:
        return []
    over = {
        "version": 3,
        "state": State.ENDED,
        "at": made.ended,
        "cause": Cause(made.by),
        "effective": (Period(begin=made.since, end=made.ended),),
    }
    return [approved.model_copy(update=over)]
