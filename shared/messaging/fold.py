"""One fold within a transaction: from decoded entries to locked entities, decisions, claims and what goes out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from pydantic_core import from_json

from shared.db import Conn
from shared.messaging import tables
from shared.messaging.collector import Collector
from shared.messaging.dead_letters import dead_letter, is_replay, original_place, value_hash
from shared.messaging.decode import Dead, Decoded
from shared.messaging.handler import Due, Event, Item, Tombstone
from shared.messaging.reasons import Reason
from shared.messaging.records import Outgoing, pack_records, unpack_records
from shared.messaging.registry import is_own
from shared.messaging.tables import Claim, ClaimRow
from shared.metrics import Metrics

if TYPE_CHECKING:
    from shared.messaging.step import BatchStep

Entry: TypeAlias = Decoded | Dead
Name: TypeAlias = tuple[str, str]
"""Source and id."""


@dataclass(slots=True)
class Effects:
    """What a fold did, for the outbox and for the metrics."""

    outgoing: list[Outgoing] = field(default_factory=list)
    handled: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    set_aside: list[str] = field(default_factory=list)

    def add(self, other: "Effects") -> None:
        self.outgoing += other.outgoing
        self.handled += other.handled
        self.fired += other.fired
        self.dead += other.dead
        self.duplicates += other.duplicates
        self.set_aside += other.set_aside

    def count(self, metrics: Metrics) -> None:
        """Adds to the metrics, once committed."""
        for type, n in self.handled.items():
            metrics.handled.labels(type).inc(n)
        for kind, n in self.fired.items():
            metrics.due_fired.labels(kind).inc(n)
        for reason, n in self.dead.items():
            metrics.dead_letters.labels(reason).inc(n)
        metrics.duplicates.inc(self.duplicates)


@dataclass(slots=True)
class _Sorted:
    """Entries of a batch by what becomes of them. `repeats` have been claimed before, `again` earlier in this batch."""

    items: list[Item] = field(default_factory=list)
    new: list[Decoded] = field(default_factory=list)
    revived: list[Decoded] = field(default_factory=list)
    repeats: list[Claim] = field(default_factory=list)
    again: list[Name] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)


async def fold(step: "BatchStep", conn: Conn, entries: Sequence[Entry], dues: Sequence[Due] = ()) -> Effects:
    """Everything of the transaction but the fence before it, and `consumed` and the outbox after it."""
    claims = await tables.known_claims(conn, [e for e in entries if isinstance(e, Decoded)])
    first = await _first_times(conn, entries)
    found = _sort(step, entries, claims, first)
    found.items += dues
    out = step.collector()
    if found.items:
        await _decide(step, conn, found.items, out)
    rows = [_claim_row(e, out, first) for e in found.new]
    rows += [
        _dead_row(d) for d in found.dead if d.hash is not None and d.source is not None and d.id is not None
    ]
    await _insert_claims(conn, rows, found)
    await tables.revive_claims(conn, [_claim_row(e, out, first) for e in found.revived])
    await tables.keep_late_answers(conn, {name: pack_records(said) for name, said in out.late.items()})
    effects = Effects(out.outgoing, duplicates=len(found.repeats) + len(found.again))
    _count(effects, found)
    for claim in found.repeats:
        effects.outgoing += unpack_records(claim.answers) if claim.answers else ()
    for name in found.again:
        effects.outgoing += out.kept.get(name, ())
    await tables.write_dues(conn, out.dues)
    if found.dead:
        await _bury(step, conn, entries, found.dead, first, effects)
    return effects


async def _insert_claims(conn: Conn, rows: list[ClaimRow], found: _Sorted) -> None:
    """A dead letter of our own code claims its id, unless it is the replay of one that claimed it before."""
    if any(row[7] for row in rows):
        known = await conn.fetch(tables.Q["known_claims"], [r[0] for r in rows], [r[1] for r in rows])
        there = {row[0] - 1 for row in known}
        rows = [row for n, row in enumerate(rows) if n not in there]
    await tables.insert_claims(conn, rows)


async def _decide(step: "BatchStep", conn: Conn, items: list[Item], out: Collector) -> None:
    handler = step.handler
    keys = await handler.lock(conn, items)
    items = await _still_due(conn, items)
    if not items:
        return
    state = await handler.load(conn, items, keys)
    decide = handler.decide
    for item in items:
        out.begin(item)
        decide(state, item, out)
    await handler.save(conn, state)


async def _still_due(conn: Conn, items: list[Item]) -> list[Item]:
    """Takes the due rows now that their entities are locked; those that changed or went meanwhile do not count."""
    dues = sorted(
        (i for i in items if isinstance(i, Due) and i.stored), key=lambda due: (due.kind, due.entity)
    )
    if not dues:
        return items
    rows = await conn.fetch(
        tables.Q["take_dues"], [d.kind for d in dues], [d.entity for d in dues], [d.time for d in dues]
    )
    taken = {(kind, entity): (from_json(body), trace) for kind, entity, _, body, trace in rows}
    kept: list[Item] = []
    for item in items:
        if not isinstance(item, Due) or not item.stored:
            kept.append(item)
        elif (row := taken.get((item.kind, item.entity))) is not None:
            kept.append(Due(item.kind, item.entity, item.time, row[0], row[1], True))
    return kept


async def _first_times(conn: Conn, entries: Sequence[Entry]) -> dict[int, datetime]:
    """First append times of replays, by the identity of the entry."""
    replays = {}
    for entry in entries:
        if (entry.replay if isinstance(entry, Decoded) else is_replay(entry.record)) and (
            place := original_place(entry.record.headers)
        ):
            replays[id(entry)] = (*place, value_hash(entry.record.value))
    if not replays:
        return {}
    times = await tables.first_appended(conn, list(replays.values()))
    return {entry: times[place] for entry, place in replays.items() if place in times}


def _sort(
    step: "BatchStep", entries: Sequence[Entry], claims: dict[Name, Claim], first: dict[int, datetime]
) -> _Sorted:
    found = _Sorted()
    here: dict[Name, bytes] = {}
    tombstones = getattr(step.handler, "tombstones", False)
    for entry in entries:
        if isinstance(entry, Dead):
            found.dead.append(entry)
            continue
        event = entry.event
        name = event.source, event.id
        claim = claims.get(name)
        before = here.get(name) or (claim.hash if claim else None)
        if before is not None and before != entry.hash:
            found.dead.append(Dead(entry.record, Reason.ID_REUSED, event.source, event.id))
        elif name in here:
            found.again.append(name)
        elif claim is not None and not claim.dead:
            found.repeats.append(claim)
        else:
            here[name] = entry.hash
            at = claim.appended_at if claim else first.get(id(entry))
            event = step.decoder.retimed(entry, at) if at else event
            (found.revived if claim else found.new).append(entry)
            if tombstones or not isinstance(event.body, Tombstone):
                found.items.append(event)
    return found


def _claim_row(entry: Decoded, out: Collector, first: dict[int, datetime]) -> ClaimRow:
    event = entry.event
    kept = out.kept.get((event.source, event.id))
    answers = pack_records(kept) if kept else None
    at = first.get(id(entry), event.appended_at)
    return (
        event.source,
        event.id,
        entry.hash,
        event.topic,
        event.partition,
        event.offset,
        at,
        False,
        answers,
    )


def _dead_row(dead: Dead) -> ClaimRow:
    r = dead.record
    assert dead.source is not None
    assert dead.id is not None
    assert dead.hash is not None
    assert dead.appended_at is not None
    return (dead.source, dead.id, dead.hash, r.topic, r.partition, r.offset, dead.appended_at, True, None)


def _count(effects: Effects, found: _Sorted) -> None:
    effects.handled.update(item.type for item in found.items if isinstance(item, Event))
    effects.fired.update(item.kind for item in found.items if isinstance(item, Due))
    effects.dead.update(dead.reason.value for dead in found.dead)


async def _bury(
    step: "BatchStep",
    conn: Conn,
    entries: Sequence[Entry],
    dead: list[Dead],
    first: dict[int, datetime],
    effects: Effects,
) -> None:
    """Emits dead letters, remembers them for replay, and counts their senders' faults."""
    effects.outgoing += [dead_letter(step.handler.name, d) for d in dead]
    at = step.clock.from_broker
    await tables.insert_dead_letters(
        conn,
        [
            (d, value_hash(d.record.value), first.get(id(d)) or d.appended_at or at(d.record.timestamp))
            for d in dead
        ],
    )
    ours = (Reason.HANDLER_FAILED, Reason.SOURCE_SET_ASIDE)
    faults = Counter(d.source for d in dead if d.source and d.reason not in ours and not is_own(d.source))
    if faults:
        good = Counter(e.event.source for e in entries if isinstance(e, Decoded))
        counts = {source: (n, good[source]) for source, n in faults.items() if source}
        effects.set_aside = await tables.count_faults(conn, counts, step.fault_limit)
