"""The core's statements over its own tables, set-based. One connection in a transaction; every call is one or two statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from shared.db import Conn, load_queries
from shared.messaging.collector import DueChange
from shared.messaging.decode import Dead, Decoded
from shared.messaging.records import Outgoing

Q = load_queries(__file__)
Place = tuple[str, int]
"""Topic and partition."""

_ROW_BYTES = 4 * 1024 * 1024


class LostRace(Exception):
    """Somebody else claimed one of our ids in the meantime: the batch must be tried again and will see it."""


async def lock_consumed(conn: Conn, places: Iterable[Place]) -> dict[Place, int]:
    """Locks the partitions' rows, in order; the next offset of each. Rows that are missing start at 0."""
    wanted = sorted(set(places))
    topics, partitions = [t for t, _ in wanted], [p for _, p in wanted]
    rows = await conn.fetch(Q["lock_consumed"], topics, partitions)
    if len(rows) < len(wanted):
        await conn.execute(Q["add_consumed"], topics, partitions)
        rows = await conn.fetch(Q["lock_consumed"], topics, partitions)
    return {(topic, partition): offset for topic, partition, offset in rows}


async def advance_consumed(conn: Conn, ends: Mapping[Place, int]) -> None:
    """Sets the next offset of each partition."""
    places = sorted(ends)
    await conn.execute(
        Q["advance_consumed"], [t for t, _ in places], [p for _, p in places], [ends[p] for p in places]
    )


class Claim:
    """What the inbox holds of an id."""

    __slots__ = ("answers", "appended_at", "dead", "hash")

    def __init__(self, hash: bytes, dead: bool, appended_at: datetime, answers: bytes | None) -> None:
        self.hash, self.dead, self.appended_at, self.answers = hash, dead, appended_at, answers


async def known_claims(conn: Conn, entries: Sequence[Decoded]) -> dict[tuple[str, str], Claim]:
    """Those of the entries' ids that were claimed before."""
    if not entries:
        return {}
    sources = [e.event.source for e in entries]
    ids = [e.event.id for e in entries]
    rows = await conn.fetch(Q["known_claims"], sources, ids)
    return {
        (sources[n - 1], ids[n - 1]): Claim(hash, dead, at, answers) for n, hash, dead, at, answers in rows
    }


ClaimRow = tuple[str, str, bytes, str, int, int, datetime, bool, bytes | None]
"""source, id, hash, topic, partition, offset, append time, dead, answers."""
_CLAIM = ("source", "id", "hash", "topic", "partition", "offset", "appended_at", "dead", "answers")


async def insert_claims(conn: Conn, rows: list[ClaimRow]) -> None:
    """Claims ids, in order. Raises `LostRace` when one was claimed meanwhile; the transaction is lost then.

    By COPY: half the cost of `insert ... unnest`, on both sides.
    """
    if rows:
        rows.sort(key=lambda row: row[:2])
        try:
            await conn.copy_records_to_table("inbox", records=rows, columns=_CLAIM)
        except asyncpg.UniqueViolationError:
            raise LostRace from None


async def revive_claims(conn: Conn, rows: list[ClaimRow]) -> None:
    """Dead ids that count now. Raises `LostRace` when one was revived meanwhile."""
    if rows:
        rows.sort(key=lambda row: row[:2])
        columns = list(map(list, zip(*rows, strict=True)))
        status = await conn.execute(Q["revive_claims"], columns[0], columns[1], columns[2], columns[8])
        _expect(status, len(rows))


async def keep_late_answers(conn: Conn, answers: Mapping[tuple[str, str], bytes]) -> None:
    """What due rows answered to requests that had no answer yet: a repeat of such a request gets it again."""
    if answers:
        names = sorted(answers)
        await conn.execute(
            Q["keep_late_answers"], [n[0] for n in names], [n[1] for n in names], [answers[n] for n in names]
        )


def _expect(status: str, count: int) -> None:
    if int(status.rpartition(" ")[2]) != count:
        raise LostRace


async def write_dues(conn: Conn, changes: Mapping[tuple[str, str], DueChange]) -> None:
    """Sets and removes due rows."""
    keys = sorted(changes)
    gone = [key for key in keys if changes[key] is None]
    if gone:
        await conn.execute(Q["delete_dues"], [k for k, _ in gone], [e for _, e in gone])
    rows = [(k, e, row[0], row[1].decode(), row[2]) for k, e in keys if (row := changes[k, e]) is not None]
    if rows:
        await conn.execute(Q["upsert_dues"], *map(list, zip(*rows, strict=True)))


async def insert_dead_letters(conn: Conn, rows: list[tuple[Dead, bytes, datetime]]) -> None:
    """Remembers where and when dead records were first appended (hash of the value), for their replay."""
    columns = [
        (d.record.topic, d.record.partition, d.record.offset, digest, at, d.reason.value, d.source, d.id)
        for d, digest, at in rows
    ]
    await conn.execute(Q["insert_dead_letters"], *map(list, zip(*columns, strict=True)))


Letter = tuple[str, int, int, bytes]
"""Original topic, partition and offset, and the hash of the value."""


async def first_appended(conn: Conn, letters: Sequence[Letter]) -> dict[Letter, datetime]:
    """First append times of those dead letters that are ours."""
    rows = await conn.fetch(Q["first_appended"], *map(list, zip(*letters, strict=True)))
    return {(topic, partition, offset, hash): at for topic, partition, offset, hash, at in rows}


async def count_faults(conn: Conn, faults: Mapping[str, tuple[int, int]], limit: int) -> list[str]:
    """Adds (faults, good records) of each source; the sources that are over the limit now and set aside by this."""
    names = sorted(faults)
    await conn.execute(Q["count_faults"], names, [faults[n][0] for n in names], [faults[n][1] for n in names])
    return [row[0] for row in await conn.fetch(Q["set_aside_over"], names, limit)]


async def insert_outbox(conn: Conn, records: Sequence[Outgoing]) -> int:
    """One row per topic (more where a row would grow past 4 MiB); the number of rows."""
    by_topic: dict[str, list[Outgoing]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    rows = [row for topic, own in sorted(by_topic.items()) for row in _rows(topic, own)]
    if len(rows) == 1:
        await conn.execute(Q["insert_outbox"], *rows[0])
    elif rows:
        await conn.executemany(Q["insert_outbox"], rows)
    return len(rows)


OutboxRow = tuple[str, list[bytes | None], list[bytes], list[bytes | None]]


def _rows(topic: str, records: Sequence[Outgoing]) -> Iterable[OutboxRow]:
    start = size = 0
    for n, record in enumerate(records):
        grown = size + len(record.value or b"") + len(record.headers)
        if n > start and grown > _ROW_BYTES:
            yield _row(topic, records[start:n])
            start, grown = n, grown - size
        size = grown
    yield _row(topic, records[start:])


def _row(topic: str, records: Sequence[Outgoing]) -> OutboxRow:
    return topic, [r.key for r in records], [r.headers for r in records], [r.value for r in records]
