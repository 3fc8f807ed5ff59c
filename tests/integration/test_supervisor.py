"""What was killed comes back, what was left is found, and failures are told in one line."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import process, state, up
from deploy.local.console import Console
from deploy.local.errors import StackError
from deploy.local.postgres import Postgres
from deploy.local.programs import Program
from deploy.local.restarts import Policy
from deploy.local.stack import Stack, start, stop
from deploy.local.supervisor import Supervisor
from deploy.local.testing import TestStack

SLEEP = "import time; print('begun', flush=True); time.sleep(300)"
FAIL = "raise SystemExit(3)"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may enter, emptied in the end."""
    with tempfile.TemporaryDirectory(prefix="gongji-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
        for pid_file in Path(name).glob("run/*.pid"):  # what a failed test left
            if left := process.find(pid_file):
                left.kill()


@pytest.fixture
async def small(stack: TestStack, folder: Path) -> AsyncIterator[Stack]:
    """A PostgreSQL of this test beside the session's Kafka."""
    running = await start(folder, durable=False, environ={"KAFKA_BOOTSTRAP_SERVERS": stack.kafka})
    yield running
    await stop(running)


async def until(condition: Callable[[], object], patience: float = 90.0) -> None:
    """Wait for a condition; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def supervised(
    small: Stack, *programs: Program, policy: Policy | None = None
) -> AsyncIterator[Supervisor]:
    """A supervisor at work."""
    supervisor = Supervisor(small, programs, Console(io.StringIO()), policy)
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.stopping.set()
        await asyncio.wait_for(task, 90)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody collected yet has."""
    return not psutil.pid_exists(pid) or not process.alive(psutil.Process(pid))


def program(name: str, code: str) -> Program:
    """A program without HTTP."""
    return Program(name, (sys.executable, "-c", code))


async def test_killed_service_and_killed_database_come_back(small: Stack) -> None:
    server = small.server("postgres")
    assert isinstance(server, Postgres)
    connection = await asyncpg.connect(small.database_url)
    await connection.execute("create table kept as select 42 as x")
    async with supervised(small, program("sleeper", SLEEP)) as supervisor:
        await until(lambda: supervisor.ready)
        told = state.require(small.home)
        first = told["services"]["sleeper"]["pid"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: state.require(small.home)["services"]["sleeper"]["pid"] not in (None, first))
        database = told["servers"]["postgres"]["pid"]
        os.kill(database, signal.SIGKILL)
        await until(lambda: "postgres" in supervisor.away)
        await until(lambda: not supervisor.away and supervisor.ready)
        assert state.require(small.home)["servers"]["postgres"]["pid"] not in (None, database)
        again = await asyncpg.connect(small.database_url)
        assert await again.fetchval("select x from kept") == 42
        await again.close()
        last = state.require(small.home)["services"]["sleeper"]["pid"]
    connection.terminate()
    assert gone(last)
    assert server.running() is None
    assert state.read(small.home) is None


async def test_a_service_that_always_fails_is_given_up_and_its_neighbour_is_not(small: Stack) -> None:
    policy = Policy(first=0.01, longest=0.02, limit=3)
    async with supervised(
        small, program("broken", FAIL), program("good", SLEEP), policy=policy
    ) as supervisor:
        await until(lambda: supervisor.failed() == ["broken"])
        told = state.require(small.home)["services"]
        assert (told["broken"]["state"], told["broken"]["restarts"]) == ("failed", 3)
        assert told["good"]["state"] == "running"
        assert not supervisor.ready


async def test_an_outage_does_not_use_up_the_limit(small: Stack) -> None:
    policy = Policy(first=0.01, longest=0.02, limit=1)
    async with supervised(small, program("waiting", "raise SystemExit(75)"), policy=policy) as supervisor:
        await until(lambda: supervisor.members["waiting"].restarts > 5)
        assert supervisor.failed() == []


async def test_data_without_their_password_are_never_overwritten(small: Stack) -> None:
    await stop(small)
    (small.home / "memory.json").unlink()
    server = small.server("postgres")
    assert isinstance(server, Postgres)
    with pytest.raises(StackError, match=r"password of the data at .* is lost"):
        await start(small.home, environ={"KAFKA_BOOTSTRAP_SERVERS": small.kafka})
    assert (server.data / "PG_VERSION").exists()


def test_a_killed_supervisor_leaves_servers_that_the_next_one_uses(
    stack: TestStack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.kafka)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    first = up.detach(folder, ["--services=none"], 120)
    with pytest.raises(StackError, match="up already"):
        up.detach(folder, ["--services=none"])
    os.kill(first["supervisor"]["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while state.supervised(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert up.status(folder)["up"] is False
    second = up.detach(folder, ["--services=none"], 120)
    assert second["servers"]["postgres"]["pid"] == first["servers"]["postgres"]["pid"]
    assert second["database_url"] == first["database_url"]
    assert up.status(folder)["ready"] is True
    os.kill(second["supervisor"]["pid"], signal.SIGKILL)
    assert up.down(folder) is True
    assert gone(first["servers"]["postgres"]["pid"])
    assert up.down(folder) is False


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("GONGJI_POSTGRES_PORT", "taken", "port taken: GONGJI_POSTGRES_PORT="),
        ("GONGJI_JAVA", "/nonexistent/java", "no Java 17 or newer"),
        ("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:9/none", "no PostgreSQL answers at DATABASE_URL"),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9", "no Kafka answers at KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9"),
        ("GONGJI_MAVEN", "http://127.0.0.1:9", "no network"),
    ],
)
def test_failures_are_one_line(name: str, value: str, line: str, folder: Path) -> None:
    servers = {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "GONGJI_TEST_STACK"}
    env = {key: val for key, val in os.environ.items() if key not in servers}
    if name == "GONGJI_MAVEN":
        env["GONGJI_CACHE"] = str(folder / "cache")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env[name] = str(taken.getsockname()[1]) if value == "taken" else value
        ran = subprocess.run(
            [sys.executable, "-m", "deploy.local", str(folder), "--services=none"],
            capture_output=True,
            text=True,
            timeout=120,
            env=env,
            check=False,
        )
    assert ran.returncode == 1
    last = ran.stdout.strip().splitlines()[-1]
    assert last.startswith(f"error: {line}"), last
    assert "Traceback" not in ran.stdout + ran.stderr
    assert process.find(folder / "run" / "postgres.pid") is None
