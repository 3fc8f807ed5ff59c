"""Reads and writes notify's tables, set-based: a batch in, a batch out. Statements are in `queries.sql`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.notify import queueing
from services.notify.domain.contact import Person
from services.notify.domain.course import Progress, State
from services.notify.work import Attempt, NewNotice, Notice, Work
from shared.contracts.base import Origin
from shared.db import Conn, load_queries

Q = load_queries(__file__)
_PERSON = ("psn_no", "version", "tel", "no_sms", "dead", "born", "surname", "language", "optional_notices")


async def born_at(conn: Conn, now: datetime) -> datetime:
    """When this database began; `now` if it begins now."""
    await conn.execute(Q["begin_life"], now)
    born: datetime = await conn.fetchval(Q["born_at"])
    return born


async def receive_parts(conn: Conn, receipts: Mapping[str, tuple[str, str]]) -> dict[str, tuple[UUID, int]]:
    """Stores receipts (provider id → fate, code); the attempts of those whose submit is known already."""
    if not receipts:
        return {}
    ids = sorted(receipts)
    rows = await conn.fetch(
        Q["receive_parts"], ids, [receipts[one][0] for one in ids], [receipts[one][1] for one in ids]
    )
    return {row[0]: (row[1], row[2]) for row in rows if row[1] is not None}


async def submit_parts(conn: Conn, parts: Mapping[str, tuple[UUID, int]]) -> None:
    """Remembers which attempt a provider's ids belong to."""
    if parts:
        ids = sorted(parts)
        await conn.execute(
            Q["submit_parts"], ids, [parts[one][0] for one in ids], [parts[one][1] for one in ids]
        )


async def open_about(conn: Conn, bindings: Iterable[str]) -> set[UUID]:
    """Notices about these bindings that are not final."""
    wanted = sorted(set(bindings))
    return {row[0] for row in await conn.fetch(Q["open_about"], wanted)} if wanted else set()


async def lock_notices(conn: Conn, ids: Iterable[UUID]) -> list[UUID]:
    """Locks notices in the order of their ids; those that exist."""
    wanted = sorted(set(ids))
    return [row[0] for row in await conn.fetch(Q["lock_notices"], wanted)] if wanted else []


async def load_notices(conn: Conn, work: Work, ids: Sequence[UUID]) -> None:
    """Notices with their attempts and the fates of their parts, into the working set."""
    if not ids:
        return
    for row in await conn.fetch(Q["notices"], ids):
        work.notices[row["id"]] = _notice(row)
    for row in await conn.fetch(Q["attempts"], ids):
        work.attempts[row[0], row[1]] = Attempt(row["medium"], State(row["state"]), row["parts"], row["code"])
    for row in await conn.fetch(Q["fates"], ids):
        work.fates.setdefault((row[0], row[1]), []).append(row["fate"])


def _notice(row: Record) -> Notice:
    origin = Origin(source=row["origin_source"], id=row["origin_id"]) if row["origin_source"] else None
    return Notice(
        id=row["id"],
        about=row["about"],
        version=row["version"],
        template=row["template"],
        side=row["side"],
        region=row["region"],
        progress=Progress(
            tuple(row["media"]), row["step"], row["tries"], row["put_off"], row["medium_until"]
        ),
        attempts=row["attempts"],
        state=State(row["state"]),
        reason=row["reason"],
        decided_at=row["decided_at"],
        next_at=row["next_at"],
        answer=row["answer"],
        origin=origin,
        overtaken=row["overtaken"],
    )


async def known(conn: Conn, messages: Iterable[tuple[str, int]]) -> set[tuple[str, int, str, bytes]]:
    """Keys of the notices that were made for these messages (about, version)."""
    wanted = sorted(set(messages))
    if not wanted:
        return set()
    rows = await conn.fetch(Q["known_notices"], [one[0] for one in wanted], [one[1] for one in wanted])
    return {(row[0], row[1], row[2], row[3]) for row in rows}


async def persons(conn: Conn, psn_nos: Iterable[str]) -> dict[str, Person]:
    """What is known of these persons."""
    wanted = sorted(set(psn_nos))
    rows = await conn.fetch(Q["persons"], wanted) if wanted else []
    return {row[0]: Person(*row) for row in rows}


async def save(conn: Conn, work: Work) -> None:
    """Writes what the batch changed."""
    if work.recorded:
        people = [work.recorded[one] for one in sorted(work.recorded)]
        await conn.execute(
            Q["upsert_persons"],
            *([getattr(one, name) for one in people] for name in _PERSON),
        )
    if work.forgotten:
        await conn.execute(Q["forget_persons"], sorted(work.forgotten))
    if work.made:
        await conn.execute(Q["insert_notices"], *map(list, zip(*map(_new_row, work.made), strict=True)))
    if work.changed:
        rows = [_moved_row(work.notices[one]) for one in sorted(work.changed)]
        await conn.execute(Q["move_notices"], *map(list, zip(*rows, strict=True)), work.now)
    if work.ended:
        ended = [
            (*key, str(a.state), a.code, a.parts) for key in sorted(work.ended) if (a := work.attempts[key])
        ]
        await conn.execute(Q["end_attempts"], *map(list, zip(*ended, strict=True)), work.now)
        await queueing.free(conn, [key for key in work.ended if work.attempts[key].state is State.TECHNICAL])


def _new_row(new: NewNotice) -> tuple[object, ...]:
    n = new.notice
    return (
        n.id, n.about, n.version, n.template, new.recipient_hash, n.side, new.psn_no, n.region, ",".join(n.progress.media),
        str(n.state), n.reason, new.content, n.decided_at, new.created_at, n.next_at, n.answer,
        n.origin.source if n.origin else None, n.origin.id if n.origin else None, new.trace,
    )  # fmt: skip


def _moved_row(n: Notice) -> tuple[object, ...]:
    p = n.progress
    return n.id, str(n.state), n.reason, p.step, p.tries, p.put_off, n.next_at, p.until, n.overtaken
