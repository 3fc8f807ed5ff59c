"""The rows of the check, written in the transaction that brings a case to people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.audit.domain.model import CaseFile
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState, State
from shared.db import Conn, load_queries

Q = load_queries(__file__)

Round = tuple[UUID, int]


def concerned(state: BindingState) -> bool:
    """Whether a person is to see the documents of a case."""
    return state.state is State.UNDER_REVIEW and bool(state.case.materials)


def drawn(file: CaseFile) -> bool:
    """Whether a second person is to look at an approved case with documents, which the policy may have approved unread."""
    return file.sample is not None and file.sample.waits and bool(file.state.case.materials)


async def begin(conn: Conn, files: Iterable[CaseFile], *, stored: bool) -> None:
    """Marks the cases with documents that have come to people, or were drawn for a second look. `stored`: there is a store to read them from."""
    rows = sorted((f.state.binding_id, f.state.round) for f in files if concerned(f.state) or drawn(f))
    if rows:
        state = "pending" if stored else "unverified"
        await conn.execute(Q["begin"], *map(list, zip(*rows, strict=True)), state)


async def seen(conn: Conn, ids: Iterable[UUID]) -> set[Round]:
    """Of these cases, those whose documents were read or are shown unread, with the round that this holds for."""
    return {(UUID(int=i.int), round) for i, round in await conn.fetch(Q["seen"], list(ids))}


async def settle(conn: Conn, done: Round, faulty: Iterable[tuple[str, str]], at: datetime) -> None:
    """Writes down what the check of a round came to: sound, or which documents are not."""
    bad = [" ".join(one) for one in faulty]
    if bad:
        await conn.execute(Q["faulty"], *done, bad)
    else:
        await conn.execute(Q["sound"], *done, at)
