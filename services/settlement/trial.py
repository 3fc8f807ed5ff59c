"""Settlement in memory: the handler and the working set of the service, without broker and database.

One message in, what it says out; all that is known stays in one book, as if the database had given it back to each batch. Cases of the
ledger and tests run the service's own code this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from services.settlement.domain.accounts import HELD, new_year
from services.settlement.domain.book import Book, Owed, Regions
from services.settlement.domain.reconciled import Case, Held, Recoverable
from services.settlement.handlers import SettlementHandler
from services.settlement.reconciling.deciding import RELEASED
from shared.contracts.account_credits import YearTurned
from shared.contracts.operators import Operator, Role
from shared.contracts.topics import TYPES
from shared.messaging.decode import read_body
from shared.messaging.handler import Event, Item, Tombstone
from shared.messaging.memory import Memory, Said
from shared.messaging.registry import make_type
from shared.policies import Policies

CREDITED = frozenset({"credit", "correct"})
APART = frozenset({"earmark", "earmark-back", "transfer", "transfer-back", "wallet-back"})
OPERATOR = Operator("ledger-01", frozenset({Role.LEDGER}), ("100000",))
"""Who decides cases of the ledger."""


class Trial:
    """One settlement service with its book. `may_bill`: whether a source is a system of an institution."""

    def __init__(self, policies: Policies, may_bill: Callable[[str, str], bool]) -> None:
        regions = Regions(policies, may_bill)
        self.handler = SettlementHandler(regions, {OPERATOR.id: OPERATOR})
        self.book = Book(regions)
        self.memory = Memory()

    def send(
        self, type: str, body: Mapping[str, Any], *, at: datetime, source: str, believed: bool = True
    ) -> Said:
        """One message of a short type such as `settlement.requests.settle`, its body as on the wire (not yet JSON); read as the line reads it."""
        read = read_body(make_type(TYPES[type]), to_json(body))
        return self._fold(self.memory.event(type, read, at=at, source=source, believed=believed), at)

    def erase(self, topic: str, key: str, *, at: datetime, source: str) -> Said:
        """A tombstone of a compacted topic."""
        type = next(short for short, spec in TYPES.items() if spec.topic == topic)
        return self._fold(self.memory.event(type, Tombstone(), at=at, source=source, key=key), at)

    def wait(self, until: datetime) -> Said | None:
        """The first thing that falls due by then, if there is one; call again for the next."""
        due = self.memory.next_due(until)
        return self._fold(due, due.time) if due else None

    def _fold(self, item: Item, at: datetime) -> Said:
        said = Said(at, self.memory)
        self.book.new_money, self.book.new_apart = {}, {}
        if isinstance(item, Event) and isinstance(item.body, YearTurned):
            since = item.body.psn_no, new_year(item.body.year)
            self.book.new_money[item.body.psn_no] = self._since(*since, CREDITED)
            apart = [(at, -amount) for at, amount in self._since(*since, APART)]
            self.book.new_apart[item.body.psn_no] = apart
        if isinstance(item, Event) and item.topic == "ledger.verdicts":
            self.book.recon.cases = self.cases()
        self.handler.decide(self.book, item, said)
        self.book.recon.cases = {}
        return said

    def cases(self) -> dict[str, Case]:
        """What there is to be recovered and what is held, as the database knows it, by case id."""
        found: dict[str, Case] = {}
        for row in self.book.new_recoveries:
            owed = self.book.recoveries.setdefault(row.case_id, Owed(row.amount, 0))
            id = None if row.binding_id is None else str(row.binding_id)
            about = Recoverable(row.kind, row.psn_no, owed, row.reference, id)
            found[row.case_id] = self._case("recovery", row.psn_no, about)
        left: dict[tuple[bytes, str], int] = {}
        for entry in self.book.new_entries:
            if entry.segment == HELD:
                posting = entry.original if entry.kind == RELEASED and entry.original else entry.posting
                key = posting, entry.account.removeprefix(f"{HELD}/")
                left[key] = left.get(key, 0) + entry.amount
        for (posting, psn_no), amount in left.items():
            found[f"held-{posting.hex()}-{psn_no}"] = self._case(
                "held", psn_no, Held(posting, psn_no, amount)
            )
        return found

    def _case(self, what: str, psn_no: str, about: Held | Recoverable) -> Case:
        return Case(what, self.book.account(psn_no).admdvs or "100000", psn_no, about)

    def _since(self, psn_no: str, begin: datetime, kinds: frozenset[str]) -> list[tuple[datetime, int]]:
        """What the database says of current money that was booked on an account since a year began (`new_money` in holds.sql)."""
        return [
            (e.at, e.amount)
            for e in self.book.new_entries
            if e.account == psn_no and e.segment == "current" and e.kind in kinds and e.at >= begin
        ]
