"""Shows who the parties of a case are, and only what is on the record as shown: the database itself asks for the entry first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.errors import StackError
from deploy.reading import desk
from deploy.reading.running import Running
from services.audit import desk as reading
from shared.contracts import answers
from shared.contracts.base import Message
from shared.contracts.review_verdicts import Revealed
from shared.db import Conn
from shared.ids import SystemIds


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to a look (`None`: none came), and the parties by side where it was accepted."""

    told: Message | None
    parties: dict[str, dict[str, Any]] | None = None


async def reveal(stack: Running, binding_id: UUID, operator: str, why: str) -> Seen:
    """Asks audit to record the look, waits until it says that it has, and reads. Raises `StackError`.

    audit answers after the transaction that holds the entry, and the desk's role gets the numbers only from `audit_desk.revealed`,
    which looks for that entry. So whatever fails on the way, nothing is shown that is not recorded.
    """
    asked = SystemIds().new()
    body = Revealed(binding_id=binding_id, operator_id=operator, note=why or None)
    told = await desk.say(stack, "review.verdicts.revealed", body, id=asked)
    if not isinstance(told, answers.Verdict) or not told.accepted:
        return Seen(told)
    rows = await desk.ask(stack, lambda conn: _read(conn, binding_id, asked))
    if rows is None:
        raise StackError(
            "查看已载入记录，但数据库不予显示 / the look is on the record, but the database shows nothing",
            "A look is open for five minutes: compare this machine's clock with PostgreSQL's, then ask again.",
        )
    return Seen(told, _parties(*rows))


async def _read(
    conn: Conn, binding_id: UUID, asked: UUID
) -> tuple[asyncpg.Record, asyncpg.Record | None] | None:
    row = await reading.revealed(conn, binding_id, asked)
    return None if row is None else (row, await reading.show(conn, binding_id))


def _parties(row: asyncpg.Record, shown: asyncpg.Record | None) -> dict[str, dict[str, Any]]:
    case = json.loads(shown["body"])["case"] if shown else {}
    return {
        side: {
            "psn_no": row[f"{side}_psn_no"],
            "brdy": row[f"{side}_brdy"],
            "insuplc_admdvs": (case.get(side) or {}).get("insuplc_admdvs"),
            "surv_stas": shown[f"{side}_surv_stas"] if shown else None,
        }
        for side in ("sponsor", "beneficiary")
    }
