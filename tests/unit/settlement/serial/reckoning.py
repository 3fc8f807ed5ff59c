"""A second, slow and simple reckoning of everything that moves money, from the rules alone: nothing of the service decides here.

What is said of a request (result or answer, codes, who pays what) and what each place has afterwards must be what the service says and
has. Who pays is in `paying.py` and `flow.py`, what stands apart in `apart.py`, faults in `faults.py`, the rest in `bills.py` and `family.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.clock import BEIJING
from shared.contracts.account_credits import Closed, Corrected, Credited, Frozen, Unfrozen, YearTurned
from shared.contracts.binding_decisions import BindingState
from shared.contracts.registry import InstitutionRecorded, PersonRecorded
from shared.messaging.handler import Due, Event, Invalid, Item, Tombstone
from tests.unit.settlement.serial import apart, bills, family
from tests.unit.settlement.serial.known import Asked, Known, Verdict
from tests.unit.settlement.serial.money import HELD, Place, Share, counter, yuan
from tests.unit.settlement.serial.replicas import Said
from tests.unit.settlement.serial.rules import SYSTEMS, Town
from tests.unit.settlement.serial.tables import Tables

ORDERS = Credited | Corrected | YearTurned | Frozen | Unfrozen | Closed


@dataclass
class Reckoning:
    """The family's money as the rules make it, beside what the ledger says of each place."""

    town: Town
    ledger: dict[Place, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.k = Known(self.town)

    def step(
        self, item: Item, said: Said, entries: Sequence[dict[str, Any]], owed: Sequence[dict[str, Any]]
    ) -> str | None:
        """What is wrong with what the service did: `entries` and `owed` are the new lines of the ledger and of what is to be recovered."""
        self.k.owed.clear()
        self.k.money.now = item.time
        wrong = None
        if isinstance(item, Due):
            self._due(item)
        else:
            wrong = self._event(item, said)
        return wrong or self._places(entries) or self._owed(owed)

    def _places(self, entries: Sequence[dict[str, Any]]) -> str | None:
        fen, ledger, moved = self.k.money.fen, self.ledger, self.k.money.touched
        for e in entries:
            place = e["account"], e["segment"]
            ledger[place] = ledger.get(place, 0) + e["amount"]
            moved.add(place)
        wrong = {
            place: (fen.get(place, 0), ledger.get(place, 0))
            for place in moved
            if fen.get(place, 0) != ledger.get(place, 0)
        }
        moved.clear()
        return f"place: (reckoned, in the ledger) {wrong}" if wrong else None

    def _owed(self, rows: Sequence[dict[str, Any]]) -> str | None:
        told = {(r["reference"], r["binding_id"]): r["amount"] for r in rows}
        return (
            None
            if told == self.k.owed
            else f"to be recovered: reckoned {self.k.owed}, the service says {told}"
        )

    def _due(self, item: Due) -> None:
        """A time has come. Whether each does come is asked by `overdue`."""
        k = self.k
        if item.kind == "hold":
            code, mdtrt_id, psn_no = item.body["visit"]
            hold = k.holds.get((code, mdtrt_id, psn_no))
            if hold is not None and hold.until == item.time:
                apart.release(k, (code, mdtrt_id, psn_no))
        elif item.kind == "transfer":
            offer = k.transfers.get(UUID(item.entity))
            if offer is not None and offer.state == "offered":
                apart.returned(k, offer, "returned")
        else:
            apart.followed(k, UUID(item.entity), item.time)

    def overdue(self, now: datetime) -> str | None:
        """What should have been given back, opened or ended by now and was not."""
        k = self.k
        for visit, hold in k.holds.items():
            if hold.until <= now:
                return f"the hold of {visit} was to end at {hold.until}"
        for id, offer in k.transfers.items():
            if offer.state == "offered" and offer.until <= now:
                return f"the offer {id} was to go back at {offer.until}"
        for id, (giver, open_) in k.wallets.items():
            if open_ and not k.stands(k.bindings[id], now):
                return f"the wallet {id} of {giver} was to be closed"
        for id, mark in k.marks.items():
            if mark.open and not k.stands(k.bindings[id], now):
                return f"the earmark {id} was to be given back"
        return None

    def stored(self, tables: Tables) -> str | None:
        """What rows say that is no money: states, what of bills went back, what of recoveries was settled by it."""
        k = self.k
        expected: dict[tuple[str, Any], Any] = {}
        expected |= {("account", (p,)): state for p, state in k.state.items()}
        expected |= {("wallet", (id,)): open_ for id, (_, open_) in k.wallets.items()}
        expected |= {("transfer", (id,)): t.state for id, t in k.transfers.items()}
        expected |= {("premium", (id,)): p.state for id, p in k.premiums.items()}
        expected |= {("earmark", (id,)): (m.amount, m.missing, m.open) for id, m in k.marks.items()}
        expected |= {("settlement", (bytes.fromhex(id),)): (p.state, p.returned) for id, p in k.bills.items()}
        for (table, key), want in expected.items():
            row = tables.rows(table)[key]
            told: Any = row["open"] if table == "wallet" else row.get("state")
            if table == "settlement":
                told = row["state"], row["returned"]
            elif table == "earmark":
                told = row["amount"], row["missing"], row["place"] == "open"
            if told != want:
                return f"{table} {key}: reckoned {want}, stored is {told}"
        for row in tables.rows("recovery").values():
            shares = self._shares(row["reference"])
            still = sum(s.amount for s in shares if s.binding and s.binding.binding_id == row["binding_id"])
            if row["binding_id"] is not None and row["amount"] - row["settled"] != still:
                return f"{row['case_id']}: {still} fen are still to be recovered"
        return self._taken_back(tables)

    def _taken_back(self, tables: Tables) -> str | None:
        """What institutions' statements are compared with: of each bill, by own account and by others, what went back and is not out again."""
        sums: dict[str, list[int]] = {}
        for row in tables.rows("taken_back").values():
            found, sign = sums.setdefault(row["setl_id"].hex(), [0, 0]), -1 if row["kind"] == "again" else 1
            found[0], found[1] = found[0] + sign * row["acct"], found[1] + sign * row["mulaid"]
        for id, paid in self.k.bills.items():
            own = sum(s.first - s.amount for s in paid.shares if s.binding is None)
            others = sum(s.first - s.amount for s in paid.shares if s.binding is not None)
            inside = self.town.spending(paid.bill.insuplc_admdvs).mutual_aid == "inside"
            if sums.get(id, [0, 0]) != [own + others if inside else own, others]:
                return f"{id}: {own} and {others} fen went back, kept for statements is {sums.get(id)}"
        return None

    def _shares(self, reference: str) -> list[Share]:
        if reference in self.k.bills:
            return self.k.bills[reference].shares
        return next((p.shares for id, p in self.k.premiums.items() if str(id) == reference), [])

    def _event(self, item: Event, said: Said) -> str | None:
        body: Any = item.body
        if item.topic == "settlement.requests":
            return self._request(item, said)
        if isinstance(body, Invalid):
            return (
                None
                if set(said.codes) == {"field-invalid"}
                else f"the fields are wrong, the service says {said.answer}"
            )
        if isinstance(body, ORDERS):
            self._order(item, body)
        elif isinstance(body, Tombstone):
            self._erase(item)
        elif isinstance(body, BindingState):
            self._follow(item, body)
        elif isinstance(body, PersonRecorded):
            _newer(self.k.people, body.psn_no, body)
        elif isinstance(body, InstitutionRecorded):
            _newer(self.k.places, body.fixmedins_code, body)
        elif item.topic == "premium.requests":
            return self._answered(family.premium(self.k, item), said)
        elif item.topic == "account.transfers":
            return self._answered(family.transfer(self.k, item), said)
        return None

    def _answered(self, expected: Verdict, said: Said) -> str | None:
        codes = [r["code"] for r in said.answer["reasons"]]
        if (said.answer["state"], sorted(codes)) == (expected.word, sorted(expected.codes)):
            return None
        return f"reckoned {expected.word} {expected.codes}, the service says {said.answer['state']} {codes}"

    def _request(self, item: Event, said: Said) -> str | None:
        """One `msgid` of an institution has one answer; a stranger neither reads nor takes one."""
        body: Any = item.body
        fields = body.fields if isinstance(body, Invalid) else body.__dict__
        code, msgid, kind = fields["fixmedins_code"], fields["msgid"], item.type.rpartition(".")[2]
        entitled = code in SYSTEMS[item.source]
        asked = self.k.asked.get((code, msgid)) if entitled else None
        type, result = said.results[0] if said.results else ("", {})
        if asked is not None:
            if (asked.kind, asked.body) == (kind, body):
                return (
                    None
                    if not type and said.answer == asked.answer
                    else "the first answer was not given again"
                )
            return _unlike(bills.declined("msgid-reused"), type, result)
        setl_id = result.get("setl_id") or ""
        if isinstance(body, Invalid):
            expected = bills.declined("field-invalid")
        else:
            quote = (
                self.k.quotes.get((code, fields.get("mdtrt_id", ""), body.psn_no))
                if kind == "settle"
                else None
            )
            expected = bills.decide(self.k, item, body, setl_id)
            if expected.word == "settled" and expected.shares is not None and kind == "settle":
                self.k.quotes.pop((code, body.mdtrt_id, body.psn_no), None)
                differs = quote is not None and quote != [
                    (s.holder, s.segment, s.first) for s in expected.shares
                ]
                if differs != ("quoted" in result):
                    return f"the quote was {quote}, the result says {result.get('quoted')}"
        if entitled:
            infno = fields.get("infno") or ""
            self.k.asked[code, msgid] = Asked(kind, body, infno, fields["psn_no"], said.answer, setl_id)
        return _unlike(expected, type, result)

    def _erase(self, item: Event) -> None:
        key = item.key.decode()
        if item.topic == "registry.persons":
            self.k.people.pop(key, None)
        elif item.topic == "binding.decisions":
            if UUID(key) in self.k.bindings:
                self.k.erased.add(UUID(key))
            apart.followed(self.k, UUID(key), item.time)

    def _follow(self, item: Event, body: BindingState) -> None:
        k = self.k
        if not _newer(k.bindings, body.binding_id, body):
            return
        k.erased.discard(body.binding_id)
        paid = [(id, p.shares) for id, p in k.bills.items()]
        paid += [(str(id), p.shares) for id, p in k.premiums.items()]
        for reference, shares in paid:
            bills.late(
                k, reference, [s for s in shares if s.binding and s.binding.binding_id == body.binding_id]
            )
        apart.followed(k, body.binding_id, item.time)

    def _order(self, item: Event, body: Any) -> None:
        """Movements that the authority orders; each number counts once."""
        k, psn_no = self.k, body.psn_no
        if body.entry_id in k.orders:
            return
        k.orders[body.entry_id] = body
        if isinstance(body, Credited):
            before, k.region[psn_no] = k.region.get(psn_no), body.admdvs
            self._credit(item, body, body.amount)
            if before != body.admdvs:
                apart.moved(k, psn_no, item.time)
        elif isinstance(body, Corrected):
            n = 0 if body.segment.value == "current" else 1
            if body.amount < 0:
                apart.cover(k, psn_no, body.segment.value, -body.amount)
            amount = max(body.amount, -k.money.of(psn_no)[n])
            self._credit(item, body, amount)
            if amount != body.amount:
                k.owed[body.entry_id, None] = amount - body.amount
        elif isinstance(body, YearTurned):
            begin = datetime(body.year + 1, 1, 1, tzinfo=BEIJING)
            young = sum(amount for at, amount in k.young.get(psn_no, ()) if at >= begin)
            heard = max(item.time, item.appended_at)
            k.turned[psn_no] = max(heard, k.turned.get(psn_no, heard))
            given = sum(amount for at, amount in k.money.given.get(psn_no, ()) if at >= begin)
            apart.turn(k, psn_no, max(0, young), max(0, given))
        else:
            if isinstance(body, Closed):
                apart.closing(k, psn_no)
            if k.state.get(psn_no) != "closed":
                k.state[psn_no] = {Frozen: "frozen", Unfrozen: "open", Closed: "closed"}[type(body)]
        apart.credited(k, psn_no)

    def _credit(self, item: Event, body: Any, amount: int) -> None:
        """What comes for a closed account is held for the staff."""
        k, here = self.k, (body.psn_no, body.segment.value)
        if amount > 0 and k.state.get(body.psn_no) == "closed":
            here = f"held/{body.psn_no}", HELD
        elif body.segment.value == "current":
            k.young.setdefault(body.psn_no, []).append((item.time, amount))
        k.money.move(counter("authority", item.time), here, amount)


def _newer(known: dict[Any, Any], key: Any, body: Any) -> bool:
    """Takes a fact over unless its version or a later one is known."""
    if key in known and known[key].version >= body.version:
        return False
    known[key] = body
    return True


def _unlike(expected: Verdict, type: str, result: Any) -> str | None:
    code = (result["code"],) if type == "declined" else ()
    if (type, code) != (expected.word, expected.codes):
        return f"reckoned {expected.word} {expected.codes}, the service says {type} {code}"
    if expected.shares is None:
        return None
    mine = [
        (s.holder, s.segment, yuan(s.first), str(s.binding.binding_id) if s.binding else None)
        for s in expected.shares
    ]
    told = [(s["psn_no"], s["segment"], s["amount"], s["binding_id"]) for s in result["shares"]]
    if told != mine or result["psn_cash_pay"] != yuan(expected.cash):
        return f"reckoned {mine} and cash {yuan(expected.cash)}, the service says {told} and {result['psn_cash_pay']}"
    return None
