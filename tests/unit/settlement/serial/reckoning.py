"""A second, slow and simple reckoning of who pays what, from the rules alone: nothing of the service's `domain` decides here.

It keeps its own balances and a log of every share. A bound is a sum over that log, what the region's table allows is a flow from payers
to pieces of the bill. What moves for earmarks and premiums is followed as the ledger says it; bills, credits, corrections, the year's
turn and everything that goes back is reckoned and compared. Bills that were declined are not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.clock import BEIJING
from shared.contracts.account_credits import Closed, Corrected, Credited, Frozen, Unfrozen, YearTurned
from shared.contracts.binding_decisions import BindingState
from shared.contracts.registry import InstitutionKind, InstitutionRecorded, PersonRecorded
from shared.contracts.settlement_requests import Bill
from shared.messaging.handler import Event, Item, Tombstone
from tests.unit.settlement.serial.flow import Pieces, pieces
from tests.unit.settlement.serial.rules import HOME, Town

FOLLOWED = ("earmark", "earmark-back", "premium", "premium-back")
SEGMENTS = ("current", "historic")


@dataclass(slots=True)
class Share:
    """What one segment of one account paid; `amount` falls by what went back."""

    payer: str
    segment: str
    amount: int
    at: datetime
    sponsor: str | None = None
    binding: BindingState | None = None
    use: str = ""
    med_type: str = ""


@dataclass(slots=True)
class Paid:
    """A bill that was booked: shares as they were first, what went back, and by whom it was ended."""

    cash: int
    shares: list[Share]
    first: list[int]
    returned: int = 0
    ended: bool = False
    undone: int = 0

    @property
    def all(self) -> int:
        return self.cash + sum(self.first)


class Move(NamedTuple):
    """One expected line: whose row, segment, fen."""

    row: str
    segment: str
    amount: int


@dataclass
class Reckoning:
    """The family's money as the rules make it."""

    town: Town
    money: dict[str, dict[str, int]] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    region: dict[str, str] = field(default_factory=dict)
    turned: dict[str, datetime] = field(default_factory=dict)
    young: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    people: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    pharmacies: set[str] = field(default_factory=set)
    bindings: dict[Any, BindingState] = field(default_factory=dict)
    erased: set[Any] = field(default_factory=set)
    log: dict[Any, list[Share]] = field(default_factory=dict)
    bills: dict[str, Paid] = field(default_factory=dict)
    premiums: dict[bytes, list[Share]] = field(default_factory=dict)

    def step(
        self, item: Item, results: Sequence[tuple[str, Any]], entries: Sequence[dict[str, Any]]
    ) -> str | None:
        """What is wrong with what the service did; `results` are (type, body), `entries` the new lines of the ledger."""
        if not isinstance(item, Event):
            self._follow(entries)
            return None
        wrong = self._money(item, results, entries)
        self._facts(item)
        return wrong

    def balances(self, psn_no: str) -> tuple[int, int]:
        """(current, historic) fen."""
        found = self.money.get(psn_no, {})
        return found.get("current", 0), found.get("historic", 0)

    def _facts(self, item: Event) -> None:
        body: Any = item.body
        if isinstance(body, BindingState):
            known = self.bindings.get(body.binding_id)
            if known is None or known.version < body.version:
                self.bindings[body.binding_id] = body
                self.erased.discard(body.binding_id)
        elif isinstance(body, PersonRecorded):
            self.people[body.psn_no] = (
                body.surv_stas == "1",
                any(i.psn_insu_stas == "1" for i in body.insurances),
            )
        elif isinstance(body, InstitutionRecorded) and body.kind == InstitutionKind.PHARMACY:
            self.pharmacies.add(body.fixmedins_code)
        elif isinstance(body, Tombstone):
            self.erased.update(id for id in self.bindings if str(id) == item.key.decode())

    def _money(
        self, item: Event, results: Sequence[tuple[str, Any]], entries: Sequence[dict[str, Any]]
    ) -> str | None:
        body: Any = item.body
        if isinstance(body, Credited | Corrected | YearTurned | Frozen | Unfrozen | Closed):
            return self._order(item, body, entries)
        type, result = results[0] if results else ("", {})
        if isinstance(body, Bill) and type in ("settled", "quoted"):
            return self._bill(item, body, result, entries)
        if type in ("refunded", "cancelled", "reversed") and result["setl_id"] in self.bills:
            return self._back(item, type, result, entries)
        if type == "settled":
            return self._again(result, entries)
        return self._follow(entries)

    def _follow(self, entries: Sequence[dict[str, Any]]) -> str | None:
        for e in entries:
            if e["version"] is None:
                continue
            if e["kind"] not in FOLLOWED:
                return f"nothing should have moved, but {_line(e)} did"
            self._apply(e)
            self._premium(e)
        return None

    def _apply(self, e: dict[str, Any]) -> None:
        row = self.money.setdefault(e["account"], dict.fromkeys(SEGMENTS, 0))
        row[e["segment"]] += e["amount"]

    def _premium(self, e: dict[str, Any]) -> None:
        """A premium uses quota and caps, too."""
        if not e["kind"].startswith("premium") or e["binding_id"] is None:
            return
        binding = self.bindings[e["binding_id"]]
        if e["kind"] == "premium":
            share = Share(
                e["account"],
                e["segment"],
                -e["amount"],
                e["at"],
                binding.case.sponsor.psn_no,
                binding,
                "resident-premium",
            )
            self.log.setdefault(binding.binding_id, []).append(share)
            self.premiums.setdefault(e["posting"], []).append(share)
        else:
            left = e["amount"]
            for share in self.premiums[e["original"]]:
                less = min(left, share.amount) if share.segment == e["segment"] else 0
                share.amount, left = share.amount - less, left - less

    def _expect(self, moves: Sequence[Move], entries: Sequence[dict[str, Any]]) -> str | None:
        """Books what is expected and compares it with the ledger; what is followed comes between or after."""
        told = [
            Move(e["account"], e["segment"], e["amount"])
            for e in entries
            if e["segment"] != "counter" and e["kind"] not in FOLLOWED
        ]
        for e in entries:
            if e["version"] is not None:
                self._apply(e)
        return (
            None
            if list(moves) == told
            else f"expected {[*map(tuple, moves)]}, the ledger has {[*map(tuple, told)]}"
        )

    def _order(self, item: Event, body: Any, entries: Sequence[dict[str, Any]]) -> str | None:
        """Credits, corrections, the year's turn; an order whose number was used moves nothing."""
        psn_no, expected = body.psn_no, None
        if body.entry_id == "E9" and psn_no in self.region and not entries:
            return None
        for e in entries:  # earmarks give back before a correction and are filled up afterwards
            if e["kind"] in FOLLOWED:
                self._apply(e)
                continue
            if expected is None:
                expected = [m for m in self._moves(item, body) if m.amount]
            if e["version"] is not None:
                self._apply(e)
            if e["segment"] == "counter" or e["account"].startswith("earmark/"):
                continue
            if not expected or expected.pop(0) != (e["account"], e["segment"], e["amount"]):
                return f"not expected: {_line(e)}"
        if isinstance(body, Credited):
            self.region[psn_no] = body.admdvs
        if isinstance(body, Credited | Corrected) and body.segment.value == "current":
            amount = sum(
                e["amount"] for e in entries if e["account"] == psn_no and e["kind"] in ("credit", "correct")
            )
            self.young.setdefault(psn_no, []).append((item.time, amount))
        elif isinstance(body, YearTurned):
            self.turned[psn_no] = max(item.time, self.turned.get(psn_no, item.time))
        elif isinstance(body, Frozen | Unfrozen | Closed) and self.state.get(psn_no) != "closed":
            self.state[psn_no] = {Frozen: "frozen", Unfrozen: "open", Closed: "closed"}[type(body)]
        return f"expected {expected}" if expected else None

    def _moves(self, item: Event, body: Any) -> list[Move]:
        psn_no = body.psn_no
        current, historic = self.balances(psn_no)
        if isinstance(body, YearTurned):
            begin = datetime(body.year + 1, 1, 1, tzinfo=BEIJING)
            young = sum(amount for at, amount in self.young.get(psn_no, ()) if at >= begin)
            turned = current - min(current, max(0, young))
            return [Move(psn_no, "current", -turned), Move(psn_no, "historic", turned)]
        if not isinstance(body, Credited | Corrected):
            return []
        if body.amount > 0 and self.state.get(psn_no) == "closed":
            return [Move(f"held/{psn_no}", "held", body.amount)]
        there = current if body.segment.value == "current" else historic
        return [Move(psn_no, body.segment.value, max(body.amount, -there))]

    def _bill(self, item: Event, bill: Bill, result: Any, entries: Sequence[dict[str, Any]]) -> str | None:
        shares, cash = self._split(bill, item.time)
        told = [(s["psn_no"], s["segment"], s["amount"], s["binding_id"]) for s in result["shares"]]
        mine = [
            (
                s.sponsor or s.payer,
                s.segment,
                _yuan(s.amount),
                str(s.binding.binding_id) if s.binding else None,
            )
            for s in shares
        ]
        if told != mine or result["psn_cash_pay"] != _yuan(cash):
            return f"reckoned {mine} and cash {_yuan(cash)}, the service says {told} and {result['psn_cash_pay']}"
        if not result["setl_id"]:
            return self._expect([], entries)
        self.bills[result["setl_id"]] = Paid(cash, shares, [s.amount for s in shares])
        for share in shares:
            if share.binding is not None:
                self.log.setdefault(share.binding.binding_id, []).append(share)
        return self._expect([Move(s.payer, s.segment, -s.amount) for s in shares], entries)

    def _split(self, bill: Bill, at: datetime) -> tuple[list[Share], int]:
        """Own account first, current money before historic; then sponsors in the region's order; the rest is cash."""
        left = bill.medfee_sumamt - bill.fund_pay_sumamt - bill.hosp_part_amt
        if bill.acct_used_flag != "1":
            return [], left
        room, home = pieces(bill), self.town.spending(HOME)
        pharmacy = bill.fixmedins_code in self.pharmacies
        own = self.balances(bill.psn_no) if self.state.get(bill.psn_no, "open") == "open" else (0, 0)
        shares: list[Share] = []
        for segment, there in zip(SEGMENTS, own, strict=True):
            paid = room.take(home.payable, "own", segment, bill.med_type, pharmacy, min(left, there))
            if paid:
                shares.append(Share(bill.psn_no, segment, paid, at))
                left -= paid
        use = (
            "pharmacy"
            if pharmacy or bill.med_type[:2] == "41"
            else "inpatient"
            if bill.med_type[0] == "2"
            else "outpatient"
        )
        if self.people.get(bill.psn_no, (True, False))[1]:
            left = self._sponsors(bill, at, use, pharmacy, room, shares, left)
        return shares, left

    def _sponsors(
        self, bill: Bill, at: datetime, use: str, pharmacy: bool, room: Pieces, shares: list[Share], left: int
    ) -> int:
        home, paid_by_others = self.town.spending(HOME), 0
        caps = [c for c in home.caps if c.by == "beneficiary" and c.concerns(use, bill.med_type)]
        all_of = [
            b
            for b in self.bindings.values()
            if b.case.beneficiary and b.case.beneficiary.psn_no == bill.psn_no
        ]
        common = min((c.amount - self._used(c, all_of, HOME, at) for c in caps), default=None)
        for binding in self._ranked(self._counting(all_of, at, use), at):
            if not left or (paid_by_others and home.one_sponsor_per_settlement):
                break
            sponsor = binding.case.sponsor.psn_no
            region = self.region.get(sponsor) or HOME
            rules, payer = self.town.spending(region), self._payer(binding)
            there = {
                s: m if s in rules.sponsor_segments or payer != sponsor else 0
                for s, m in zip(SEGMENTS, self.balances(payer), strict=True)
            }
            bounds = [
                left,
                sum(there.values()),
                *self._bounds(binding, rules, region, at, use, bill.med_type),
            ]
            if common is not None:
                bounds.append(common - paid_by_others)
            most = min(bounds)
            for segment in SEGMENTS:
                paid = room.take(
                    rules.payable, "sponsor", segment, bill.med_type, pharmacy, min(most, there[segment])
                )
                if paid > 0:
                    shares.append(Share(payer, segment, paid, at, sponsor, binding, use, bill.med_type))
                    most, left, paid_by_others = most - paid, left - paid, paid_by_others + paid
        return left

    def _payer(self, binding: BindingState) -> str:
        sponsor = binding.case.sponsor.psn_no
        return f"earmark/{binding.binding_id}" if binding.case.mode == "earmark" else sponsor

    def _counting(self, bindings: Sequence[BindingState], at: datetime, use: str) -> list[BindingState]:
        """Those that count for a bill; of two of one sponsor the one whose id comes first."""
        found: dict[str, BindingState] = {}
        for b in sorted(bindings, key=lambda b: b.binding_id.bytes):
            sponsor = b.case.sponsor.psn_no
            alive, normal = self.people.get(sponsor, (True, True))
            terms = _terms(b, at)
            if (
                b.binding_id not in self.erased and not b.state.final and alive and normal and use in terms.scope
                and _within(b.effective, at) and not _within(b.suspended, at) and _on(terms, at)
                and self.state.get(sponsor, "open") == "open" and sponsor not in found
            ):  # fmt: skip
                found[sponsor] = b
        return list(found.values())

    def _ranked(self, bindings: Sequence[BindingState], at: datetime) -> list[BindingState]:
        home = self.town.spending(HOME)

        def rank(b: BindingState) -> tuple[Any, ...]:
            dated = [t for t in b.terms if t.since <= at] or [b.terms[0]]
            since = b.effective[0].begin.timestamp()
            by = {
                "beneficiary-order": dated[-1].order or 1 << 30, "highest-balance": -sum(self.balances(self._payer(b))),
                "oldest-binding": since, "newest-binding": -since,
            }  # fmt: skip
            return (*(by[name] for name in (home.order, *home.tie_breakers)), b.binding_id.bytes)

        return sorted(bindings, key=rank)

    def _bounds(
        self, b: BindingState, rules: Any, region: str, at: datetime, use: str, med_type: str
    ) -> list[int]:
        """What floor, quota and the caps of the account's region leave."""
        found, sponsor = [], b.case.sponsor.psn_no
        of_sponsor = [x for x in self.bindings.values() if x.case.sponsor.psn_no == sponsor]
        if rules.floor and b.case.mode != "earmark":
            found.append(sum(self.balances(sponsor)) - rules.floor)
        quota = _terms(b, at).quota
        quota = rules.quota_default if quota is None else quota
        if quota is not None and rules.quota_scope != "none":
            those = of_sponsor if rules.quota_scope == "all-members" else [b]
            found.append(quota - self._sum(those, rules.quota_period, region, at, None, None))
        for cap in rules.caps:
            if cap.by != "beneficiary" and cap.concerns(use, med_type):
                found.append(
                    cap.amount - self._used(cap, of_sponsor if cap.by == "payer" else [b], region, at)
                )
        return found

    def _used(self, cap: Any, bindings: Sequence[BindingState], region: str, at: datetime) -> int:
        return (
            0
            if cap.per == "settlement"
            else self._sum(bindings, cap.per, region, at, cap.uses, cap.med_types)
        )

    def _sum(
        self, bindings: Sequence[BindingState], per: str, region: str, at: datetime, uses: Any, med_types: Any
    ) -> int:
        start = self.town.spending(region).insured_year_start
        period, total = _period(per, at, start), 0
        for binding in bindings:
            for s in self.log.get(binding.binding_id, ()):
                fits = (uses is None or s.use in uses) and (
                    med_types is None or s.med_type in med_types or s.med_type[:2] in med_types
                )
                if fits and s.amount and _period(per, s.at, start) == period:
                    total += s.amount
        return total

    def _back(self, item: Event, type: str, result: Any, entries: Sequence[dict[str, Any]]) -> str | None:
        """Cash first, then the shares from the last to the first, to the same holders."""
        bill = self.bills[result["setl_id"]]
        body: Any = item.body
        if (
            bill.ended or getattr(body, "oinfno", "2207") != "2207"
        ):  # again, or a cancel that was reversed before
            return self._expect([], entries)
        amount = body.amount if type == "refunded" else bill.all - bill.returned
        if type != "refunded":
            bill.ended, bill.undone = True, amount
        moves = []
        skip, left = bill.returned, amount
        here = min(left, max(0, bill.cash - skip))
        skip, left = max(0, skip - bill.cash), left - here
        actual = iter([e for e in entries if e["segment"] != "counter" and e["kind"] not in FOLLOWED])
        for share, first in zip(reversed(bill.shares), reversed(bill.first), strict=True):
            here = min(left, max(0, first - skip))
            skip = max(0, skip - first)
            if here:
                left -= here
                share.amount -= here
                moves.append(self._place(share, here, next(actual, None)))
        bill.returned += amount
        return self._expect(moves, entries)

    def _place(self, share: Share, amount: int, line: dict[str, Any] | None) -> Move:
        holder = share.sponsor or share.payer
        if self.state.get(holder) == "closed" or not self.people.get(holder, (True, True))[0]:
            return Move(f"held/{holder}", "held", amount)
        turned = self.turned.get(holder)
        segment = "historic" if turned is not None and share.at < turned else share.segment
        to_purse = line is not None and share.payer.startswith("earmark/") and line["account"] == share.payer
        return Move(share.payer if to_purse else holder, segment, amount)

    def _again(self, result: Any, entries: Sequence[dict[str, Any]]) -> str | None:
        """A cancel was reversed: the same holders pay the same sums once more."""
        bill = self.bills[result["setl_id"]]
        before, skip = bill.returned - bill.undone, max(0, bill.returned - bill.undone - bill.cash)
        expected: dict[str, int] = {}
        left = bill.undone - max(0, bill.cash - before)
        for share, first in zip(reversed(bill.shares), reversed(bill.first), strict=True):
            here = min(left, max(0, first - skip))
            skip, left = max(0, skip - first), left - here
            share.amount += here
            holder = share.sponsor or share.payer
            expected[holder] = expected.get(holder, 0) - here
        bill.returned, bill.undone, bill.ended = before, 0, False
        told: dict[str, int] = {}
        owner = {s.payer: s.sponsor or s.payer for s in bill.shares}
        for e in entries:
            if e["kind"] == "again" and e["version"] is not None:
                holder = owner.get(e["account"], e["account"])
                told[holder] = told.get(holder, 0) + e["amount"]
            if e["version"] is not None:
                self._apply(e)
        expected = {k: v for k, v in expected.items() if v}
        return None if expected == told else f"expected {expected}, the ledger has {told}"


def _terms(binding: BindingState, at: datetime) -> Any:
    dated = [t for t in binding.terms if t.since <= at] or [binding.terms[0]]
    return dated[-1].terms


def _on(terms: Any, at: datetime) -> bool:
    day = at.astimezone(BEIJING).date()
    return (terms.begndate is None or terms.begndate <= day) and (
        terms.enddate is None or day <= terms.enddate
    )


def _within(periods: Any, at: datetime) -> bool:
    return any(p.begin <= at and (p.end is None or at < p.end) for p in periods)


def _period(per: str, at: datetime, start: str) -> object:
    day = (
        (at + timedelta(hours=8)).date() if at.utcoffset() == timedelta(0) else at.astimezone(BEIJING).date()
    )
    if per == "insured-year":
        return day.year - (day.isoformat()[5:] < start)
    return {"day": day, "month": (day.year, day.month), "year": day.year, "lifetime": 0}[per]


def _line(e: dict[str, Any]) -> tuple[Any, ...]:
    return e["account"], e["segment"], e["amount"], e["kind"]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
