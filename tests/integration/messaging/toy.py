"""A service in one file, for tests of the core: it counts what each person asked for and answers with the count."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from shared.contracts.base import Message, Origin
from shared.db import Conn
from shared.messaging.handler import Due, Event, Invalid, Item, Out
from shared.messaging.registry import Registry, Type

TOPIC = "toy.requests"
RESULTS = "toy.results"
SOURCES = ("app-one", "app-two", "gongji-toy", "gongji-other")


class Asked(Message):
    """A request: add `amount` to the count of `person`."""

    person: str = Field(max_length=30)
    amount: int = Field(ge=0, le=1000, examples=["5"])
    do: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=300_000)


class Counted(Message):
    """The result and the answer."""

    person: str
    total: int
    note: str = ""


def _person(body: Any) -> str:
    return str(body.person)


def make_registry(topic: str = TOPIC, results: str = RESULTS) -> Registry:
    """Two topics, the second compacted and our own."""

    def kind(short: str, topic: str, model: type[Message], outsider: bool, compacted: bool = False) -> Type:
        validate = model.__pydantic_validator__.validate_json
        return Type(short, topic, model, _person, _person, outsider, compacted, validate)

    types = (
        kind("toy.requests.asked", topic, Asked, True),
        kind("toy.results.counted", results, Counted, False, compacted=True),
        kind("answers.counted", "answers", Counted, False),
    )
    by_name = {t.short: t for t in types}
    owners = {"app-one": topic, "app-two": topic, "gongji-toy": results, "gongji-other": results}
    return Registry(
        by_name,
        lambda source: source in SOURCES,
        lambda source, short: owners.get(source) == by_name[short].topic,
    )


@dataclass
class Counts:
    """The working set."""

    totals: Counter[str] = field(default_factory=Counter)
    changed: set[str] = field(default_factory=set)
    log: list[tuple[str, int, str]] = field(default_factory=list)


class Boom(Exception):
    """A fault of our own code."""


class ToyHandler:
    """Table `counts(person, total)`."""

    name = "audit"  # a service that has a role in the test database
    tombstones = False

    def __init__(self, topics: tuple[str, ...] = (TOPIC,)) -> None:
        self.topics = topics
        self.seen: list[Item] = []

    async def lock(self, conn: Conn, items: Sequence[Item]) -> list[str]:
        people = sorted({_who(item) for item in items})
        await conn.execute("insert into counts select unnest($1::text[]), 0 on conflict do nothing", people)
        await conn.execute("select 1 from counts where person = any($1) order by person for update", people)
        return people

    async def load(self, conn: Conn, items: Sequence[Item], keys: list[str]) -> Counts:
        rows = await conn.fetch("select person, total from counts where person = any($1)", keys)
        return Counts(Counter({row[0]: row[1] for row in rows}))

    def decide(self, state: Counts, item: Item, out: Out) -> None:
        self.seen.append(item)
        if isinstance(item, Due):
            state.totals[item.entity] += int(item.body.get("add", 0))
            state.changed.add(item.entity)
            if item.kind == "boom":
                raise Boom(item.entity)
            if item.kind == "put-off":
                late = Counted(person=item.entity, total=state.totals[item.entity])
                out.answer(late, to=Origin(source="app-one", id=item.body["id"]), type="counted")
            return
        origin = Origin(source=item.source, id=item.id)
        if isinstance(item.body, Invalid):
            person = str(item.body.fields["person"])
            note = ",".join(e.field for e in item.body.errors)
            out.answer(Counted(person=person, total=-1, note=note), to=origin, type="counted")
            return
        assert isinstance(item.body, Asked)
        self._asked(state, item, item.body, out, origin)

    def _asked(self, state: Counts, item: Event, body: Asked, out: Out, origin: Origin) -> None:
        if body.do == "boom":
            raise Boom("with personal data 330102199001011234")
        if body.do == "nul":
            state.log.append((body.person, 0, "a\0b"))
        if body.do == "later":
            out.due("later", body.person, item.time, {"add": body.amount})
        if body.do == "put-off":
            out.due("put-off", body.person, item.time, {"add": body.amount, "id": item.id})
            return
        state.totals[body.person] += body.amount
        state.changed.add(body.person)
        state.log.append((item.source + "/" + item.id, body.amount, item.time.isoformat()))
        result = Counted(person=body.person, total=state.totals[body.person])
        out.emit("toy.results.counted", result)
        out.answer(result, to=origin, type="counted")

    async def save(self, conn: Conn, state: Counts) -> None:
        people = sorted(state.changed)
        await conn.execute(
            "update counts c set total = n.total from unnest($1::text[], $2::int[]) n (person, total)"
            " where c.person = n.person",
            people,
            [state.totals[p] for p in people],
        )
        await conn.executemany("insert into log values ($1, $2, $3)", state.log)


def _who(item: Item) -> str:
    if isinstance(item, Due):
        return item.entity
    return item.key.decode()


async def make_tables(conn: Conn) -> None:
    """What a migration of the toy would make."""
    await conn.execute("create table if not exists counts (person text primary key, total int not null)")
    await conn.execute("create table if not exists log (name text, amount int, at text)")
