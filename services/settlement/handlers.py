"""Settlement as the core runs it: lock, load, decide, save."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from services.settlement import storage
from services.settlement.deciding import back, credits, facts, refusing
from services.settlement.deciding.asking import Asked, asked
from services.settlement.deciding.settle import settle
from services.settlement.domain.book import Book, Regions
from services.settlement.wanted import Wanted
from shared.contracts.topics import consumed_by
from shared.db import Conn
from shared.messaging.handler import Event, Invalid, Item, Out, Tombstone

REQUESTS: dict[str, Callable[[Asked, Any], None]] = {
    "settlement.requests.settle": settle,
    "settlement.requests.quote": settle,
    "settlement.requests.cancel": back.cancel,
    "settlement.requests.reverse": back.reverse,
    "settlement.requests.refund": back.refund,
    "settlement.requests.query": back.query,
}


class SettlementHandler:
    """Folds bills, decisions, registry records and account movements into the ledger."""

    name: ClassVar[str] = "settlement"
    topics: ClassVar[tuple[str, ...]] = consumed_by("settlement")
    tombstones: ClassVar[bool] = True

    def __init__(self, regions: Regions) -> None:
        self._regions = regions

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Wanted:
        wanted = Wanted(items)
        await storage.learn(conn, wanted)
        await storage.lock(conn, wanted)
        return wanted

    async def load(self, conn: Conn, items: Sequence[Item], keys: Wanted) -> Book:
        book = Book(self._regions)
        await storage.load(conn, keys, book)
        return book

    def decide(self, state: Book, item: Item, out: Out) -> None:
        if not isinstance(item, Event):
            return
        body: Any = item.body
        if (decision := REQUESTS.get(item.type)) is not None:
            ask = asked(state, item, out)
            if ask is not None:
                decision(ask, body)
        elif isinstance(body, Tombstone):
            _erase(state, item)
        elif isinstance(body, Invalid):
            refusing.wrong_fields(item, out, body)
        elif item.topic == "binding.decisions":
            facts.follow(state, body)
        elif item.topic == "account.credits":
            credits.order(state, item, out)
        elif item.topic == "registry.persons":
            facts.record_person(state, body)
        elif item.topic == "registry.institutions":
            facts.record_institution(state, body)
        else:
            refusing.not_offered(item, out)

    async def save(self, conn: Conn, state: Book) -> None:
        await storage.save(conn, state)


def _erase(state: Book, event: Event) -> None:
    if event.topic == "binding.decisions":
        facts.erase(state, UUID(event.key.decode()))
