"""Rows that fire at a time: review deadlines, consents that expire, retries of a call.

A row may fire only when nothing that was appended before `due_at` is still unread, or a consent that arrived in time would find its
binding expired. An entity's messages may stand on any partition of any topic of the service, since keys differ from topic to topic; so
the core takes the minimum over all of them. That is conservative: one partition that lags holds back every row of the
service. In exchange it needs no knowledge of keys, survives repartitioning, and cannot be wrong. Alarm: `gongji_due_overdue_rows`.

`consumed.read_until` holds, per partition, a time at which everything appended before had been handled. `note_read` moves it: take the
time, then ask the broker for the end of the partition; where `next_offset` has reached that end, that time is right.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pydantic_core import from_json, to_json

from shared import log
from shared.db import Conn, is_infrastructure
from shared.messaging import tables
from shared.messaging.brake import Braked
from shared.messaging.dead_letters import dead_letter
from shared.messaging.decode import Dead
from shared.messaging.fold import Effects, fold
from shared.messaging.handler import Due
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.messaging.step import BatchStep
from shared.messaging.tables import Place, Q

BATCH = 500


class DueRows:
    """Fires the due rows of one service, through its batch step."""

    def __init__(self, step: BatchStep) -> None:
        self.step = step
        self._log = log.get()

    async def note_read(self, ends: Mapping[Place, int], before: datetime) -> None:
        """Records that partitions whose `ends` (asked for after `before`) have been handled were read until `before`."""
        if ends:
            places = sorted(ends)
            columns = [t for t, _ in places], [p for _, p in places], [ends[p] for p in places]
            await self.step.pool.execute(Q["note_read"], *columns, before)

    async def waiting(self) -> bool:
        """Whether a row's time has come, fired or not."""
        first: datetime | None = await self.step.pool.fetchval(Q["next_due"])
        return first is not None and first <= self.step.clock.now()

    async def safe_until(self, places: Collection[Place]) -> datetime | None:
        """The time up to which every one of `places` (all partitions of all the service's topics) has been read."""
        wanted = sorted(places)
        row = await self.step.pool.fetchrow(Q["read_until"], [t for t, _ in wanted], [p for _, p in wanted])
        assert row is not None
        until: datetime | None = row[1]
        return until if wanted and row[0] == len(wanted) else None

    async def fire(self, places: Collection[Place], limit: int = BATCH) -> int:
        """Fires what may fire, at most `limit` rows, in one transaction; how many were tried. Raises as `BatchStep.run` does."""
        if self.step.controls.braked:
            raise Braked
        safe = await self.safe_until(places)
        now = self.step.clock.now()
        self.step.metrics.due_overdue.set(await self.step.pool.fetchval(Q["overdue"], now))
        if safe is None:
            return 0
        rows = await self.step.pool.fetch(Q["dues_until"], min(safe, now), limit)
        dues = [Due(kind, entity, at, from_json(body), trace, True) for kind, entity, at, body, trace in rows]
        if dues:
            await self._fire(dues)
        return len(dues)

    async def _fire(self, dues: Sequence[Due]) -> None:
        try:
            await self.step.apply(dues)
        except Exception as error:
            if is_infrastructure(error) or isinstance(error, tables.LostRace):
                raise
            self._log.warning("due rows failed, trying one by one", rows=len(dues), **log.fault(error))
            await self.step.transact(lambda conn: self._singly(conn, dues))

    async def _singly(self, conn: Conn, dues: Sequence[Due]) -> tuple[Effects, list[bool]]:
        total, failures = Effects(), list[bool]()
        for due in dues:
            try:
                async with conn.transaction():
                    total.add(await fold(self.step, conn, [], [due]))
                failures.append(False)
            except Exception as error:
                if is_infrastructure(error) or isinstance(error, tables.LostRace):
                    raise
                self._log.error("due row failed", kind=due.kind, **log.fault(error))
                failures.append(True)
                if self.step.brake.trips(failures):
                    raise Braked from None
                # Its entity is not locked any more: a row that was set anew meanwhile stays, and fires at its time.
                if await conn.fetch(Q["take_dues"], [due.kind], [due.entity], [due.time]):
                    total.add(self._bury(due, type(error).__qualname__))
        return total, failures

    def _bury(self, due: Due, error: str) -> Effects:
        """A due row that our code cannot decide becomes a dead letter of topic `due`; `restore` puts it back."""
        now = int(self.step.clock.now().timestamp() * 1000)
        value = to_json(
            {"kind": due.kind, "entity": due.entity, "due_at": due.time, "body": due.body, "trace": due.trace}
        )
        record = PlainRecord("due", 0, 0, now, due.entity.encode(), value)
        effects = Effects(
            [dead_letter(self.step.handler.name, Dead(record, Reason.HANDLER_FAILED, error=error))]
        )
        effects.dead[Reason.HANDLER_FAILED.value] += 1
        return effects


async def restore(conn: Conn, value: bytes) -> bool:
    """Puts the due row of a dead letter back; False where the entity has another one by now. Raises `ValueError` for other values."""
    row = from_json(value)
    try:
        at, body = datetime.fromisoformat(row["due_at"]), to_json(row["body"]).decode()
        columns = row["kind"], row["entity"], at, body, row["trace"]
    except (KeyError, TypeError) as error:
        raise ValueError("this is no dead letter of a due row") from error
    return bool(await conn.fetchval(Q["restore_due"], *columns))
