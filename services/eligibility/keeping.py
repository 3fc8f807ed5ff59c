"""What eligibility keeps of the past: every version of a record, what each screening looked at; and what an erasure takes away."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.eligibility.domain.binding import Binding
from services.eligibility.domain.person import person_key
from services.eligibility.domain.stripping import stripped
from services.eligibility.work import Screened, Work
from shared.contracts.base import Message
from shared.db import Conn, load_queries

Q = load_queries(__file__, "keeping.sql")


def to_json(body: Message) -> bytes:
    """A body as it is stored."""
    stored: bytes = body.__pydantic_serializer__.to_json(body, exclude_none=True)
    return stored


async def save(conn: Conn, work: Work) -> None:
    """Writes the versions that came, the current ones among them, and the record of the batch's screenings."""
    await _save_persons(conn, work)
    await _save_relations(conn, work)
    if work.screened:
        await conn.copy_records_to_table("screenings", records=work.screened, columns=Screened._fields)


async def _save_persons(conn: Conn, work: Work) -> None:
    """`current`: whether the version is the one that holds."""
    if not (versions := sorted(work.versions)):
        return
    records = [work.versions[v][0] for v in versions]
    await conn.execute(
        Q.save_person_records,
        [v[0] for v in versions],
        [person_key(r) for r in records],
        [v[1] for v in versions],
        [to_json(r) for r in records],
        [work.versions[v][1] for v in versions],
        [r.psn_no in work.changed_records and r is work.records[r.psn_no] for r in records],
    )


async def _save_relations(conn: Conn, work: Work) -> None:
    if not (versions := sorted(work.relation_versions)):
        return
    records = [work.relation_versions[v][0] for v in versions]
    await conn.execute(
        Q.save_relation_records,
        [v[0] for v in versions],
        [v[1] for v in versions],
        [v[2] for v in versions],
        [to_json(r) for r in records],
        [work.relation_versions[v][1] for v in versions],
        [v[:2] in work.changed_relations and r is work.relations[v[:2]] for v, r in zip(versions, records, strict=True)],
    )  # fmt: skip


async def forget(conn: Conn, work: Work) -> None:
    """Takes out what the registry erased: records with their history, and what is kept about a person who is not there any more."""
    if work.erased_records:
        await conn.execute(Q.forget_person_records, sorted(work.erased_records))
    if pairs := sorted(work.erased_relations):
        await conn.execute(Q.forget_relation_records, [p[0] for p in pairs], [p[1] for p in pairs])
    if people := sorted(work.changed_erasures):
        await conn.execute(Q.mark_erased, people, [work.erased.get(p) for p in people])
    if gone := [p for p in people if p in work.erased]:
        await conn.execute(Q.forget_history, gone)
        await conn.execute(Q.forget_screenings, gone)
        await conn.execute(Q.forget_consents, gone)
        over = await conn.fetch(Q.bindings_over, gone)
        await strip(conn, [Binding.model_validate_json(row["body"]) for row in over])


async def strip(conn: Conn, bindings: Sequence[Binding]) -> None:
    """Takes the personal data out of bindings that are over, and of the record of their screenings."""
    if bindings:
        ids: list[UUID] = [b.binding_id for b in bindings]
        bodies = [to_json(stripped(b)) for b in bindings]
        await conn.execute(Q.strip_bindings, ids, bodies)


def kept(work: Work, binding: Binding) -> Binding:
    """The binding as it is stored: what is over keeps no personal data once one of the two was erased."""
    erased = binding.sponsor in work.erased or binding.beneficiary in work.erased
    return stripped(binding) if erased and binding.stage.final else binding
