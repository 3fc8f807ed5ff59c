"""The second task: leases notices whose time has come, asks the provider without a database connection, stores the outcome.

Outcomes go through the core (`apply`), so that state, reports and the rows behind them change in one transaction.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json

from services.notify.domain.course import Outcome, State
from services.notify.domain.texts import Content
from services.notify.domain.turn import Claimed, HandOver, Later, Overtaken, Send, Skip, Turn, judge, unserved
from services.notify.domain.weights import excused
from services.notify.gauges import Gauges
from services.notify.links import attempt_ended, named_ahead, reference
from services.notify.looking_up import LookingUp
from services.notify.outcomes import Outcomes
from services.notify.providers.interface import Order, Result
from services.notify.providers.switch import Busy, Nobody, Switch
from services.notify.queueing import Asking, Numbers
from services.notify.sealing import Seal, content_row
from services.notify.storage import Q, open_or_none, persons
from shared import log
from shared.clock import Clock
from shared.db import Conn, Pool, is_infrastructure
from shared.messaging.handler import Due
from shared.policies.loader import Policies

_OVERDUE_AT_ONCE: Final = 200
_POISONED: Final = 1.0
"""Seconds of rest after an outcome that cannot be stored: it comes again."""
_GATHER: Final = 0.01
"""Seconds after the end of an attempt in which others may end too, before one look for all of them."""
_CLAIMED: Final = ("template", "decided_at", "created_at", "overtaken", "ahead_sending", "ahead_at", "last")


@dataclass(frozen=True, slots=True)
class _Begun:
    """An attempt that is about to be made."""

    notice_id: UUID
    number: int
    to: str
    content: Content
    created_at: datetime
    due_at: datetime
    provider: str


class Sender:
    """Runs until cancelled; attempts under way are finished within the drain budget by `drain`."""

    def __init__(
        self,
        pool: Pool,
        outcomes: Outcomes,
        clock: Clock,
        policies: Policies,
        media: Sequence[Switch],
        gauges: Gauges,
        seal: Seal,
    ) -> None:
        """`seal`: of the personal data in the tables."""
        self._pool, self._outcomes, self._clock, self._policies = pool, outcomes, clock, policies
        self._media, self._gauges = media, gauges
        self._seal = seal
        self._looking_up = LookingUp(pool, media, seal)
        self._numbers = Numbers(seal.number_key)
        self._running: dict[str, dict[asyncio.Task[None], str]] = {medium.name: {} for medium in media}
        self._ended = asyncio.Event()
        self._log = log.get()

    async def run(self, *, poll: float = 0.1) -> None:
        """Looks for work every `poll` real seconds and when an attempt has ended; an unreachable database is waited for."""

        async def rest() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(poll):
                    await self._ended.wait()
                    await asyncio.sleep(_GATHER)
            self._ended.clear()

        await self._look(self.round, "sender", rest)

    async def mind(self, poll: float = 0.1) -> None:
        """Looks every `poll` real seconds for silence; beside `run`, because a provider that went dark takes its time to say nothing."""
        await self._look(self.overdue, "look for silence", partial(asyncio.sleep, poll))

    async def _look(
        self, once: Callable[[], Awaitable[bool]], what: str, rest: Callable[[], Awaitable[None]]
    ) -> None:
        """Again and again, with a rest when there is nothing more to do."""
        while True:
            try:
                busy = await once()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self._log.warning(f"{what} waits for the database", **log.fault(error))
                busy = False
                await asyncio.sleep(1)
            if not busy:
                await rest()

    async def round(self) -> bool:
        """One look at everything that is due to be sent; whether there may be more. A medium that is out waits where it is, for a while."""
        busy, now = False, self._clock.now()
        for medium in self._media:
            out = medium.out_since(now)
            if out is not None and now - out < self._shortest_wait(now):
                continue
            free = medium.room(Counter(self._running[medium.name].values()), now)
            if free > 0 and await self._take(medium, free) == free:
                busy = True
        return busy

    def _shortest_wait(self, now: datetime) -> timedelta:
        """After an outage of this length some region takes the next medium."""
        waits = (self._policies.at(region, now).notice.outage_wait for region in self._policies.files)
        return timedelta(seconds=min(waits))

    async def drain(self, seconds: float) -> None:
        """Waits for attempts under way; what is not done then is found as crashed after its lease."""
        tasks = [task for running in self._running.values() for task in running]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def overdue(self) -> bool:
        """Silence of providers, and attempts whose process is gone. Who can be asked is asked before silence is taken for an answer."""
        now = self._clock.now()
        rows = await self._pool.fetch(Q["silent"], now, _OVERDUE_AT_ONCE)
        crashed = [row for row in rows if State(row["state"]) is State.SENDING]
        dues = [Due("crashed", str(row["id"]), now, self._named_ahead(row)) for row in crashed]
        dues += await self._looking_up.ask(
            [row for row in rows if State(row["state"]) is not State.SENDING], now
        )
        return await self._put(dues) and len(dues) == _OVERDUE_AT_ONCE

    def _named_ahead(self, row: Record) -> dict[str, object]:
        """An attempt whose process is gone, with the names that its receipts will have."""
        found = [one for medium in self._media if (one := medium.provider(row["provider"]))]
        names = named_ahead(found[0] if found else None, row["id"], row["number"])
        return {"number": row["number"], "provider_ids": names}

    async def _take(self, medium: Switch, free: int) -> int:
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch(Q["claim"], now, medium.name, free)
            contents = {row["id"]: self._content(row) for row in rows}
            turns, chosen = await self._judge(conn, medium, rows, contents, now)
            begun = await self._begin(conn, medium, rows, turns, contents, chosen, now)
        for one in begun:  # before anything else that may take its time: their leases run
            task = asyncio.create_task(self._attempt(medium, one))
            self._running[medium.name][task] = one.provider
            task.add_done_callback(partial(self._over, medium.name))
        await self._never(medium.name, turns, now)
        return len(rows)

    def _over(self, medium: str, task: asyncio.Task[None]) -> None:
        self._running[medium].pop(task, None)
        self._ended.set()

    def _content(self, row: Record) -> Content | Turn:
        """What is to be said, or what becomes of a notice of which nothing is left to say."""
        if row["content"] is None:
            return Overtaken()  # by an erasure
        opened = open_or_none(self._seal, row["content"], content_row(row["id"]))
        return HandOver("content-unreadable") if opened is None else Content(**from_json(opened))

    async def _judge(
        self,
        conn: Conn,
        medium: Switch,
        rows: Sequence[Record],
        contents: Mapping[UUID, Content | Turn],
        now: datetime,
    ) -> tuple[dict[UUID, Turn], dict[UUID, str]]:
        """What becomes of each, and which provider is asked for those that may be sent."""
        people = await persons(conn, (row["psn_no"] for row in rows), self._seal)
        turns: dict[UUID, Turn] = {}
        chosen: dict[UUID, str] = {}
        running = Counter(self._running[medium.name].values())
        asking, waiting = [], []
        for row in sorted(rows, key=lambda row: (row["next_at"], row["version"])):
            claimed = Claimed(*(row[name] for name in _CLAIMED))
            rules = self._policies.at(row["region"], now).notice
            turn = judge(claimed, medium.name, people.get(row["psn_no"]), rules, now)
            if isinstance(turn, Send) and not medium.providers:
                turn = Skip(f"{medium.name}-not-configured")
            if not isinstance(content := contents[row["id"]], Content):
                turn = content
            elif isinstance(turn, Send):
                provider = medium.choose(content, row["last_provider"], running, now)
                if isinstance(provider, Busy):
                    waiting.append(row["id"])
                    continue
                if isinstance(provider, Nobody):
                    turn = unserved(claimed, medium.name, provider.since, rules, now)
                else:
                    chosen[row["id"]] = provider
                    running[provider] += 1
            turns[row["id"]] = turn
            asking.append(Asking(row["id"], claimed, rules))
        if waiting:
            await conn.execute(Q["let_others_by"], waiting)
        return await self._numbers.admit(conn, medium.name, asking, turns, now), chosen

    async def _begin(
        self,
        conn: Conn,
        medium: Switch,
        rows: Sequence[Record],
        turns: dict[UUID, Turn],
        contents: Mapping[UUID, Content | Turn],
        chosen: Mapping[UUID, str],
        now: datetime,
    ) -> list[_Begun]:
        later = [(i, turn.at, turn.reason) for i, turn in turns.items() if isinstance(turn, Later)]
        if later:
            await conn.execute(Q["put_off"], *map(list, zip(*later, strict=True)))
        numbers = {i: turn.number for i, turn in turns.items() if isinstance(turn, Send)}
        if not numbers:
            return []
        providers = {notice_id: chosen[notice_id] for notice_id in numbers}
        made = await conn.fetch(
            Q["begin_attempts"], list(providers), medium.longest, now, list(providers.values())
        )
        begun = {row[0]: row[1] for row in made}
        await self._numbers.use(conn, medium.name, ((i, n, numbers[i]) for i, n in begun.items()), now)
        return [
            _Begun(
                row["id"],
                begun[row["id"]],
                numbers[row["id"]],
                content,
                row["created_at"],
                row["next_at"],
                providers[row["id"]],
            )
            for row in rows
            if row["id"] in begun and isinstance(content := contents[row["id"]], Content)
        ]

    async def _never(self, medium: str, turns: dict[UUID, Turn], now: datetime) -> None:
        """What is not to be sent, or not by this medium."""
        dues = [
            Due("hand-over", str(i), now, {"reason": turn.reason})
            for i, turn in turns.items()
            if isinstance(turn, HandOver)
        ]
        dues += [Due("overtaken", str(i), now) for i, turn in turns.items() if isinstance(turn, Overtaken)]
        dues += [
            Due("skip", str(i), now, {"medium": medium, "reason": turn.reason})
            for i, turn in turns.items()
            if isinstance(turn, Skip)
        ]
        await self._put(dues)

    async def _put(self, dues: Sequence[Due]) -> bool:
        """Whether all are stored. One that can never be, which its place of storing logs, must not stop everybody else's notices."""
        try:
            await self._outcomes.put(dues)
        except Exception:
            await asyncio.sleep(_POISONED)
            return False
        return True

    async def _attempt(self, medium: Switch, begun: _Begun) -> None:
        """One attempt, from the provider's answer to its row. What our own code breaks may have been sent before it broke."""
        begun_at = self._clock.now()
        self._gauges.waited.labels(medium.name).observe((begun_at - begun.created_at).total_seconds())
        fault = False  # ours
        try:
            order = Order(reference(begun.notice_id, begun.number), begun.to, begun.content)
            result = await medium.send(begun.provider, order)
        except Exception as error:
            self._log.error(
                "attempt failed", notice=str(begun.notice_id), provider=begun.provider, **log.fault(error)
            )
            result, fault = Result(Outcome.UNKNOWN, f"{medium.name}-fault"), True
        medium.note(begun.provider, begun.content, result, self._clock.now())
        self._gauges.attempts.labels(medium.name, begun.provider, result.reason).inc()
        if result.outcome not in (Outcome.TECHNICAL, Outcome.THROTTLED):
            handed = begun_at if medium.name == "call" else self._clock.now()
            self._gauges.handed.labels(begun.provider).observe((handed - begun.due_at).total_seconds())
        fault |= excused(result.outcome, result.reason, result.code, up=medium.is_up(begun.provider))
        now = self._clock.now()
        due = attempt_ended(begun.provider, begun.notice_id, begun.number, result, now, excused=fault)
        await self._put([due])  # if it cannot be, the attempt counts as unknown after its lease
