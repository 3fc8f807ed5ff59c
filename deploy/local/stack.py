"""Kafka and PostgreSQL of one folder: started, found again, started again, stopped.

For tests and commands alike:

    stack = await start(Path(tempfile.mkdtemp()))
    stack.kafka          # "127.0.0.1:21345"
    stack.database_url   # the administrator's
    await stop(stack)
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local import jars, kafka, postgres
from deploy.local.errors import StackError, require_space
from deploy.local.kafka import Kafka
from deploy.local.ports import HOST, choose
from deploy.local.postgres import Postgres
from deploy.local.process import write_atomically

Server = Kafka | Postgres


@dataclass(slots=True)
class Stack:
    """Addresses of a Kafka and a PostgreSQL, with the servers behind them where they are ours.

    `kafka` is `host:port[,...]`; `database_url` the administrator's URL.
    """

    home: Path
    kafka: str
    database_url: str
    servers: tuple[Server, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)

    def server(self, name: str) -> Server | None:
        """Our own server "kafka" or "postgres"; None when that one is external."""
        return next((server for server in self.servers if server.name == name), None)

    def database_url_of(self, database: str) -> str:
        """The administrator's URL of another database of the same server."""
        return f"{self.database_url.rsplit('/', 1)[0]}/{database}"


async def start(root: Path, *, durable: bool = True, environ: Mapping[str, str] = os.environ) -> Stack:
    """Start Kafka and PostgreSQL below folder `root`, reusing data, ports and servers that are there.

    `KAFKA_BOOTSTRAP_SERVERS` and `DATABASE_URL` in `environ` name servers that are used instead of own ones.
    `durable=False` turns PostgreSQL's fsync off (tests). Raises StackError, one line, when something is missing;
    what was started until then is stopped.
    """
    root = root.absolute()
    root.mkdir(parents=True, exist_ok=True)
    require_space(root)
    memory = remembered(root)
    own: list[Server] = []
    bootstrap, url = environ.get("KAFKA_BOOTSTRAP_SERVERS", ""), environ.get("DATABASE_URL", "")
    if not url:
        fresh = "admin" not in memory["secrets"]
        pg = Postgres(root, 0, _secret(memory, "admin"), durable=durable, fresh=fresh)
        pg.claim()
        pg.port = _port(pg, "GONGJI_POSTGRES_PORT", memory)
        url = pg.url()
        own.append(pg)
    if not bootstrap:
        await asyncio.to_thread(jars.class_path)
        broker = Kafka(root, 0, 0)
        broker.port = _port(broker, "GONGJI_KAFKA_PORT", memory)
        broker.controller_port = _port(broker, "GONGJI_KAFKA_CONTROLLER_PORT", memory, "controller")
        bootstrap = broker.bootstrap
        own.append(broker)
    stack = Stack(root, bootstrap, url, tuple(own), memory["secrets"])
    remember(root, memory)
    try:
        await asyncio.gather(*(_bring_up(server) for server in own))
        await _require_external(stack)
    except BaseException:
        await stop(stack)
        raise
    return stack


async def _bring_up(server: Server) -> None:
    if server.running() is None:
        await asyncio.to_thread(server.prepare)
        server.launch()
    await server.ready()
    if isinstance(server, Postgres):
        await create_database(server.url("postgres"), postgres.ADMIN)


async def create_database(admin_url: str, name: str, template: str = "template1") -> None:
    """Create a database unless it is there. Raises asyncpg's errors."""
    import asyncpg

    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}" template "{template}"')
    finally:
        await connection.close()


async def _require_external(stack: Stack) -> None:
    if stack.server("kafka") is None and not await kafka.answers(stack.kafka, 10):
        raise StackError(
            f"no Kafka answers at KAFKA_BOOTSTRAP_SERVERS={stack.kafka}", "Start it, or unset the variable."
        )
    if stack.server("postgres") is None and not await postgres.answers(stack.database_url, 10):
        raise StackError(
            "no PostgreSQL answers at DATABASE_URL", "Start it, check the password, or unset it."
        )


async def stop(stack: Stack) -> None:
    """Stop the servers that are ours; their data stay."""
    await asyncio.gather(*(asyncio.to_thread(server.stop) for server in stack.servers))


def _port(server: Server, setting: str, memory: dict[str, Any], part: str = "") -> int:
    """The port of a server: what it listens on if it runs, else a remembered or a free one."""
    key = f"{server.name}{part and '-'}{part}"
    remembered = memory["ports"].get(key)
    chosen = int(remembered) if remembered and server.running() else choose(setting, remembered)
    memory["ports"][key] = chosen
    return chosen


def _secret(memory: dict[str, Any], name: str) -> str:
    return str(memory["secrets"].setdefault(name, secrets.token_urlsafe(18)))


def data_key(memory: dict[str, Any]) -> str:
    """The key that seals notify's personal data, 32 bytes in base64, made at first use. It lives and goes with the stack's data."""
    made = base64.b64encode(secrets.token_bytes(32)).decode()
    return str(memory["secrets"].setdefault("notify-data-key", made))


def service_secret(stack: Stack, service: str) -> str:
    """The password of a service's role, made at first use and kept in the stack's folder."""
    memory = remembered(stack.home)
    secret = _secret(memory, service)
    stack.secrets[service] = secret
    remember(stack.home, memory)
    return secret


def remembered(root: Path) -> dict[str, Any]:
    """What a stack keeps between starts: its `ports` and `secrets`, by name."""
    try:
        memory: dict[str, Any] = json.loads((root / "memory.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        memory = {}
    memory.setdefault("ports", {})
    memory.setdefault("secrets", {})
    return memory


def remember(root: Path, memory: Mapping[str, Any]) -> None:
    """Keep it. Only the one supervisor of the folder writes."""
    write_atomically(root / "memory.json", json.dumps(memory, indent=1))


__all__ = [
    "HOST",
    "Server",
    "Stack",
    "create_database",
    "data_key",
    "remember",
    "remembered",
    "service_secret",
    "start",
    "stop",
]
