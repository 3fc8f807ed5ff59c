"""One schema and one login role per service in one database, and one for the review desk; none may read another's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from shared.db import Conn

SERVICES = ("eligibility", "audit", "notify", "settlement")
KEEPER, RECORD = "gongji_record", "audit_record"
"""The role that owns audit's record, and the record's schema."""
DESK = "desk"
"""Whose role `gongji review`, `gongji record` and `gongji ledger cases` read with."""
DESK_VIEWS = {"audit": "audit_desk", "settlement": "settlement_desk"}
"""The schemas of what it may see: of audit's cases, and of the ledger's."""
ROLES = (*SERVICES, DESK)
"""Everybody who logs in."""
_RECORD_TABLES = Path(__file__).parents[2] / "services/audit/migrations/0002_record.sql"


def role_of(service: str) -> str:
    """The login role of a service, or of the desk."""
    return f"gongji_{service}"


def variable_of(service: str) -> str:
    """The environment variable that carries a service's database URL."""
    return f"GONGJI_{service.upper()}_DATABASE_URL"


def service_url(admin_url: str, service: str, password: str) -> str:
    """The URL by which `service` reaches its schema in the database of `admin_url`."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role_of(service)}:{quote(password, safe='')}@{place}"))


async def create_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create each role of `ROLES` that has a password, or give it that one. The desk's reads only. Raises asyncpg's errors."""
    connection = await asyncpg.connect(admin_url)
    try:
        for service, password in passwords.items():
            role = role_of(service)
            known = await connection.fetchval("select true from pg_roles where rolname = $1", role)
            secret = await connection.fetchval("select quote_literal($1)", password)
            verb = "alter" if known else "create"
            await connection.execute(f'{verb} role "{role}" login password {secret}')
            await connection.execute(f'alter role "{role}" set synchronous_commit = on')
            await connection.execute(f'alter role "{role}" set search_path = "{service}"')
            if service == DESK:
                await connection.execute(f'alter role "{role}" set default_transaction_read_only = on')
    finally:
        await connection.close()


async def _keep_record(connection: Conn, database: str) -> None:
    """The tables of audit's record, owned by a role that nobody can log in as; audit may read them and add to them, no more."""
    if not await connection.fetchval("select true from pg_roles where rolname = $1", KEEPER):
        await connection.execute(f"create role {KEEPER} nologin")
    await connection.execute(f"grant {KEEPER} to current_user")
    await connection.execute(f"create schema if not exists {RECORD} authorization {KEEPER}")
    # Tables that audit made by itself, before it was provisioned, are taken from it.
    await connection.execute(f"alter schema {RECORD} owner to {KEEPER}")
    rows = await connection.fetch("select tablename from pg_tables where schemaname = $1", RECORD)
    for (table,) in rows:
        await connection.execute(f'alter table {RECORD}."{table}" owner to {KEEPER}')
    if rows:
        await connection.execute(f"alter function {RECORD}.is_kept() owner to {KEEPER}")
    async with connection.transaction():
        await connection.execute(f"grant connect, temporary on database {database} to {KEEPER}")
        await connection.execute(f"set local role {KEEPER}")
        await connection.execute(_RECORD_TABLES.read_text(encoding="utf-8"))
        await connection.execute(f"grant usage on schema {RECORD} to {role_of('audit')}")
        await connection.execute(
            f"grant select, insert on all tables in schema {RECORD} to {role_of('audit')}"
        )


async def _serve_desk(connection: Conn, database: str, service: str) -> None:
    """What the desk's role may do: select from the views that a service makes for it, and from audit's record. Nothing else.

    The views do not exist before the service's first start: those that it will make are granted in advance.
    """
    owner, role, views = role_of(service), role_of(DESK), DESK_VIEWS[service]
    if not await connection.fetchval("select true from pg_roles where rolname = $1", role):
        await connection.execute(f"create role {role} nologin")
    await connection.execute(f"grant {role} to current_user")
    await connection.execute(f"create schema if not exists {views} authorization {owner}")
    await connection.execute(f"grant connect on database {database} to {role}")
    await connection.execute(
        f"alter default privileges for role {owner} in schema {views} grant select on tables to {role}"
    )
    for keeper, schema in ((owner, views), *(((KEEPER, RECORD),) if service == "audit" else ())):
        async with connection.transaction():
            await connection.execute(f"set local role {keeper}")
            await connection.execute(f"revoke all on schema {schema} from public")
            await connection.execute(f"grant usage on schema {schema} to {role}")
            await connection.execute(f"grant select on all tables in schema {schema} to {role}")


async def create_schemas(admin_url: str, services: Iterable[str] = SERVICES) -> None:
    """Create each service's schema in the database of `admin_url`, and close everything else to its role.

    Safe to run again. Raises asyncpg's errors.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"revoke all on database {database} from public")
        await connection.execute("revoke all on schema public from public")
        for service in services:
            role = role_of(service)
            # A managed server's administrator is no superuser and must be a member to give a schema away.
            await connection.execute(f'grant "{role}" to current_user')
            await connection.execute(f'create schema if not exists "{service}" authorization "{role}"')
            await connection.execute(f'revoke all on schema "{service}" from public')
            await connection.execute(f'grant connect, temporary on database {database} to "{role}"')
            if service == "audit":
                await _keep_record(connection, database)
            if service in DESK_VIEWS:
                await _serve_desk(connection, database, service)
    finally:
        await connection.close()
