"""Runs a service: order of start and stop, probes, and the tasks beside the subscriber.

Start: HTTP, PostgreSQL (bounded waiting), migrations, checks, producer and relay, subscriber, due rows, background work.
Stop (SIGTERM, SIGINT): the subscriber drains, background work ends, the relay publishes what is left, then producer and pool close;
a pool that closed before the drain would lose the batch in flight.
Exit codes: 0 after a signal; 75 (try again) when Kafka or PostgreSQL cannot be reached in time or a client is broken for good;
78 (configuration) when starting again would not help.
"""

import asyncio
import contextlib
import gc
import inspect
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiokafka.errors import KafkaError

from shared import clock, db, health, log
from shared.ids import SystemIds
from shared.messaging.brake import Controls
from shared.messaging.consumer import Consumer
from shared.messaging.due import DueRows
from shared.messaging.handler import Due, Handler
from shared.messaging.producer import KafkaSender, make_producer
from shared.messaging.registry import Registry
from shared.messaging.relay import Relay, channel
from shared.messaging.step import BatchStep
from shared.messaging.watch import prune, watch_database, watch_due, watch_kafka
from shared.metrics import Metrics
from shared.settings import ServiceSettings

TRY_AGAIN, MISCONFIGURED = 75, 78
CORE_SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True, slots=True)
class Running:
    """What background work of a service gets: it leases its own rows, works without a connection and hands over outcomes.

    `apply` decides outcomes in a transaction of their own (`lock → load → decide → save`), between batches, at once.
    """

    pool: db.Pool
    clock: clock.SystemClock
    ids: SystemIds
    metrics: Metrics
    stopping: asyncio.Event
    apply: Callable[[Sequence[Due]], Awaitable[None]]


Background = Callable[[Running], Awaitable[None]]


class CannotStart(Exception):
    """One clear line and an exit code."""

    def __init__(self, line: str, code: int = TRY_AGAIN) -> None:
        super().__init__(line)
        self.code = code


async def run(
    handler: Handler[Any],
    settings: ServiceSettings,
    background: Sequence[Background] = (),
    *,
    registry: Registry | None = None,
) -> int:
    """Runs the service until a signal or a fatal state; the exit code. `registry` replaces that of the contracts in tests."""
    log.configure(handler.name, settings.log_level)
    service = _Service(handler, settings, background, registry)
    try:
        await service.start()
        return await service.until_the_end()
    except CannotStart as error:
        log.get().error("cannot start", why=str(error))
        return error.code
    finally:
        await service.stop()


def main(handler: Handler[Any], settings: ServiceSettings, background: Sequence[Background] = ()) -> None:
    """`run` on uvloop; exits the process with its code."""
    sys.exit(uvloop.run(run(handler, settings, background)))


