"""A case's world: settlement in memory, with the facts of the case in it, a clock, and what was said since a step began."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.ledger.bindings import Binding
from deploy.ledger.people import Facts, Institution, Person
from deploy.policy.fields import CaseError
from services.settlement.domain.bindings import TRANSFER_MODE
from services.settlement.domain.earmarks import purse_name
from services.settlement.domain.holds import hold_name
from services.settlement.domain.transfers import moving_name, wallet_name
from services.settlement.trial import Trial
from shared.contracts.base import yuan
from shared.messaging.memory import Said
from shared.policies import Policies

AUTHORITY, CHANNEL, TAX_OFFICE, AUDIT, DESK = "authority", "channel", "tax-office", "gongji-audit", "desk"
_BEFORE = timedelta(days=30)


class Sent:
    """A message that a step sent, under its id: for those that come back to it."""

    def __init__(self, type: str, body: dict[str, Any], source: str, place: Institution | None) -> None:
        self.type, self.body, self.source, self.place = type, body, source, place
        self.answer: Any = None
        self.setl_id = ""


class World:
    """Facts, clock and service of one case."""

    def __init__(self, facts: Facts, policies: Policies) -> None:
        self.facts, self.now = facts, facts.at
        self.people, self.institutions = dict(facts.people), dict(facts.institutions)
        self.trial = Trial(policies, self.may_bill)
        self.bindings: dict[tuple[str, str], Binding] = {}
        self.sent: dict[str, Sent] = {}
        self.msgids: dict[str, str] = {}
        self.said: list[Said] = []
        self.orders = self.numbers = 0
        self.names = {p.psn_no: p.name for p in self.people.values()}
        for person in self.people.values():
            if person.facts.get("registered", True):
                self.send("registry.persons.recorded", person.record(), AUTHORITY)
        for place in self.institutions.values():
            if place.facts.get("registered", True):
                self.send("registry.institutions.recorded", place.record(), AUTHORITY)
        for person in self.people.values():
            self._endow(person)
        for n, one in enumerate(facts.bound):
            since = one.since or facts.at - _BEFORE + timedelta(hours=n)
            self.bind(one.sponsor, one.beneficiary, one.values, since)

    def may_bill(self, source: str, code: str) -> bool:
        """Whether a source is a system of the institution."""
        return any(i.code == code and i.system == source for i in self.institutions.values())

    def listen(self) -> None:
        """Forgets what was said so far; the next step begins."""
        self.said = []
        book = self.trial.book
        self.entries, self.listed = len(book.new_entries), len(book.new_recoveries)

    def send(self, type: str, body: Mapping[str, Any], source: str, at: datetime | None = None) -> Said:
        """One message with its event time (now, unless `at` says it), and what falls due by now."""
        said = self.trial.send(type, body, at=at or self.now, source=source)
        self.said.append(said)
        self.pass_time(self.now)
        return said

    def pass_time(self, until: datetime) -> None:
        """Time passes; what falls due by then happens, each at its time."""
        if until < self.now:
            raise CaseError(f"time goes forward: {until} is before {self.now}")
        while (said := self.trial.wait(until)) is not None:
            self.said.append(said)
        self.now = until

    def bind(self, sponsor: str, beneficiary: str, values: Mapping[str, Any], since: datetime) -> None:
        """A new binding, approved."""
        self.numbers += 1
        made = Binding(self.numbers, self.people[sponsor], self.people[beneficiary], since, values)
        made.agree(values, since)
        self.bindings[sponsor, beneficiary] = made
        self.decide(made, "approved")

    def bound(self, sponsor: str, beneficiary: str) -> Binding:
        """The newest binding of the two."""
        found = self.bindings.get((sponsor, beneficiary))
        if found is None:
            raise CaseError(f"{sponsor}: there is no binding for {beneficiary} yet")
        return found

    def decide(self, binding: Binding, type: str) -> None:
        """Says the binding's state."""
        self.send(f"binding.decisions.{type}", binding.decision(self.now), AUDIT)

    def entry(self) -> str:
        """A new entry number of the authority."""
        self.orders += 1
        return f"E{self.orders}"

    def account_of(self, person: Person) -> str:
        """The region of a person's account."""
        facts = person.facts
        return str(facts.get("account_region", facts.get("region", person.region)))

    def balances(self, name: str) -> tuple[int, int]:
        """(current, historic) fen of an account row; names as `expecting.row_names` has them."""
        account = self.trial.book.accounts.get(self._row(name))
        return (account.current, account.historic) if account is not None else (0, 0)

    def _row(self, name: str) -> str:
        sponsor, _, beneficiary = name.partition("→")
        if beneficiary:
            found = self.bound(sponsor, beneficiary)
            transfer = found.values.get("mode") == TRANSFER_MODE
            return wallet_name(found.id) if transfer else purse_name(found.id)
        if name.endswith("/hold"):
            return hold_name(self.people[name.removesuffix("/hold")].psn_no)
        if name.endswith("/offer"):
            sent = self.sent.get(name.removesuffix("/offer"))
            return moving_name(UUID(sent.body["transfer_id"])) if sent is not None else name
        return self.people[name].psn_no

    def held(self) -> dict[str, int]:
        """What this step put aside for whom, fen."""
        found: dict[str, int] = {}
        for entry in self.trial.book.new_entries[self.entries :]:
            if entry.segment == "held":
                name = self.names[entry.account.removeprefix("held/")]
                found[name] = found.get(name, 0) + entry.amount
        return found

    def recoveries(self) -> dict[str, int]:
        """What this step listed for recovery, by the person of the case, fen."""
        found: dict[str, int] = {}
        for row in self.trial.book.new_recoveries[self.listed :]:
            name = self.names[row.psn_no]
            found[name] = found.get(name, 0) + row.amount
        return found

    def _endow(self, person: Person) -> None:
        if not person.has_account:
            return
        for segment in ("current", "historic"):
            if segment in person.facts:
                body = {
                    "psn_no": person.psn_no, "entry_id": self.entry(), "at": self.now, "admdvs": self.account_of(person),
                    "amount": yuan(person.facts[segment]), "segment": segment,
                }  # fmt: skip
                self.send("account.credits.credited", body, AUTHORITY)
