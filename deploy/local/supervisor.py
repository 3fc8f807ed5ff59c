"""Keeps Kafka, PostgreSQL and the services of one folder running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.local import http, kafka, postgres, process, state
from deploy.local.console import Console
from deploy.local.errors import StackError
from deploy.local.programs import Program
from deploy.local.restarts import Policy, after_end, how_ended
from deploy.local.stack import Server, Stack, stop

POLL = 0.1
PATIENCE = 25.0  # a service drains for up to 20 s


@dataclass(slots=True)
class Running:
    """One program and how it fares. `state`: starting, running, waiting (for a restart), failed."""

    program: Program
    process: psutil.Process | None = None
    state: str = "starting"
    restarts: int = 0
    failures: int = 0
    since: float = 0.0


class Supervisor:
    """Runs `programs` beside the servers of `stack`. `run` returns after `stopping` was set and everything has stopped."""

    def __init__(
        self, stack: Stack, programs: Sequence[Program], console: Console, policy: Policy | None = None
    ) -> None:
        self.stack = stack
        self.console = console
        self.policy = policy or Policy()
        self.stopping = asyncio.Event()
        self.members = {program.name: Running(program) for program in programs}
        self.ready = False
        self.away: set[str] = set()  # servers that are being started again
        self.extra: dict[str, Any] = {}
        self.database_urls: Mapping[str, str] = {}

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, keep it running, stop it in order."""
        tasks = [asyncio.create_task(self._keep_server(server)) for server in self.stack.servers]
        for member in self.members.values():
            log = self._log(member)
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
            tasks.append(asyncio.create_task(self.console.follow(member.program.name, log)))
            tasks.append(asyncio.create_task(self._keep(member)))
        tasks.append(asyncio.create_task(self._watch_readiness(on_ready)))
        stopped = asyncio.create_task(self.stopping.wait())
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
        finally:
            for task in (stopped, *tasks):
                task.cancel()
            await asyncio.gather(stopped, *tasks, return_exceptions=True)
            await self.stop()

    async def stop(self) -> None:
        """Stop the services, then the servers, and forget the state."""
        self.console.say("stopping")
        alive = [m.process for m in self.members.values() if m.process is not None]
        await asyncio.gather(*(asyncio.to_thread(process.stop, p, signal.SIGTERM, PATIENCE) for p in alive))
        for member in self.members.values():
            self._pid_file(member).unlink(missing_ok=True)
        await stop(self.stack)
        state.file_of(self.stack.home).unlink(missing_ok=True)

    def publish(self) -> None:
        """Write `stack.json`."""
        groups: dict[str, dict[str, Any]] = {"services": {}, "stand_ins": {}}
        for name, member in self.members.items():
            groups[member.program.group][name] = {
                "pid": member.process.pid if member.process else None,
                "http": member.program.http,
                "state": member.state,
                "restarts": member.restarts,
                "database_url": self.database_urls.get(name),
            }
        servers = {}
        for server in self.stack.servers:
            found = server.running()
            servers[server.name] = {
                "pid": found.pid if found else None,
                "port": server.port,
                "log": str(server.log),
            }
        state.write(
            self.stack.home,
            {
                "kafka": self.stack.kafka,
                "database_url": self.stack.database_url,
                "ready": self.ready,
                "supervisor": {"pid": os.getpid()},
                "servers": servers,
                **groups,
                **self.extra,
            },
        )

    def _pid_file(self, member: Running) -> Path:
        return self.stack.home / "run" / f"{member.program.name}.pid"

    def _log(self, member: Running) -> Path:
        return self.stack.home / "log" / f"{member.program.name}.log"

    def _start(self, member: Running) -> None:
        child = process.spawn(
            member.program.argv,
            log=self._log(member),
            pid_file=self._pid_file(member),
            env=member.program.environment(),
            cwd=Path.cwd(),
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            member.process = psutil.Process(child.pid)
        member.since = time.monotonic()
        member.state = "running"
        self.publish()

    async def _keep(self, member: Running) -> None:
        """Start a program and start it again when it ends, until the limit; then wait for ever."""
        name = member.program.name
        while member.state != "failed":
            self._start(member)
            while member.process is not None and process.alive(member.process):
                await asyncio.sleep(POLL)
            code = process.reap(member.process.pid) if member.process else None
            member.process, member.state, self.ready = None, "waiting", False
            ran = time.monotonic() - member.since
            answered = await self._servers_answer()
            what = after_end(self.policy, member.failures, ran, code, answered)
            member.failures = what.failures
            if what.delay is None:
                member.state = "failed"
                self.console.say(
                    f"{name} {how_ended(code)}, {what.failures} times in a row: given up. Its log: {self._log(member)}"
                )
            else:
                member.restarts += 1
                self.console.say(f"{name} {how_ended(code)}; starting it again in {what.delay:.1f} s")
                self.publish()
                await asyncio.sleep(what.delay)
                while what.outage and not await self._servers_answer():
                    await asyncio.sleep(0.3)
        self.publish()
        await asyncio.Event().wait()

    async def _servers_answer(self) -> bool:
        both = await asyncio.gather(
            kafka.answers(self.stack.kafka, 2.0), postgres.answers(self.stack.database_url, 2.0)
        )
        return all(both)

    async def _keep_server(self, server: Server) -> None:
        """Start one of our own servers again whenever it ends, on the same port with the same data."""
        failures = 0
        while True:
            await asyncio.sleep(POLL)
            found = server.running()
            if found is not None:
                continue
            self.console.say(f"{server.name} ended; starting it again")
            self.away.add(server.name)
            self.ready = False
            try:
                server.launch()
                self.publish()
                await server.ready()
                failures = 0
                self.away.discard(server.name)
                self.console.say(f"{server.name} is back")
            except (StackError, OSError) as error:
                failures += 1
                self.console.say(str(error))
                await asyncio.sleep(min(10.0, 0.5 * 2**failures))
            self.publish()

    async def _watch_readiness(self, on_ready: Callable[[], None]) -> None:
        """Say once that everything is ready, and keep `ready` of `stack.json` true to life."""
        first = True
        while True:
            ready = await self.all_ready()
            if ready != self.ready:
                self.ready = ready
                self.publish()
                if ready and first:
                    first = False
                    on_ready()
            await asyncio.sleep(0.2 if first else 1.0)

    async def all_ready(self) -> bool:
        """Whether every program runs and says that it is ready."""
        if self.away or any(member.state != "running" for member in self.members.values()):
            return False
        ports = [member.program.port for member in self.members.values() if member.program.port]
        answers = await asyncio.gather(*map(http.readiness, ports))
        return not self.away and all(answer["ok"] for answer in answers)

    def failed(self) -> list[str]:
        """Names of the programs that were given up."""
        return [name for name, member in self.members.items() if member.state == "failed"]