class _Service:
    def __init__(
        self,
        handler: Handler[Any],
        settings: ServiceSettings,
        background: Sequence[Background],
        registry: Registry | None,
    ) -> None:
        self.handler, self.settings, self.background, self.registry = handler, settings, background, registry
        self.metrics = Metrics()
        self.health = health.Health(self.metrics)
        self.clock = clock.from_setting(settings.clock)
        self.stopping = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.closers = contextlib.AsyncExitStack()
        self._log = log.get()
        self.consumer: Consumer | None = None
        self.relay: Relay | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        server = await health.serve(self.health, self.settings.http_host, self.settings.http_port)
        self.closers.callback(server.close)
        port = server.sockets[0].getsockname()[1]
        pool = await self._open_database()
        await self._wait_for_brake(pool)
        self.step = BatchStep(
            self.handler,
            pool,
            self.clock,
            SystemIds(),
            registry=self.registry,
            metrics=self.metrics,
            controls=self.controls,
            source_fault_limit=self.settings.source_fault_limit,
            committed=lambda: self.relay.wake() if self.relay else None,
            notify_channel=lambda: (
                None if self.relay and self.relay.is_leader else channel(self.handler.name)
            ),
        )
        await self._start_kafka(pool)
        _spare_the_collector()
        self.health.set("start", None)
        self._log.info("started", http_port=port, topics=list(self.handler.topics))

    async def _open_database(self) -> db.Pool:
        url, name = self.settings.database_url.get_secret_value(), self.handler.name
        pool: db.Pool = await self._patiently(
            "PostgreSQL", lambda: db.open_pool(url, name, size=4 + len(self.background))
        )
        self.closers.push_async_callback(_close_pool, pool)
        self.controls = Controls()
        async with pool.acquire() as conn:
            try:
                await db.check_durable(conn)
                if self.settings.migrate:
                    await db.migrate(conn, name, [CORE_SCHEMA, *migrations_of(self.handler)])
            except RuntimeError as error:
                raise CannotStart(str(error), MISCONFIGURED) from None
            await self.controls.refresh(conn)
        return pool

    async def _wait_for_brake(self, pool: db.Pool) -> None:
        """A service that its brake stopped stays stopped across restarts: it answers its probes and reads nothing."""
        self.health.set("brake", self.controls.braked)
        while self.controls.braked and not self.stopping.is_set():
            self.metrics.brake.set(1)
            self.health.set("brake", self.controls.braked)
            await asyncio.sleep(1)
            with contextlib.suppress(*db.ERRORS):
                await self.controls.refresh(pool)
        self.metrics.brake.set(0)
        self.health.set("brake", None)

    async def _start_kafka(self, pool: db.Pool) -> None:
        url = self.settings.database_url.get_secret_value()

        async def connect() -> db.Conn:
            return await asyncpg.connect(
                url, server_settings=db.connection_settings(self.handler.name), timeout=10, command_timeout=60
            )

        relay = Relay(self.handler.name, connect, self.metrics)
        self.closers.push_async_callback(relay.close)
        sender = KafkaSender(lambda: make_producer(self.settings), self.metrics)
        self.closers.push_async_callback(sender.stop)
        await self._patiently("Kafka", sender.start)
        self.health.live["relay"] = relay.heartbeat.check
        self._task("relay", relay.run(sender))
        self.relay = relay
        self.consumer = Consumer(self.settings, self.step, self.health)
        await self._patiently("Kafka", self.consumer.start)
        dues = DueRows(self.step)
        self._task("due", watch_due(self.consumer, dues))
        self._task(
            "database", watch_database(pool, self.controls, self.health, self.metrics, self.step.brake)
        )
        self._task("kafka", watch_kafka(self.consumer, self.health))
        self._task("prune", prune(pool, self.clock, self.settings.inbox_days))
        running = Running(pool, self.clock, self.step.ids, self.metrics, self.stopping, self._apply)  # type: ignore[arg-type]
        for number, work in enumerate(self.background):
            self._task(f"background-{number}", _await(work, running))

    async def _apply(self, items: Sequence[Due]) -> None:
        assert self.consumer is not None
        async with self.consumer.turn:
            await self.step.apply(items)

    async def _patiently(self, what: str, attempt: Callable[[], Awaitable[Any]]) -> Any:
        """Tries until the start timeout. Raises `CannotStart`."""
        end = asyncio.get_running_loop().time() + self.settings.start_timeout
        delay = 0.2
        while True:
            try:
                return await attempt()
            except (*db.ERRORS, KafkaError) as error:
                if asyncio.get_running_loop().time() + delay > end or self.stopping.is_set():
                    raise CannotStart(f"{what} cannot be reached ({type(error).__name__})") from None
            await asyncio.sleep(delay)
            delay = min(delay * 2, 3.0)

    def _task(self, name: str, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self.tasks.append(task)
        return task

    async def until_the_end(self) -> int:
        """Waits for a signal, the end of a task that must not end, or a dead consumer."""
        assert self.consumer is not None
        stop = asyncio.create_task(self.stopping.wait())
        waiting: set[asyncio.Future[Any]] = {stop, self.consumer.fatal, *self.tasks}
        while True:
            done, _ = await asyncio.wait(waiting, timeout=2, return_when=asyncio.FIRST_COMPLETED)
            if stop in done:
                return 0
            dead = self.health.dead()
            if not done and not dead:
                continue
            if self.consumer.fatal in done:
                self._log.critical("ending", why=self.consumer.fatal.result())
                return MISCONFIGURED if "shorter" in self.consumer.fatal.result() else TRY_AGAIN
            for task in self.tasks:
                if task in done:
                    error = task.exception()
                    facts = log.fault(error) if error else {}
                    self._log.critical("a task ended", task=task.get_name(), **facts)
            if dead:
                self._log.critical("no progress", why=dead)
            return TRY_AGAIN

    async def stop(self) -> None:
        """Drains, in order; each part within its own time."""
        self.stopping.set()
        self.health.set("stop", "stopping")
        if self.consumer is not None:
            with contextlib.suppress(Exception):
                await self.consumer.stop()
        await self._end_tasks()
        await self.closers.aclose()
        self._log.info("stopped")

    async def _end_tasks(self) -> None:
        """Background work saw `stopping` and gets a moment; then the relay publishes what is left."""
        own = [task for task in self.tasks if task.get_name().startswith("background-")]
        if own:
            await asyncio.wait(own, timeout=5)
        if self.relay is not None:
            self.relay.stop()
            await asyncio.wait([task for task in self.tasks if task.get_name() == "relay"], timeout=5)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def _spare_the_collector() -> None:
    """A batch makes tens of thousands of objects and no cycles; looking for some after every 700 costs a tenth of the CPU.

    What counts is objects made and not yet freed: a batch of 500 requests has about 60,000 of them, gone when it ends.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)


async def _await(work: Background, running: Running) -> None:
    await work(running)
    if not running.stopping.is_set():
        raise RuntimeError("background work ended by itself")


async def _close_pool(pool: db.Pool) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def migrations_of(handler: Handler[Any]) -> list[Path]:
    """The service's own migrations: `migrations/*.sql` beside the module of its handler, in order."""
    return sorted(Path(inspect.getfile(type(handler))).with_name("migrations").glob("*.sql"))
