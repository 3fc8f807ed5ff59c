"""Settlement in memory: the handler and the working set of the service, without broker and database.

One message in, what it says out; all that is known stays in one book, as if the database had given it back to each batch. Cases of the
ledger and tests run the service's own code this way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from services.settlement.domain.accounts import new_year
from services.settlement.domain.book import Book, Regions
from services.settlement.handlers import SettlementHandler
from shared.contracts.account_credits import YearTurned
from shared.contracts.topics import TYPES
from shared.messaging.decode import read_body
from shared.messaging.handler import Event, Item, Tombstone
from shared.messaging.memory import Memory, Said
from shared.messaging.registry import make_type
from shared.policies import Policies


class Trial:
    """One settlement service with its book. `may_bill`: whether a source is a system of an institution."""

    def __init__(self, policies: Policies, may_bill: Callable[[str, str], bool]) -> None:
        regions = Regions(policies, may_bill)
        self.handler = SettlementHandler(regions)
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
        self.book.new_money = {}
        if isinstance(item, Event) and isinstance(item.body, YearTurned):
            self.book.new_money[item.body.psn_no] = self._new_money(item.body.psn_no, item.body.year)
        self.handler.decide(self.book, item, said)
        return said

    def _new_money(self, psn_no: str, year: int) -> list[tuple[datetime, int]]:
        """What the database says of money that the authority credited since the year ended."""
        begin = new_year(year)
        return [
            (e.at, e.amount)
            for e in self.book.new_entries
            if e.account == psn_no
            and e.segment == "current"
            and e.kind in ("credit", "correct")
            and e.at >= begin
        ]
