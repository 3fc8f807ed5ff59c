"""Audit's tables: bindings with their whole state, and what the desk needs of the registry. The record is in `record`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from services.audit.domain.model import CaseFile, Claim, Sample
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.db import Conn, load_queries

Q = load_queries(__file__)


async def lock(conn: Conn, ids: Sequence[UUID]) -> None:
    """Locks the bindings that exist, in the order of their ids."""
    await conn.execute(Q["lock"], ids)


async def load(conn: Conn, ids: Sequence[UUID]) -> tuple[dict[UUID, CaseFile], dict[UUID, bytes]]:
    """The files of those bindings that exist, and their last decisions as they were published."""
    found, bodies = {}, {}
    for row in await conn.fetch(Q["load"], ids):
        one = UUID(int=row[0].int)
        found[one] = _file(row)
        bodies[one] = row["body"].encode()
    return found, bodies


def _file(row: asyncpg.Record) -> CaseFile:
    state = BindingState.model_validate_json(row["body"])
    if state.since is None and row["since"]:  # decided by a release whose decisions did not tell these two
        state = state.model_copy(update={"since": row["since"], "second_eyes": row["second_eyes"]})
    return CaseFile(
        state,
        Claim(row["claimed_by"], row["claimed_until"], row["taken_from"]) if row["claimed_by"] else None,
        row["overdue"],
        row["reminded"],
        row["first_born_by"],
        tuple(row["marks"].split()),
        row["first_eyes"],
        Sample(row["sampled"], row["looked_by"], row["agreed"], row["looked_at"]) if row["sampled"] else None,
    )


async def save(conn: Conn, files: Iterable[tuple[CaseFile, bytes]]) -> None:
    """Inserts or replaces the rows of `files`, each with the bytes of its last decision."""
    rows = [_row(*file) for file in sorted(files, key=lambda f: f[0].state.binding_id)]
    if rows:
        await conn.execute(Q["save"], *map(list, zip(*rows, strict=True)))


def _row(file: CaseFile, body: bytes) -> tuple[Any, ...]:
    s, case, claim, sample = file.state, file.state.case, file.claim, file.sample
    return (
        s.binding_id,
        s.version,
        s.state.value,
        s.at,
        s.round,
        case.admdvs,
        case.channel.value,
        case.sponsor.psn_no,
        case.beneficiary.psn_no if case.beneficiary else None,
        case.relation.value,
        case.requested_at,
        s.due_at,
        s.reviewer,
        claim.operator_id if claim else None,
        claim.until if claim else None,
        file.overdue,
        body.decode(),
        case.channel.in_person,
        s.since,
        file.reminded,
        file.first_born_by,
        " ".join(file.marks),
        s.second_eyes,
        file.first_eyes,
        sample.approved_by if sample else None,
        sample.looked_by if sample else None,
        sample.agreed if sample else None,
        sample.looked_at if sample else None,
        claim.taken_from if claim else None,
    )


async def related(conn: Conn, pairs: Sequence[str]) -> frozenset[str]:
    """Those of the pairs that the registry holds as relatives now."""
    return frozenset(row[0] for row in await conn.fetch(Q["related"], pairs)) if pairs else frozenset()


async def deciders(conn: Conn, ids: Sequence[UUID]) -> dict[UUID, tuple[str | None, State]]:
    """Reviewer and state of those bindings that exist, read without a lock: asked of requests that are decided."""
    rows = await conn.fetch(Q["deciders"], ids) if ids else ()
    return {UUID(int=one.int): (reviewer, State(state)) for one, reviewer, state in rows}


async def save_persons(conn: Conn, persons: Mapping[str, PersonRecorded | None]) -> None:
    """Keeps the newest version of each person, by `psn_no`; `None`: erased."""
    gone = sorted(number for number, person in persons.items() if person is None)
    if gone:
        await conn.execute(Q["forget_persons"], gone)
        await conn.execute(Q["goes_first"], gone)
    people = sorted((p for p in persons.values() if p), key=lambda p: p.psn_no)
    if people:
        columns = ([getattr(p, name) for p in people] for name in ("psn_no", "version", "brdy", "surv_stas"))
        await conn.execute(Q["save_persons"], *columns)
        await conn.execute(Q["goes_first"], [p.psn_no for p in people])


async def save_relations(conn: Conn, relations: Mapping[str, RelationRecorded | None]) -> None:
    """Keeps the newest version of each relation, by the pair's record key; `None`: erased."""
    gone = sorted(pair for pair, relation in relations.items() if relation is None)
    if gone:
        await conn.execute(Q["forget_relations"], gone)
    kept = [(pair, r) for pair, r in sorted(relations.items()) if r]
    if kept:
        rows = [(pair, r.version, r.psn_no, r.other_is.value, r.ended) for pair, r in kept]
        await conn.execute(Q["save_relations"], *map(list, zip(*rows, strict=True)))
