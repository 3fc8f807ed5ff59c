"""The relay: publishes what stands in `outbox`, lowest id first, and deletes it after the broker's answer.

One leader per service, by a session advisory lock on the very connection that reads and deletes: who loses the session loses the power
to go on. A crash between publishing and deleting publishes the same bytes under the same `ce_id` again; the inboxes of the readers
drop them. A key's order is the order of ids, because whoever writes about an entity holds its lock until the commit.
Only one task sends (several overtake one another when a batch is full).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from shared import log
from shared.db import ERRORS, Conn, is_infrastructure
from shared.health import Heartbeat
from shared.messaging.records import Outgoing
from shared.messaging.tables import Q
from shared.metrics import Metrics

ROWS = 16
"""Outbox rows read at once; a row is the output of a batch on one topic."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record (by position) that the broker will never take, and the class of its error."""

    index: int
    error: str


Send: TypeAlias = Callable[[Sequence[Outgoing]], Awaitable[Sequence[Refusal]]]
"""Publishes records in order, all of them acknowledged when it returns, but for those refused for good. Raises for anything else."""

LOCK = "select pg_try_advisory_lock(hashtextextended('gongji.relay.' || current_schema(), 0))"


def channel(service: str) -> str:
    """The notification channel on which a service's leader is woken by its other replicas."""
    return f"outbox_{service}"


class Relay:
    """The relay of one process of a service. `connect` opens the connection that holds the lock."""

    def __init__(
        self,
        service: str,
        connect: Callable[[], Awaitable[Conn]],
        metrics: Metrics | None = None,
        *,
        poll: float = 1.0,
    ) -> None:
        self.service, self.poll = service, poll
        self.metrics = metrics or Metrics()
        self.heartbeat = Heartbeat(120.0)
        self._connect = connect
        self._conn: Conn | None = None
        self._leader = False
        self._wake = asyncio.Event()
        self._stopping = False
        self._log = log.get()

    @property
    def is_leader(self) -> bool:
        return self._leader

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._wake.set()

    def stop(self) -> None:
        """Lets `run` end once what it has sent is acknowledged and deleted, and the outbox is empty."""
        self._stopping = True
        self._wake.set()

    async def lead(self) -> bool:
        """Tries to become the leader; whether this process is."""
        if self._conn is not None and self._conn.is_closed():
            await self.close()
        if self._conn is None:
            self._conn = await self._connect()
        if not self._leader:
            self._leader = bool(await self._conn.fetchval(LOCK))
            if self._leader:
                await self._conn.add_listener(channel(self.service), lambda *_: self._wake.set())
                self.metrics.relay_leader.set(1)
        return self._leader

    async def drain(self, send: Send) -> int:
        """Publishes all that stands in the outbox; the number of records. For the leader only."""
        total = 0
        while count := await self.round(send):
            total += count
            self.heartbeat.beat()
        return total

    async def round(self, send: Send) -> int:
        """Publishes the oldest rows together; the number of records."""
        conn = self._conn
        if conn is None or not self._leader:
            return 0
        rows = await conn.fetch(Q["oldest_outbox"], ROWS)
        if not rows:
            return 0
        records = [
            Outgoing(row[1], *fields) for row in rows for fields in zip(row[2], row[3], row[4], strict=True)
        ]
        refusals = await send(records)
        async with conn.transaction():
            for refusal in refusals:
                await self._set_aside(conn, records[refusal.index], refusal.error)
            await conn.execute(Q["delete_outbox"], [row[0] for row in rows])
        self.metrics.published.inc(len(records) - len(refusals))
        return len(records)

    async def _set_aside(self, conn: Conn, record: Outgoing, error: str) -> None:
        await conn.execute(Q["insert_refused"], record.topic, record.key, record.headers, record.value, error)
        self.metrics.refused.inc()
        self._log.error(
            "record refused by the broker, set aside in table refused", topic=record.topic, error=error
        )

    async def run(self, send: Send) -> None:
        """Leads when it can and publishes, until `stop`. Raises what is neither infrastructure nor the broker's passing trouble."""
        delay = 0.1
        while True:
            last = self._stopping
            try:
                self._wake.clear()
                if await self.lead():
                    await self.drain(send)
                    await self.measure()
                self.heartbeat.beat()
                delay = 0.1
                if last:
                    return
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self._log.warning("relay waits", **log.fault(error))
                await self.close()
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
                continue
            try:
                async with asyncio.timeout(self.poll):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def measure(self) -> None:
        """Depth and age of the outbox, for the metrics."""
        if self._conn is not None:
            row = await self._conn.fetchrow(Q["outbox_depth"])
            assert row is not None
            self.metrics.outbox_rows.set(row[0])
            self.metrics.outbox_age.set(row[1])

    async def close(self) -> None:
        """Gives the lock up."""
        conn, self._conn, self._leader = self._conn, None, False
        self.metrics.relay_leader.set(0)
        if conn is not None and not conn.is_closed():
            try:
                await conn.close(timeout=2)
            except ERRORS:
                conn.terminate()
