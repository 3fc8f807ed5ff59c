"""The toy as a process of its own: `python -m tests.integration.messaging.toy_service [topic ...]`."""

import asyncio
import sys

import asyncpg
import uvloop

from shared import db
from shared.messaging import service
from shared.settings import ServiceSettings
from tests.integration.messaging import toy


class Settings(ServiceSettings, env_prefix="GONGJI_AUDIT_"):
    """Those of audit, whose role and schema the toy borrows."""


async def run() -> int:
    """Makes the toy's tables, then runs it as a service."""
    settings = Settings()
    url = settings.database_url.get_secret_value()
    conn = await asyncpg.connect(url, server_settings=db.connection_settings("audit"))
    await toy.make_tables(conn)
    await conn.close()
    handler = toy.ToyHandler(tuple(sys.argv[1:]) or (toy.TOPIC,))
    return await service.run(handler, settings, registry=toy.make_registry())


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    sys.exit(asyncio.run(run()))
