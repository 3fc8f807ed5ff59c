"""The stack that a command talks to: what `.gongji/stack.json` says, or the servers that the environment names."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local import state
from deploy.local.databases import DESK, ROLES, role_of, variable_of
from deploy.local.errors import StackError
from deploy.local.paths import home
from shared.clock import SystemClock, from_setting
from shared.db import Conn, connection_settings, load_queries

Q = load_queries(__file__)
NO_STACK = "Start one with `gongji up --detach`, or set KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL."


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of a stack. `urls` are database URLs by service and of the desk; `http` the services' health pages."""

    kafka: str
    database_url: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    http: Mapping[str, str] = field(default_factory=dict)
    pids: Mapping[str, int] = field(default_factory=dict)
    clock: SystemClock = field(default_factory=SystemClock)

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Conn]:
        """A connection that works in the service's schema; of `desk`, one that may read only what the desk's role may.

        Raises `StackError` when no database is known for it; asyncpg's errors and OSError when it is away.
        """
        own = self.urls.get(service)
        url = own or self.database_url
        if url is None:
            raise StackError(
                f"no database is known for {service}",
                f"Set {variable_of(service)} or DATABASE_URL. {NO_STACK}",
            )
        conn = await asyncpg.connect(url, timeout=10, server_settings=connection_settings(service))
        try:
            if (
                service == DESK and own is None
            ):  # the administrator's, who gives away what the desk does not need
                await conn.execute(f"set role {role_of(DESK)}")
            yield conn
        finally:
            await conn.close()

    @asynccontextmanager
    async def reading(self, service: str) -> AsyncIterator[Conn]:
        """`writing` for who only looks: nothing can be written."""
        async with self.writing(service) as conn:
            await conn.execute("set session characteristics as transaction read only")
            yield conn

    @asynccontextmanager
    async def writing(self, service: str) -> AsyncIterator[Conn]:
        """`database` for a command: whatever goes wrong there, in its own statements too, is a `StackError`."""
        try:
            async with self.database(service) as conn:
                yield conn
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            owner = "audit" if service == DESK else service
            raise StackError(f"{owner} has no tables yet", "Start it once with `gongji up`.") from None
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError) as error:
            raise StackError(
                f"the role of {service} may not do this: {type(error).__name__}",
                "Run `python -m deploy.provision` again; `gongji up` does it by itself.",
            ) from None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StackError(
                f"PostgreSQL of {service}: {type(error).__name__}", "See `gongji status` and docs/runbook.md."
            ) from error


def find(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Running:
    """The stack to talk to; the environment goes before `stack.json`. Raises `StackError` when there is none."""
    env = os.environ if environ is None else environ
    told = (state.read(folder or home())) or {}
    kafka = env.get("KAFKA_BOOTSTRAP_SERVERS") or told.get("kafka")
    if not kafka:
        raise StackError("no running stack is known here", NO_STACK)
    services: dict[str, dict[str, Any]] = told.get("services", {})
    variables = {name: env.get(variable_of(name)) for name in ROLES}
    stored = {name: row.get("database_url") for name, row in services.items()}
    stored[DESK] = told.get(DESK, {}).get("database_url")
    return Running(
        kafka=kafka,
        database_url=env.get("DATABASE_URL") or told.get("database_url"),
        urls={name: url for name, url in (stored | {k: v for k, v in variables.items() if v}).items() if url},
        http={name: str(row["http"]) for name, row in services.items() if row.get("http")},
        pids={name: int(row["pid"]) for name, row in services.items() if row.get("pid")},
        clock=from_setting(told["clock"] if "clock" in told else env.get("GONGJI_CLOCK")),
    )
