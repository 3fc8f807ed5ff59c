"""What the second reckoning knows of people, bindings, accounts and bills, and the plain questions that may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.contracts.binding_decisions import BindingState
from shared.contracts.registry import InstitutionKind, InstitutionRecorded, PersonRecorded
from shared.contracts.settlement_requests import Bill
from tests.unit.settlement.serial.money import Bound, Money, Share, day_of, period
from tests.unit.settlement.serial.rules import NATION, Town

Visit = tuple[str, str, str]
EMPLOYEE, INSURED, NORMAL = "310", {"310", "390", "391"}, "1"


class Verdict(NamedTuple):
    """What has to be said: the word of the result or the state of the answer, the codes against it, and who pays what of a bill."""

    word: str
    codes: tuple[str, ...] = ()
    shares: Sequence[Share] | None = None
    cash: int = 0


@dataclass(slots=True)
class Asked:
    """A request that has its answer: an institution's `msgid` is asked once."""

    kind: str
    body: Any
    infno: str
    psn_no: str
    answer: Any
    setl_id: str = ""


@dataclass(slots=True)
class Paid:
    """A settlement: its shares, what of it went back, and how it ended. `undone` fen went back with the end, by the message `undone_by`."""

    bill: Bill
    cash: int
    shares: list[Share]
    returned: int = 0
    state: str = "settled"
    undone: int = 0
    undone_by: str = ""

    @property
    def personal(self) -> int:
        return self.cash + sum(s.first for s in self.shares)


@dataclass(slots=True)
class Hold:
    """What is set apart for a visit."""

    until: datetime
    bill: Bill
    shares: list[Share]


@dataclass(slots=True)
class Mark:
    """An earmark: what is wanted, what of it never was set apart, and whether money is set apart now. `ended`: never again."""

    binding: UUID
    sponsor: str
    opened: datetime
    amount: int = 0
    missing: int = 0
    open: bool = True
    ended: bool = False

    @property
    def row(self) -> str:
        return f"earmark/{self.binding}"


@dataclass(slots=True)
class Transfer:
    """An offer and what became of it."""

    body: Any
    at: datetime
    until: datetime
    first: Verdict
    state: str

    @property
    def row(self) -> str:
        return f"transfer/{self.body.transfer_id}"


@dataclass(slots=True)
class Premium:
    """A request to pay a premium and what became of it."""

    body: Any
    first: Verdict
    shares: list[Share]
    state: str


