"""Decisions that are read before their request: only after a restore, when each topic is read again from where it stood.

Without them a request that is screened again would hold its slot for ever, since the decision it waits for has been read.
"""

from __future__ import annotations

from uuid import UUID

from services.eligibility.work import Work
from shared.contracts.binding_decisions import BindingState
from shared.db import Conn, load_queries

Q = load_queries(__file__, "early.sql")


async def load(conn: Conn, bindings: list[UUID], work: Work) -> None:
    """Reads what was decided of these bindings before they were known. To be called after the locks."""
    for row in await conn.fetch(Q.early_decisions, bindings):
        body = BindingState.model_validate_json(row["body"])
        work.early[body.binding_id] = body


async def save(conn: Conn, work: Work) -> None:
    """Writes what the batch changed."""
    kept = [work.early[i] for i in sorted(work.changed_early & work.early.keys())]
    if kept:
        columns = (
            [b.binding_id for b in kept],
            [b.version for b in kept],
            [b.model_dump_json().encode() for b in kept],
        )
        await conn.execute(Q.save_early, *columns)
    if gone := sorted(work.changed_early - work.early.keys()):
        await conn.execute(Q.drop_early, gone)
