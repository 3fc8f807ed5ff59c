"""One replica of settlement on tables in memory: a batch is locked, loaded, decided and saved by the service's own code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from services.settlement.domain.book import Regions
from services.settlement.handlers import SettlementHandler
from shared.messaging.collector import Collector
from shared.messaging.handler import Due, Event, Item
from shared.messaging.records import Outgoing
from shared.messaging.registry import default
from tests.unit.settlement.serial.joins import Connection, now
from tests.unit.settlement.serial.tables import Tables

REGISTRY = default()
HEADS: dict[str, str] = {}
Dues = dict[tuple[str, str], tuple[datetime, bytes, str | None] | None]


class Said(NamedTuple):
    """What followed from one item: records to publish and due rows to change."""

    records: list[Outgoing]
    dues: Dues

    @property
    def answer(self) -> Any:
        """The body of the last answer, if there is one."""
        found = [r for r in self.records if r.topic.startswith("answers.")]
        return from_json(found[-1].value) if found and found[-1].value else None

    @property
    def results(self) -> list[tuple[str, Any]]:
        """What was said on `settlement.results`: the last word of the type, and the body."""
        found = [(r, dict(r.pairs())) for r in self.records if r.topic.startswith("settlement.results")]
        return [(_word(pairs["ce_type"]), from_json(r.value or b"null")) for r, pairs in found]

    @property
    def codes(self) -> list[str]:
        """Why something was declined or refused, or left out of what a bill was paid with."""
        found = [body["code"] for kind, body in self.results if kind == "declined"]
        found += [out["code"] for _, body in self.results for out in body.get("left_out", ())]
        return found + [reason["code"] for reason in (self.answer or {}).get("reasons", ())]


def _word(type: bytes | None) -> str:
    return (type or b"").decode().removesuffix(".v1").rpartition(".")[2]


class Numbered:
    """Ids that say which item asked for them, and the how many-th it was: the same in every batch."""

    def __init__(self) -> None:
        self.step = self.n = 0

    def at(self, step: int) -> None:
        """The next item."""
        self.step, self.n = step, 0

    def new(self) -> UUID:
        self.n += 1
        return UUID(int=(self.step << 88) | (7 << 76) | (2 << 62) | self.n)


class Replica:
    """A service and its database. `run` handles items as one batch; each has its number among all."""

    def __init__(self, regions: Regions, seed: int) -> None:
        self.tables = Tables(seed)
        self._conn: Any = Connection(self.tables)
        self._handler = SettlementHandler(regions, {})
        self._ids = Numbered()

    def run(self, items: Sequence[tuple[int, Item]]) -> list[Said]:
        """What followed from each, and everything is stored."""
        batch = [item for _, item in items]
        keys = now(self._handler.lock(self._conn, batch))
        book = now(self._handler.load(self._conn, batch, keys))
        said = [self._decide(book, number, item) for number, item in items]
        now(self._handler.save(self._conn, book))
        return said

    def _decide(self, book: Any, number: int, item: Item) -> Said:
        self._ids.at(number)
        out = Collector("settlement", REGISTRY, self._ids, HEADS)
        out.begin(item)
        self._handler.decide(book, item, out)
        return Said(out.outgoing, out.dues)


def due_of(kind: str, entity: str, row: tuple[datetime, bytes, str | None]) -> Due:
    """The item that a due row becomes."""
    return Due(kind, entity, row[0], from_json(row[1]), row[2], stored=True)


def told(item: Item, said: Said) -> Any:
    """The answer of an event."""
    return said.answer if isinstance(item, Event) else None
