"""The stack for tests: one per test session, a fresh database per test that asks for one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy.local import databases, process, stack
from deploy.local.postgres import Postgres
from deploy.local.stack import Stack

PASSWORD = "only-for-tests"
TEMPLATE = "gongji_template"
PREFIX = "gongji-test-"
OWNER = "owner.pid"


@dataclass(slots=True)
class TestStack:
    """Real servers for tests. `kafka` is `host:port`, `database_url` the administrator's URL."""

    __test__ = False  # not a test class, whatever its name

    stack: Stack
    folder: Path | None = None
    made: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def kafka(self) -> str:
        """Kafka's `host:port`."""
        return self.stack.kafka

    @property
    def database_url(self) -> str:
        """The administrator's URL of database `gongji`."""
        return self.stack.database_url

    async def prepare(self) -> None:
        """Create the services' roles and the template of fresh databases."""
        await databases.create_roles(self.database_url, dict.fromkeys(databases.ROLES, PASSWORD))
        await stack.create_database(self.database_url, TEMPLATE)
        await databases.create_schemas(self.stack.database_url_of(TEMPLATE))

    async def fresh_database(self) -> dict[str, str]:
        """URLs into a new database with empty schemas: one per service, one of the desk, and the administrator's as "admin"."""
        self.made += 1
        name = f"gongji_test_{self.made}_{id(self):x}"
        admin = self.stack.database_url_of(name)
        await stack.create_database(self.database_url, name, TEMPLATE)
        await databases.create_schemas(admin)  # a database's own grants are not copied from its template
        self.names.append(name)
        return {"admin": admin} | {
            service: databases.service_url(admin, service, PASSWORD) for service in databases.ROLES
        }

    async def drop_databases(self) -> None:
        """Drop what `fresh_database` made."""
        connection = await asyncpg.connect(self.database_url)
        try:
            while self.names:
                await connection.execute(f'drop database if exists "{self.names.pop()}" with (force)')
        finally:
            await connection.close()


async def start_for_tests(running: str | None = None, *, durable: bool = False) -> TestStack:
    """Start servers in a temporary folder, or join those of the `stack.json` at path `running`."""
    if running:
        told = json.loads(Path(running).read_text(encoding="utf-8"))
        made = TestStack(Stack(Path(running).parent, told["kafka"], told["database_url"]))
    else:
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        process.remember(folder / OWNER, os.getpid())
        folder.chmod(0o711)  # as root, PostgreSQL's own user must get to its data
        with _one_at_a_time():
            started = await stack.start(folder, durable=durable, environ={})
        made = TestStack(started, folder)
    await made.prepare()
    return made


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two test processes never fetch the servers or make PostgreSQL's user at once: the second finds what the first has made."""
    with (Path(tempfile.gettempdir()) / f"{PREFIX}starting-{os.getuid()}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sweep(parent: Path | None = None) -> int:
    """End the servers of test sessions that were killed before they could, and delete their folders; returns how many."""
    swept = 0
    for owner in (parent or Path(tempfile.gettempdir())).glob(f"{PREFIX}*/{OWNER}"):
        if not os.access(owner, os.W_OK) or process.find(owner) is not None:
            continue
        for pid_file in owner.parent.glob("run/*.pid"):
            if left := process.find(pid_file):
                process.stop(left, signal.SIGKILL, 5)
        shutil.rmtree(owner.parent, ignore_errors=True)
        swept += 1
    return swept


async def stop_after_tests(running: TestStack) -> None:
    """Stop the servers that `start_for_tests` started and delete their data; of joined ones, drop the databases."""
    if running.folder is None:
        await running.drop_databases()
        return
    await stack.stop(running.stack)
    for server in running.stack.servers:
        if isinstance(server, Postgres):
            server.remove()
    shutil.rmtree(running.folder, ignore_errors=True)
