"""Reads and writes notify's tables, set-based: a batch in, a batch out. Statements are in `queries.sql`.

Personal data are sealed and opened here: what is in the tables nobody can read without a key, what is in the working set is plain.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json, to_json

from services.notify import queueing
from services.notify.domain.contact import Person
from services.notify.domain.course import Progress, State
from services.notify.domain.receipts import Receipt
from services.notify.links import referred
from services.notify.sealing import Damaged, Seal, answer_row, content_row, person_row
from services.notify.work import Attempt, NewNotice, Notice, Work
from shared import log
from shared.contracts.base import Origin
from shared.db import Conn, load_queries

Q = load_queries(__file__)


async def born_at(conn: Conn, now: datetime) -> datetime:
    """When this database began; `now` if it begins now."""
    await conn.execute(Q["begin_life"], now)
    born: datetime = await conn.fetchval(Q["born_at"])
    return born


async def receive_parts(conn: Conn, receipts: Mapping[str, Receipt]) -> dict[str, tuple[UUID, int]]:
    """Stores receipts by provider id; the attempts of those whose submit is known already, or that they name themselves."""
    if not receipts:
        return {}
    ids = sorted(receipts)
    rows = await conn.fetch(
        Q["receive_parts"], ids, [str(receipts[one].fate) for one in ids], [receipts[one].code for one in ids]
    )
    known = {row[0]: (row[1], row[2]) for row in rows if row[1] is not None}
    named = [(one, *own) for one in ids if one not in known and (own := referred(one)) is not None]
    if named:
        found = await conn.fetch(Q["refer_parts"], *map(list, zip(*named, strict=True)))
        known |= {row[0]: (row[1], row[2]) for row in found}
    return known


async def submit_parts(conn: Conn, parts: Mapping[str, tuple[UUID, int]]) -> None:
    """Remembers which attempt a provider's ids belong to."""
    if parts:
        ids = sorted(parts)
        await conn.execute(
            Q["submit_parts"], ids, [parts[one][0] for one in ids], [parts[one][1] for one in ids]
        )


async def open_of_persons(conn: Conn, psn_nos: Iterable[str]) -> set[UUID]:
    """Notices to these persons that are not final."""
    wanted = sorted(set(psn_nos))
    return {row[0] for row in await conn.fetch(Q["open_of_persons"], wanted)} if wanted else set()


async def open_about(conn: Conn, bindings: Iterable[str]) -> set[UUID]:
    """Notices about these bindings that are not final."""
    wanted = sorted(set(bindings))
    return {row[0] for row in await conn.fetch(Q["open_about"], wanted)} if wanted else set()


async def lock_notices(conn: Conn, ids: Iterable[UUID]) -> list[UUID]:
    """Locks notices in the order of their ids; those that exist."""
    wanted = sorted(set(ids))
    return [row[0] for row in await conn.fetch(Q["lock_notices"], wanted)] if wanted else []


async def load_notices(conn: Conn, work: Work, ids: Sequence[UUID], seal: Seal) -> None:
    """Notices with their attempts and the fates of their parts, into the working set."""
    if not ids:
        return
    for row in await conn.fetch(Q["notices"], ids):
        work.add(_notice(row, seal))
    for row in await conn.fetch(Q["attempts"], ids):
        work.attempts[row[0], row[1]] = Attempt(
            row["medium"],
            State(row["state"]),
            row["parts"],
            row["code"],
            row["provider"],
            row["sent_at"],
            row["excused"],
        )
    for row in await conn.fetch(Q["fates"], ids):
        work.fates.setdefault((row[0], row[1]), []).append(row["fate"])


def _notice(row: Record, seal: Seal) -> Notice:
    origin = Origin(source=row["origin_source"], id=row["origin_id"]) if row["origin_source"] else None
    return Notice(
        id=row["id"],
        about=row["about"],
        version=row["version"],
        template=row["template"],
        side=row["side"],
        psn_no=row["psn_no"],
        region=row["region"],
        progress=Progress(
            tuple(row["media"]), row["step"], row["tries"], row["put_off"], row["medium_until"]
        ),
        attempts=row["attempts"],
        state=State(row["state"]),
        reason=row["reason"],
        decided_at=row["decided_at"],
        next_at=row["next_at"],
        answer=_answer(row, seal),
        origin=origin,
        overtaken=row["overtaken"],
    )


