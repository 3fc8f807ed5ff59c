"""The registered operators of the ledger, put where the database finds them: it asks itself who may see a person's statement."""

import asyncio
import contextlib
from collections.abc import Iterable

from shared import log
from shared.contracts.operators import Operator, Role
from shared.db import Conn, is_infrastructure
from shared.messaging.service import Background, Running

AGAIN_SECONDS = 5.0
_COLUMNS = ["operator_id", "prefixes", "persons"]


async def keep(conn: Conn, operators: Iterable[Operator]) -> None:
    """Puts those of the role `ledger` in the place of all that were there."""
    rows = [(o.id, o.prefixes, sorted(o.persons)) for o in operators if Role.LEDGER in o.roles]
    async with conn.transaction():
        await conn.execute("lock table ledger_operator in exclusive mode")
        await conn.execute("delete from ledger_operator")
        await conn.copy_records_to_table("ledger_operator", records=rows, columns=_COLUMNS)


def kept(operators: Iterable[Operator]) -> Background:
    """The background work of one replica: done once, as soon as the database can be reached."""

    async def work(running: Running) -> None:
        while not running.stopping.is_set():
            try:
                async with running.pool.acquire() as conn:
                    await keep(conn, operators)
                await running.stopping.wait()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.get().warning("the operators of the ledger wait", **log.fault(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(running.stopping.wait(), AGAIN_SECONDS)

    return work
