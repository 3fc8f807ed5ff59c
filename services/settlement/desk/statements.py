"""Reads a person's statement with the desk's role: the look is put on the record first, in a transaction of its own. The database shows
nothing without it, nor to an operator who may not see it. Relatives stand there masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic_core import from_json

from services.settlement.domain.accounts import Account
from services.settlement.domain.bindings import Binding
from services.settlement.domain.statements import Balance, Movement, Relative
from shared.db import Conn, load_queries

Q = load_queries(__file__, "statements.sql")


@dataclass(frozen=True, slots=True)
class Look:
    """Who wants to see what of whom; `at` by the stack's clock."""

    id: UUID
    psn_no: str
    month: str
    family: bool
    operator: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What the ledger has. `psn_no` is masked; sums in fen."""

    psn_no: str
    admdvs: str
    state: str
    version: int
    balances: list[Balance]
    movements: list[Movement]
    relatives: list[Relative]


async def record(conn: Conn, look: Look) -> None:
    """Puts a look on the record and commits it. Raises asyncpg's errors: a month that is none, a reason of less than four characters."""
    await conn.execute("begin read write")
    try:
        await conn.execute(
            Q["look"], look.id, look.psn_no, look.month, look.family, look.operator, look.why, look.at
        )
    except BaseException:
        await conn.execute("rollback")
        raise
    await conn.execute("commit")


async def refusal(conn: Conn, look: UUID) -> str | None:
    """Why the operator of a recorded look may not see the statement, as a reason code; `None`: he or she may."""
    code: str | None = await conn.fetchval(Q["refusal"], look)
    return code


async def read(conn: Conn, look: UUID) -> Found | None:
    """What the look may see, in the caller's one snapshot; `None` without a recorded look of the last five minutes, for who may not
    see it, or without an account."""
    row = await conn.fetchrow(Q["account"], look)
    if row is None:
        return None
    account = Account(row["psn_no"], row["admdvs"], usage=from_json(row["usage"]))
    return Found(
        row["psn_no"], row["admdvs"], row["state"], row["version"],
        [Balance(*one) for one in await conn.fetch(Q["balances"], look)],
        [Movement(*one) for one in await conn.fetch(Q["movements"], look)],
        [_relative(one, account) for one in await conn.fetch(Q["family"], look)],
    )  # fmt: skip


def _relative(row: asyncpg.Record, account: Account) -> Relative:
    id, relation, masked, state, version, facts, usage, bills, used, in_year, apart = row
    binding = Binding(id, account.psn_no, masked, version, state, relation, facts, from_json(usage))
    return Relative(binding, account, bills, used, in_year, apart)