def _answer(row: Record, seal: Seal) -> str | None:
    if row["answer"] is None:
        return None
    opened = open_or_none(seal, row["answer"], answer_row(row["id"]))
    return None if opened is None else opened.decode()


def open_or_none(seal: Seal, sealed: bytes, row: str) -> bytes | None:
    """What is in a row; None, and a line in the log, if it is damaged. Raises `KeyMissing`."""
    try:
        return seal.open(sealed, row)
    except Damaged as error:
        log.get().error("a sealed value cannot be opened", column=row.partition(" ")[0], **log.fault(error))
        return None


async def known(conn: Conn, messages: Iterable[tuple[str, int]]) -> set[tuple[str, int, str, bytes]]:
    """Keys of the notices that were made for these messages (about, version)."""
    wanted = sorted(set(messages))
    if not wanted:
        return set()
    rows = await conn.fetch(Q["known_notices"], [one[0] for one in wanted], [one[1] for one in wanted])
    return {(row[0], row[1], row[2], row[3]) for row in rows}


async def persons(conn: Conn, psn_nos: Iterable[str | None], seal: Seal) -> dict[str, Person]:
    """What is known of these persons; None are those whose notice names nobody any more."""
    wanted = sorted({one for one in psn_nos if one is not None})
    rows = await conn.fetch(Q["persons"], wanted) if wanted else []
    return {row["psn_no"]: one for row in rows if (one := _person(row, seal)) is not None}


def _person(row: Record, seal: Seal) -> Person | None:
    opened = open_or_none(seal, row["sealed"], person_row(row["psn_no"]))
    if opened is None:
        return None
    own = from_json(opened)
    return Person(
        psn_no=row["psn_no"],
        version=row["version"],
        tel=own["tel"],
        no_sms=row["no_sms"],
        dead=row["dead"],
        born=date.fromisoformat(own["born"]),
        surname=own["surname"],
        language=row["language"],
        optional_notices=row["optional_notices"],
    )


def _person_row(one: Person, seal: Seal) -> tuple[object, ...]:
    own = to_json({"tel": one.tel, "surname": one.surname, "born": one.born})
    sealed = seal.seal(own, person_row(one.psn_no))
    return one.psn_no, one.version, sealed, one.no_sms, one.dead, one.language, one.optional_notices


async def save(conn: Conn, work: Work, seal: Seal) -> None:
    """Writes what the batch changed."""
    if work.recorded:
        people = [_person_row(work.recorded[one], seal) for one in sorted(work.recorded)]
        await conn.execute(Q["upsert_persons"], *map(list, zip(*people, strict=True)))
    if work.forgotten:
        await conn.execute(Q["forget_persons"], sorted(work.forgotten))
    if work.erased:
        await conn.execute(Q["strip_persons"], sorted(work.erased), work.now)
    if work.made:
        made = [_new_row(one, seal) for one in work.made]
        await conn.execute(Q["insert_notices"], *map(list, zip(*made, strict=True)))
    if work.changed:
        rows = [_moved_row(work.notices[one]) for one in sorted(work.changed)]
        await conn.execute(Q["move_notices"], *map(list, zip(*rows, strict=True)), work.now)
    if work.ended:
        ended = [
            (*key, str(a.state), a.code, a.parts, a.excused)
            for key in sorted(work.ended)
            if (a := work.attempts[key])
        ]
        await conn.execute(Q["end_attempts"], *map(list, zip(*ended, strict=True)), work.now)
        await queueing.free(conn, [key for key in work.ended if work.attempts[key].state is State.TECHNICAL])


def _new_row(new: NewNotice, seal: Seal) -> tuple[object, ...]:
    n = new.notice
    return (
        n.id, n.about, n.version, n.template, new.recipient_hash, n.side, new.psn_no, n.region, ",".join(n.progress.media),
        str(n.state), n.reason, seal.seal_if(new.content, content_row(n.id)), n.decided_at, new.created_at, n.next_at,
        seal.seal_if(n.answer, answer_row(n.id)),
        n.origin.source if n.origin else None, n.origin.id if n.origin else None, new.trace,
    )  # fmt: skip


def _moved_row(n: Notice) -> tuple[object, ...]:
    p = n.progress
    return n.id, str(n.state), n.reason, p.step, p.tries, p.put_off, n.next_at, p.until, n.overtaken
