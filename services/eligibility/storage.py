"""Eligibility's tables, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.person import person_key
from services.eligibility.work import Account, FaceKey, Work
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.db import Conn, load_queries

Q = load_queries(__file__)


@dataclass(slots=True)
class Keys:
    """What a batch concerns, learnt from its messages and from unlocked reads."""

    persons: set[bytes] = field(default_factory=set)
    recorded: set[bytes] = field(default_factory=set)  # persons of whom a registry record arrives
    numbers: set[str] = field(default_factory=set)
    bindings: set[UUID] = field(default_factory=set)
    short_codes: set[str] = field(default_factory=set)
    faces: set[FaceKey] = field(default_factory=set)
    locked: set[bytes] = field(default_factory=set)  # persons whose rows were there to be locked


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
    keys.locked = {row["person"] for row in await conn.fetch(Q.lock_people, list(keys.persons))}


async def load(conn: Conn, keys: Keys, work: Work) -> None:
    """Reads the facts, after the locks.

    A person who was recorded between lock and load is nobody yet: the request waits and is tried again.
    """
    persons = list(keys.persons)
    work.locked |= keys.locked
    for row in await conn.fetch(Q.people, list(keys.locked)):
        work.opened[row["person"]] = row["opened_at"]
    for row in await conn.fetch(Q.person_records, persons, list(keys.numbers)):
        work.know_record(row["person"], PersonRecorded.model_validate_json(row["body"]))
    numbers = sorted(keys.numbers | work.records.keys())
    for row in await conn.fetch(Q.relation_records, numbers):
        relation = RelationRecorded.model_validate_json(row["body"])
        work.relations[relation.psn_no, relation.other_psn_no] = relation
    for row in await conn.fetch(Q.accounts, numbers):
        work.accounts[row["psn_no"]] = Account(row["frozen"], row["closed"])
    for row in await conn.fetch(Q.bindings, persons, list(keys.bindings), list(keys.short_codes)):
        work.know_binding(Binding.model_validate_json(row["body"]))
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
    await _forget(conn, work)
    await _save_records(conn, [work.records[n] for n in sorted(work.changed_records)])
    await _save_relations(conn, [work.relations[p] for p in sorted(work.changed_relations)])
    numbers = sorted(work.changed_accounts)
    if numbers:
        accounts = [work.accounts[n] for n in numbers]
        await conn.execute(
            Q.save_accounts, numbers, [a.frozen for a in accounts], [a.closed for a in accounts]
        )
    await _save_bindings(conn, [work.bindings[i] for i in sorted(work.changed_bindings)])
    await _save_consents(conn, work)
    faces = sorted(work.changed_faces)
    if faces:
        ids = [work.faces[f] for f in faces]
        times = [work.changed_faces[f] for f in faces]
        await conn.execute(Q.save_face_checks, [f[0] for f in faces], [f[1] for f in faces], ids, times)
    if work.screened:
        await conn.execute(Q.save_screenings, *map(list, zip(*work.screened, strict=True)))


async def _forget(conn: Conn, work: Work) -> None:
    if work.erased_records:
        await conn.execute(Q.forget_person_records, sorted(work.erased_records))
    if pairs := sorted(work.erased_relations):
        await conn.execute(Q.forget_relation_records, [p[0] for p in pairs], [p[1] for p in pairs])


async def _save_consents(conn: Conn, work: Work) -> None:
    if used := sorted(work.used_consents):
        await conn.execute(Q.drop_consents, [c[0] for c in used], [c[1] for c in used])
    if consents := sorted(work.changed_consents):
        given = [work.consents[c] for c in consents]
        await conn.execute(Q.save_consents, [c[0] for c in consents], [c[1] for c in consents], given)


async def _save_records(conn: Conn, records: Sequence[PersonRecorded]) -> None:
    if records:
        await conn.execute(
            Q.save_person_records,
            [r.psn_no for r in records],
            [person_key(r) for r in records],
            [r.version for r in records],
            [r.model_dump_json().encode() for r in records],
        )


async def _save_relations(conn: Conn, records: Sequence[RelationRecorded]) -> None:
    if records:
        await conn.execute(
            Q.save_relation_records,
            [r.psn_no for r in records],
            [r.other_psn_no for r in records],
            [r.version for r in records],
            [r.model_dump_json().encode() for r in records],
        )


async def _save_bindings(conn: Conn, bindings: Sequence[Binding]) -> None:
    if bindings:
        await conn.execute(
            Q.save_bindings,
            [b.binding_id for b in bindings],
            [b.sponsor for b in bindings],
            [b.beneficiary for b in bindings],
            [b.stage.value for b in bindings],
            [b.stage.held or b.stage is Stage.WAITING or b.ever for b in bindings],
            [b.short_code for b in bindings],
            [b.model_dump_json().encode() for b in bindings],
        )
