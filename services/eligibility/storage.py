"""Eligibility's tables, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import UniqueViolationError

from services.eligibility import early, keeping, watching
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.work import Account, FaceKey, Work
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.db import Conn, load_queries
from shared.messaging.tables import LostRace

Q = load_queries(__file__)
_BINDING = tuple(
    "binding_id sponsor beneficiary stage counts short_code body region held_since held_until final_at stripped".split()  # noqa: SIM905 - read as one line
)


@dataclass(slots=True)
class Keys:
    """What a batch concerns, learnt from its messages and from unlocked reads."""

    persons: set[bytes] = field(default_factory=set)
    recorded: set[bytes] = field(default_factory=set)  # persons of whom a registry record arrives
    numbers: set[str] = field(default_factory=set)
    bindings: set[UUID] = field(default_factory=set)
    short_codes: set[str] = field(default_factory=set)
    faces: set[FaceKey] = field(default_factory=set)
    locked: dict[bytes, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    """Persons whose rows were there to be locked: when the family account was opened, when the registry erased the person."""


async def lock(conn: Conn, keys: Keys) -> None:
    """Learns whom the batch concerns, then locks bindings and persons, each in order. `keys` grows by what was learnt."""
    for row in await conn.fetch(Q.learn_persons, list(keys.numbers)):
        keys.persons.add(row["person"])
    found = await conn.fetch(Q.learn_bindings, list(keys.bindings), list(keys.short_codes))
    if keys.recorded:
        await conn.execute(Q.make_people, sorted(keys.recorded))
        keys.persons |= keys.recorded
        found += await conn.fetch(Q.learn_bindings_of_persons, list(keys.recorded))
    for row in found:
        keys.bindings.add(row["binding_id"])
        keys.persons |= {row["sponsor"], row["beneficiary"]}
    await conn.execute(Q.lock_bindings, list(keys.bindings))
    # What a lock returns is the row as the one before us left it.
    for row in await conn.fetch(Q.lock_people, list(keys.persons)):
        keys.locked[row["person"]] = row["opened_at"], row["erased_at"]


async def load(conn: Conn, keys: Keys, work: Work) -> None:
    """Reads the facts, after the locks.

    A person who was recorded between lock and load is nobody yet: the request waits and is tried again.
    """
    persons = list(keys.persons)
    work.locked |= keys.locked.keys()
    for person, (opened_at, erased_at) in keys.locked.items():
        work.opened[person] = opened_at
        if erased_at is not None:
            work.erased[person] = erased_at
    for row in await conn.fetch(Q.person_records, persons, list(keys.numbers)):
        work.know_record(row["person"], PersonRecorded.model_validate_json(row["body"]))
    numbers = sorted(keys.numbers | work.records.keys())
    for row in await conn.fetch(Q.relation_records, numbers):
        relation = RelationRecorded.model_validate_json(row["body"])
        work.relations[relation.psn_no, relation.other_psn_no] = relation
    for row in await conn.fetch(Q.accounts, numbers):
        work.accounts[row["psn_no"]] = Account(row["frozen"], row["closed"])
    for row in await conn.fetch(Q.bindings, persons, list(keys.bindings)):
        work.know_binding(Binding.model_validate_json(row["body"]))
        work.stored.add(row["binding_id"])
    # What queued behind a request is judged with it.
    for queued in (q for b in work.bindings.values() for q in b.queued):
        if check := queued.body.get("face_check"):
            keys.faces.add((check["provider"], check["transaction_no"]))
    await watching.load(conn, persons, work)
    await early.load(conn, list(keys.bindings), work)
    for row in await conn.fetch(Q.consents, persons):
        work.consents[row["beneficiary"], row["about"]] = row["at"]
    if keys.faces:
        providers, transactions = zip(*keys.faces, strict=True)
        for row in await conn.fetch(Q.face_checks, providers, transactions):
            work.faces[row["provider"], row["transaction_no"]] = row["binding_id"]


async def save(conn: Conn, work: Work) -> None:
    """Writes what the batch changed."""
    people = sorted(work.changed_people)
    if people:
        await conn.execute(Q.save_people, people, [work.opened[p] for p in people])
    await keeping.forget(conn, work)
    numbers = sorted(work.changed_accounts)
    if numbers:
        accounts = [work.accounts[n] for n in numbers]
        await conn.execute(
            Q.save_accounts, numbers, [a.frozen for a in accounts], [a.closed for a in accounts]
        )
    await _save_bindings(conn, work)
    await watching.save(conn, work)
    await early.save(conn, work)
    await _save_consents(conn, work)
    faces = sorted(work.changed_faces)
    if faces:
        ids = [work.faces[f] for f in faces]
        times = [work.changed_faces[f] for f in faces]
        await conn.execute(Q.save_face_checks, [f[0] for f in faces], [f[1] for f in faces], ids, times)
    await keeping.save(conn, work)


async def _save_consents(conn: Conn, work: Work) -> None:
    if used := sorted(work.used_consents):
        await conn.execute(Q.drop_consents, [c[0] for c in used], [c[1] for c in used])
    if consents := sorted(work.changed_consents):
        given = [work.consents[c] for c in consents]
        await conn.execute(Q.save_consents, [c[0] for c in consents], [c[1] for c in consents], given)


async def _save_bindings(conn: Conn, work: Work) -> None:
    """New ones are inserted, known ones replaced. Raises `LostRace` where somebody used an id of ours at the same moment."""
    changed = [keeping.kept(work, work.bindings[i]) for i in sorted(work.changed_bindings)]
    if new := [_row(work, b) for b in changed if b.binding_id not in work.stored]:
        try:
            await conn.copy_records_to_table("bindings", records=new, columns=_BINDING)
        except UniqueViolationError:
            raise LostRace from None
    if known := [_row(work, b) for b in changed if b.binding_id in work.stored]:
        await conn.execute(Q.update_bindings, *map(list, zip(*known, strict=True)))


def _row(work: Work, b: Binding) -> tuple[object, ...]:
    """The columns of `_BINDING`."""
    stage, reserved = b.stage, b.stage.reserved
    return (
        b.binding_id,
        b.sponsor,
        b.beneficiary,
        stage.value,
        stage.held or stage is Stage.WAITING or b.ever,
        b.short_code,
        keeping.to_json(b),
        b.admdvs,
        work.now if reserved else None,
        _held_until(work, b) if reserved else None,
        work.now if stage.final else None,
        b.persons is not None,
    )


def _held_until(work: Work, binding: Binding) -> datetime | None:
    """Until when a decision about the slot is expected."""
    days = work.policies.at(binding.admdvs, binding.at).binding.reservation_days
    return work.now + timedelta(days=days) if work.now else None
