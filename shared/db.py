"""PostgreSQL for services: pools, named statements, migrations, and which errors are nobody's fault.

A service works in a schema of its own name; `search_path` is set on every connection, so statements name no schema.
`jsonb` stays text in asyncpg: encode with `pydantic_core.to_json(...).decode()`.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Conn: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes take no parameters at run time
    Conn, Pool = asyncpg.Connection | PoolConnectionProxy, asyncpg.Pool

_NAME = re.compile(r"^--\s*name:\s*([a-z0-9_]+)\s*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Queries(dict[str, str]):
    """Statements by name: `Q["balances"]` or `Q.balances`."""

    def __getattr__(self, name: str) -> str:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no statement named {name}") from None


def load_queries(beside: str, file: str = "queries.sql") -> Queries:
    """The `-- name: x` blocks of `queries.sql` beside the module `beside` (pass `__file__`).

    Raises `ValueError` when a name occurs twice or a block is empty.
    """
    parts = _NAME.split(Path(beside).with_name(file).read_text(encoding="utf-8"))
    queries = Queries()
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries or not body.strip():
            raise ValueError(f"{file}: statement {name} occurs twice or is empty")
        queries[name] = body.strip().rstrip(";")
    return queries


async def open_pool(url: str, schema: str, *, size: int = 4, timeout: float = 10.0) -> Pool:
    """A pool whose connections work in `schema`. Raises `OSError` or `asyncpg.PostgresError` when the server is away."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=timeout,
        command_timeout=60.0,
        server_settings=connection_settings(schema),
        init=read_times_cheaply,
    )


async def read_times_cheaply(conn: Conn) -> None:
    """Lets a connection read and write `timestamptz` as microseconds: asyncpg's own arithmetic is more than half of what a COPY of the
    ledger costs, and a batch writes each of its times several times over."""
    await conn.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_microseconds, decoder=_moment, format="tuple"
    )


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> tuple[int]:
    """Since 2000, as PostgreSQL counts. Raises `TypeError` for a time without zone."""
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds,)


def _moment(microseconds: tuple[int]) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds[0])


_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def connection_settings(schema: str) -> dict[str, str]:
    """Settings of every connection of a service."""
    if not _IDENTIFIER.fullmatch(schema):
        raise ValueError(
            f"{schema!r} is no schema name; use lower-case letters, digits and _, for example settlement"
        )
    return {
        "search_path": schema,
        "application_name": f"gongji-{schema}",
        "timezone": "UTC",
        # A process that is gone without a word must not hold its locks for the kernel's two hours.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "idle_in_transaction_session_timeout": "60000",
        "random_page_cost": "1.1",
        "jit": "off",
    }


async def migrate(conn: Conn, schema: str, files: Sequence[Path]) -> list[str]:
    """Applies those of `files` that the schema does not know, in the given order, each in a transaction; returns their names.

    Raises `RuntimeError` when a file that was applied has changed since. Safe to call from several processes at once.
    """
    connection_settings(schema)
    await conn.execute("select pg_advisory_lock(hashtextextended($1, 7))", schema)
    try:
        if not await conn.fetchval("select exists (select from pg_namespace where nspname = $1)", schema):
            await conn.execute(f'create schema "{schema}"')
        await conn.execute(f'set search_path to "{schema}"')
        await conn.execute(
            "create table if not exists migrations"
            " (name text primary key, sha256 text not null, applied_at timestamptz not null default now())"
        )
        known = {row[0]: row[1] for row in await conn.fetch("select name, sha256 from migrations")}
        return [file.name for file in files if await _apply(conn, file, known)]
    finally:
        await conn.execute("select pg_advisory_unlock(hashtextextended($1, 7))", schema)


async def _apply(conn: Conn, file: Path, known: dict[str, str]) -> bool:
    text = file.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if file.name in known:
        if known[file.name] != digest:
            raise RuntimeError(
                f"migration {file.name} was applied and has changed since; write a new one instead"
            )
        return False
    async with conn.transaction():
        await conn.execute(text)
        await conn.execute("insert into migrations (name, sha256) values ($1, $2)", file.name, digest)
    return True


async def check_durable(conn: Conn) -> None:
    """Raises `RuntimeError` when this role would lose commits that it was told are safe (`synchronous_commit`)."""
    value = await conn.fetchval("show synchronous_commit")
    if value == "off":
        raise RuntimeError(
            "synchronous_commit is off for this role: a crash loses acknowledged commits; run ALTER ROLE ... SET synchronous_commit = on"
        )


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of an error of the server; never its text, which may quote personal data."""
    state: Any = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


# Classes and codes that say nothing about the data: connection, resources, operator, system, internal; then serialization,
# deadlock, read-only, lock timeout, and what a missing migration or grant raises (trying again is right, a dead letter is not).
_SERVER_CLASSES = frozenset({"08", "53", "57", "58", "F0", "XX"})
_SERVER_STATES = frozenset(
    {
        "40001",
        "40003",
        "40P01",
        "25006",
        "25P03",
        "55P03",
        "55006",
        "42501",
        "42P01",
        "42703",
        "42883",
        "3F000",
    }
)


# `InternalClientError` is what asyncpg sometimes raises when a backend is killed under a statement.
ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What talking to a server can raise."""


def is_infrastructure(error: BaseException) -> bool:
    """Whether trying the same again later may succeed, because the fault is not in the data or in our code."""
    if isinstance(error, asyncpg.PostgresError):
        state = sqlstate(error) or ""
        return state[:2] in _SERVER_CLASSES or state in _SERVER_STATES
    return isinstance(error, ERRORS)