@dataclass
class Known:
    """All of it. `wallets` are by binding: the giver, and whether it is open; `early` are reversals that came before their message."""

    town: Town
    money: Money = field(default_factory=Money)
    region: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    turned: dict[str, datetime] = field(default_factory=dict)
    young: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    people: dict[str, PersonRecorded] = field(default_factory=dict)
    places: dict[str, InstitutionRecorded] = field(default_factory=dict)
    bindings: dict[UUID, BindingState] = field(default_factory=dict)
    erased: set[UUID] = field(default_factory=set)
    log: dict[UUID, list[Share]] = field(default_factory=dict)
    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
    early: set[tuple[str, str, str, str]] = field(default_factory=set)
    bills: dict[str, Paid] = field(default_factory=dict)
    quotes: dict[Visit, list[tuple[str, str, int]]] = field(default_factory=dict)
    holds: dict[Visit, Hold] = field(default_factory=dict)
    marks: dict[UUID, Mark] = field(default_factory=dict)
    transfers: dict[UUID, Transfer] = field(default_factory=dict)
    wallets: dict[UUID, tuple[str, bool]] = field(default_factory=dict)
    premiums: dict[UUID, Premium] = field(default_factory=dict)
    owed: dict[tuple[str, UUID | None], int] = field(default_factory=dict)
    """What this step lists for recovery: by reference and binding, fen. `listed` is all that ended bindings paid late."""
    listed: set[tuple[str, UUID]] = field(default_factory=set)

    def rules_of(self, psn_no: str, unknown: str = NATION) -> Any:
        """The spending rules of the region of an account; those of `unknown` while the authority has said nothing of it."""
        return self.town.spending(self.region.get(psn_no) or unknown)

    def is_open(self, psn_no: str) -> bool:
        return self.state.get(psn_no, "open") == "open"

    def alive(self, psn_no: str) -> bool:
        """Nobody is dead of whom the registry has not said so."""
        person = self.people.get(psn_no)
        return person is None or person.surv_stas == "1"

    def receives(self, psn_no: str) -> bool:
        """Whether money may come back to the account: else staff decide."""
        return self.state.get(psn_no) != "closed" and self.alive(psn_no)

    def sponsors_normally(self, psn_no: str) -> bool:
        """Alive, and insured as an employee in normal status, as far as the registry knows."""
        person = self.people.get(psn_no)
        return person is None or (self.alive(psn_no) and _insured(person, {EMPLOYEE}))

    def insured_normally(self, psn_no: str) -> bool:
        person = self.people.get(psn_no)
        return person is not None and _insured(person, INSURED)

    def home_of(self, psn_no: str) -> str:
        """Where a person is insured, as the registry knows it."""
        person = self.people.get(psn_no)
        return person.insurances[0].insuplc_admdvs if person is not None and person.insurances else ""

    def pharmacy(self, code: str) -> bool:
        return code in self.places and self.places[code].kind == InstitutionKind.PHARMACY

    def over(self, b: BindingState) -> bool:
        return b.state.final or b.binding_id in self.erased

    def stands(self, b: BindingState, at: datetime) -> bool:
        """Begun and not ended: what is set apart stays so, even while the binding is suspended."""
        return not self.over(b) and _within(b.effective, at) and _on(terms(b, at), day_of(at))

    def counts(self, b: BindingState, at: datetime, use: str, rules: Any) -> bool:
        """Whether a binding pays for a use at a time: in force, its sponsor insured, in scope, in a mode that the account's region has."""
        sponsor = b.case.sponsor.psn_no
        return (
            self.in_force(b, at) and self.sponsors_normally(sponsor) and use in terms(b, at).scope and b.case.mode in rules.modes
            and self.is_open(sponsor)
        )  # fmt: skip

    def in_force(self, b: BindingState, at: datetime) -> bool:
        return self.stands(b, at) and not _within(b.suspended, at)

    def naming(self, psn_no: str) -> list[BindingState]:
        """Bindings of which a person is the beneficiary."""
        return [
            b for b in self.bindings.values() if b.case.beneficiary and b.case.beneficiary.psn_no == psn_no
        ]

    def of_sponsor(self, psn_no: str) -> list[BindingState]:
        return [b for b in self.bindings.values() if b.case.sponsor.psn_no == psn_no]

    def payer(self, b: BindingState) -> str:
        """The row that pays for a binding: in other modes than authorisation what stands apart for it, while it does."""
        if b.case.mode == "authorisation":
            return b.case.sponsor.psn_no
        return f"{'earmark' if b.case.mode == 'earmark' else 'wallet'}/{b.binding_id}"

    def note(self, shares: Iterable[Share]) -> None:
        """Shares of sponsors use their quotas and caps."""
        for share in shares:
            if share.binding is not None:
                self.log.setdefault(share.binding.binding_id, []).append(share)

    def used(self, bound: Bound, bindings: Iterable[BindingState], at: datetime) -> int:
        """What these bindings paid in the period of a bound, net of what went back."""
        _, per, start, _, _ = bound
        if per == "settlement":
            return 0
        now = period(per, at, start)
        return sum(
            s.amount
            for b in bindings
            for s in self.log.get(b.binding_id, ())
            if s.amount and bound in s.counted and period(per, s.at, start) == now
        )


def terms(b: BindingState, at: datetime) -> Any:
    """The terms of a time: the last that were in force, the first for a time before all of them."""
    return ([t for t in b.terms if t.since <= at] or [b.terms[0]])[-1].terms


def order(b: BindingState, at: datetime) -> int:
    return ([t for t in b.terms if t.since <= at] or [b.terms[0]])[-1].order or 1 << 30


def _on(chosen: Any, day: date) -> bool:
    return (chosen.begndate is None or chosen.begndate <= day) and (
        chosen.enddate is None or day <= chosen.enddate
    )


def _within(periods: Any, at: datetime) -> bool:
    return any(p.begin <= at and (p.end is None or at < p.end) for p in periods)


def _insured(person: PersonRecorded, kinds: set[str]) -> bool:
    return any(i.insutype in kinds and i.psn_insu_stas == NORMAL for i in person.insurances)
