"""Settlement as the core runs it: lock, load, decide, save."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

from services.settlement import storage
from services.settlement.deciding import back, credits, earmark, facts, holding, premium, refusing, transfer
from services.settlement.deciding.asking import Asked, asked
from services.settlement.deciding.settle import settle
from services.settlement.domain.book import Book, Regions
from services.settlement.reconciling import answering, arriving, deciding
from services.settlement.reconciling import storage as recon_storage
from services.settlement.reconciling.permissions import Operators
from services.settlement.reconciling.sought import Sought
from services.settlement.wanted import Wanted
from shared.contracts.operators import load as registered
from shared.contracts.topics import consumed_by
from shared.db import Conn
from shared.messaging.handler import Due, Event, Invalid, Item, Out, Tombstone

REQUESTS: dict[str, Callable[[Asked, Any], None]] = {
    "settlement.requests.settle": settle,
    "settlement.requests.quote": settle,
    "settlement.requests.cancel": back.cancel,
    "settlement.requests.reverse": back.reverse,
    "settlement.requests.refund": back.refund,
    "settlement.requests.query": back.query,
}


DUES: dict[str, Callable[[Book, Due, Out], None]] = {
    earmark.DUE: earmark.due,
    transfer.DUE: transfer.due,
    transfer.WALLET_DUE: transfer.wallet_due,
    holding.DUE: holding.due,
    arriving.DUE: answering.compare,
    deciding.CLOSE: deciding.close,
    deciding.CLEAR: deciding.clear,
}
Keys: TypeAlias = tuple[Wanted, Sought, storage.Locked]


class SettlementHandler:
    """Folds bills, decisions, registry records and account movements into the ledger."""

    name: ClassVar[str] = "settlement"
    topics: ClassVar[tuple[str, ...]] = consumed_by("settlement")
    tombstones: ClassVar[bool] = True

    def __init__(self, regions: Regions, operators: Operators | None = None) -> None:
        """`operators`: by id; the registered ones if none are given."""
        self.regions = regions
        self._operators = registered() if operators is None else operators

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Keys:
        wanted = Wanted(items)
        sought = Sought(items)
        await recon_storage.learn(conn, wanted, sought)
        await storage.learn(conn, wanted)
        locked = await storage.lock(conn, wanted)
        await recon_storage.lock(conn, sought)
        return wanted, sought, locked

    async def load(self, conn: Conn, items: Sequence[Item], keys: Keys) -> Book:
        book = Book(self.regions)
        wanted, sought, locked = keys
        await storage.load(conn, wanted, locked, book)
        await recon_storage.load(conn, wanted, sought, book)
        return book

    def decide(self, state: Book, item: Item, out: Out) -> None:
        if isinstance(item, Due):
            _due(state, item, out)
            return
        body: Any = item.body
        if (decision := REQUESTS.get(item.type)) is not None:
            ask = asked(state, item, out)
            if ask is not None:
                decision(ask, body)
        elif isinstance(body, Tombstone):
            _erase(state, item, out)
        elif isinstance(body, Invalid):
            refusing.wrong_fields(item, out, body)
        elif item.topic == "binding.decisions":
            _follow(state, item, out)
        elif item.topic == "account.credits":
            credits.order(state, item, out)
        elif item.topic == "premium.requests":
            premium.order(state, item, out)
        elif item.topic == "registry.persons":
            facts.record_person(state, body)
        elif item.topic == "registry.institutions":
            facts.record_institution(state, body, item.time)
        elif item.topic == "reconciliation.requests":
            arriving.arrive(state, item, out)
        elif item.topic == "ledger.verdicts":
            deciding.decide(state, item, out, self._operators)
        else:  # account.transfers
            transfer.order(state, item, out)

    async def save(self, conn: Conn, state: Book) -> None:
        await storage.save(conn, state)
        await recon_storage.save(conn, state)


def _follow(state: Book, event: Event, out: Out) -> None:
    body: Any = event.body
    known = state.bindings.get(body.binding_id)
    facts.follow(state, body)
    if state.bindings.get(body.binding_id) is not known:
        earmark.followed(state, body.binding_id, event.time, out)
        transfer.followed(state, body.binding_id, event.time, out)


def _erase(state: Book, event: Event, out: Out) -> None:
    if event.topic == "binding.decisions":
        binding_id = UUID(event.key.decode())
        facts.erase(state, binding_id)
        earmark.followed(state, binding_id, event.time, out)
        transfer.followed(state, binding_id, event.time, out)
    elif event.topic == "registry.persons":
        facts.erase_person(state, event.key.decode())


def _due(state: Book, item: Due, out: Out) -> None:
    DUES[item.kind](state, item, out)
