"""The batch step: one transaction a batch (design §3.3). Needs neither Kafka nor FastStream, so that simulations can drive it.

In this order: lock the partitions' rows in `consumed` and drop records below their offsets (fences zombies, makes redelivery free);
claim ids in `inbox`; the handler's `lock → load → decide → save`; due rows; claims with their answers; advance `consumed`; and as
the last statement everything emitted, dead letters included, into `outbox`. Rows of one kind are always touched in sorted order.

If the batch fails on data, it is run again record by record under savepoints, and the culprit becomes a dead letter. If it fails on
infrastructure the error goes to the caller, who waits and offers the batch again, for ever.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter

from shared import log
from shared.clock import Clock
from shared.contracts.base import Message
from shared.db import Conn, Pool, is_infrastructure
from shared.ids import Ids
from shared.messaging import tables
from shared.messaging.brake import Brake, Braked, Controls
from shared.messaging.collector import Collector
from shared.messaging.decode import Dead, Decoded, Decoder, NewerVersion
from shared.messaging.fold import Effects, Entry, fold
from shared.messaging.handler import Due, Handler, Invalid, Tombstone
from shared.messaging.reasons import Reason
from shared.messaging.records import Record
from shared.messaging.registry import Registry, default
from shared.messaging.tables import LostRace, Place
from shared.metrics import Metrics


class BatchStep:
    """Handles batches of records for one handler.

    `paused` holds the partitions that stand before a record of a newer version, with its offset: nothing at or behind it is
    handled, and the caller must not offer it again before the service was deployed anew.
    `committed` is called after each commit that left something in the outbox.
    """

    def __init__(
        self,
        handler: Handler[object],
        pool: Pool,
        clock: Clock,
        ids: Ids,
        *,
        registry: Registry | None = None,
        metrics: Metrics | None = None,
        controls: Controls | None = None,
        brake: Brake | None = None,
        source_fault_limit: int = 500,
        committed: Callable[[], object] = lambda: None,
        notify_channel: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`notify_channel` names the channel on which another process's relay must be woken, if any."""
        self.handler, self.pool, self.clock, self.ids = handler, pool, clock, ids
        self.registry = registry or default()
        self.metrics = metrics or Metrics()
        self.controls = controls or Controls()
        self.brake = brake or Brake()
        self.paused: dict[Place, int] = {}
        self.fault_limit = source_fault_limit
        self._committed, self._notify_channel = committed, notify_channel
        self._decoder = Decoder(self.registry, clock, lambda source: source in self.controls.set_aside)
        self._ahead: Callable[[Message], object] | None = getattr(handler, "prepare", None)
        self._heads: dict[str, str] = {}
        self._log = log.get()

    async def run(self, records: Sequence[Record]) -> None:
        """Handles one batch. Raises `Braked`, `LostRace` or an infrastructure error, with nothing done, to be tried again."""
        if self.controls.braked:
            raise Braked
        entries = self._decode(records)
        if not entries:
            return
        self._prepare(entries)
        started = perf_counter()
        try:
            await self._whole(entries)
        except Exception as error:
            if is_infrastructure(error) or isinstance(error, LostRace):
                raise
            self.metrics.batch_failures.labels("data").inc()
            self._log.warning(
                "batch failed, trying record by record", records=len(entries), **log.fault(error)
            )
            await self.transact(lambda conn: self._singly(conn, entries))
        self.metrics.batch_size.observe(len(records))
        self.metrics.batch_seconds.observe(perf_counter() - started)

    async def apply(self, items: Sequence[Due]) -> None:
        """Decides items that are no records (outcomes of background work) in one transaction of their own.

        All or nothing: raises what the handler raised. Whoever calls must be able to call again.
        """
        async with self.pool.acquire() as conn, conn.transaction():
            effects = await fold(self, conn, [], items)
            await self.write_outbox(conn, effects)
        self._done(effects)

    def _decode(self, records: Sequence[Record]) -> list[Entry]:
        entries: list[Entry] = []
        for record in records:
            place = record.topic, record.partition
            if self.paused and record.offset >= self.paused.get(place, record.offset + 1):
                continue
            try:
                entries.append(self._decoder.decode(record))
            except NewerVersion:
                self.paused[place] = record.offset
                self.metrics.paused.set(len(self.paused))
                self._log.error(
                    "paused at a newer version; deploy this service first",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
        return entries

    def _prepare(self, entries: Sequence[Entry]) -> None:
        """Lets the handler work ahead. What fails here fails again in `decide`, where the culprit is found.

        Not before all is decoded: in turn, decoding and a signature's arithmetic throw each other out of the processor's caches.
        """
        if self._ahead is None:
            return
        for entry in entries:
            if isinstance(entry, Decoded) and not isinstance(entry.event.body, Invalid | Tombstone):
                with contextlib.suppress(Exception):
                    self._ahead(entry.event.body)

    async def _whole(self, entries: Sequence[Entry]) -> None:
        effects = Effects()
        async with self.pool.acquire() as conn, conn.transaction():
            fresh = await self._fence(conn, entries)
            if fresh:
                effects = await fold(self, conn, fresh)
                await tables.advance_consumed(conn, ends(e.record for e in fresh))
                await self.write_outbox(conn, effects)
        self.brake.note([False] * len(fresh))
        self._done(effects)

    async def transact(self, work: Callable[[Conn], Awaitable[tuple[Effects, list[bool]]]]) -> None:
        """A transaction that goes through items one by one and may end in the brake. `work` gives effects and failures."""
        try:
            async with self.pool.acquire() as conn, conn.transaction():
                effects, failures = await work(conn)
                await self.write_outbox(conn, effects)
        except Braked:
            await self._pull_brake()
            raise
        self.brake.note(failures)
        self._done(effects)

    async def _singly(self, conn: Conn, entries: Sequence[Entry]) -> tuple[Effects, list[bool]]:
        total, failures = Effects(), list[bool]()
        fresh = await self._fence(conn, entries)
        for entry in fresh:
            effects, failed = await self._one(conn, entry)
            total.add(effects)
            failures.append(failed)
            if failed and self.brake.trips(failures):
                raise Braked
        if fresh:
            await tables.advance_consumed(conn, ends(e.record for e in fresh))
        return total, failures

    async def _one(self, conn: Conn, entry: Entry) -> tuple[Effects, bool]:
        try:
            async with conn.transaction():
                return await fold(self, conn, [entry]), False
        except Exception as error:
            if is_infrastructure(error) or isinstance(error, LostRace) or not isinstance(entry, Decoded):
                raise
            event = entry.event
            self._log.error(
                "handler failed", **where(entry.record), id=event.id, type=event.type, **log.fault(error)
            )
            kind = type(error).__qualname__
            dead = Dead(
                entry.record,
                Reason.HANDLER_FAILED,
                event.source,
                event.id,
                kind,
                entry.hash,
                event.appended_at,
            )
        async with conn.transaction():
            return await fold(self, conn, [dead]), True

    async def _pull_brake(self) -> None:
        reason = "too many records failed in our own code"
        await self.pool.execute(tables.Q["pull_brake"], reason)
        self.controls.braked = reason
        self.brake.reset()
        self.metrics.brake.set(1)
        self._log.critical("brake pulled", reason=reason, remedy="gongji dead-letters resume")

    async def _fence(self, conn: Conn, entries: Sequence[Entry]) -> list[Entry]:
        """Locks the partitions and drops what was handled before."""
        places = {(e.record.topic, e.record.partition) for e in entries}
        marks = await tables.lock_consumed(conn, places)
        fresh = [e for e in entries if e.record.offset >= marks[e.record.topic, e.record.partition]]
        self.metrics.redelivered.inc(len(entries) - len(fresh))
        return fresh

    async def write_outbox(self, conn: Conn, effects: Effects) -> None:
        """The last statement of a transaction."""
        if effects.outgoing:
            channel = self._notify_channel()
            if channel:
                await conn.execute(tables.Q["notify"], channel)
            await tables.insert_outbox(conn, effects.outgoing)

    def _done(self, effects: Effects) -> None:
        effects.count(self.metrics)
        if effects.set_aside:
            self.controls.set_aside |= frozenset(effects.set_aside)
            self._log.error("sources set aside for their faults", sources=effects.set_aside)
        if effects.outgoing:
            self._committed()

    def collector(self) -> Collector:
        """A fresh collector for one fold."""
        return Collector(self.handler.name, self.registry, self.ids, self._heads)

    @property
    def decoder(self) -> Decoder:
        return self._decoder


def where(record: Record) -> dict[str, object]:
    """What names a record in a log line."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def ends(records: Iterable[Record]) -> dict[Place, int]:
    """The next offset of each partition once `records`, in order, are handled."""
    return {(r.topic, r.partition): r.offset + 1 for r in records}
