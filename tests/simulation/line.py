"""The four services on the model broker: replicas that fetch, handle, publish, fire and die."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from shared.db import Pool, is_infrastructure
from shared.messaging.brake import Brake
from shared.messaging.due import DueRows
from shared.messaging.handler import Handler
from shared.messaging.records import Outgoing, PlainRecord
from shared.messaging.registry import default
from shared.messaging.relay import Refusal, Relay
from shared.messaging.step import BatchStep
from shared.messaging.tables import LostRace
from tests.simulation.broker import ModelBroker, Place
from tests.simulation.dying import Died, Fate, MortalConnection, MortalPool
from tests.simulation.virtual import SeededIds, VirtualClock

Build = Callable[[], Handler[Any]]
registry = cache(default)


class Replica:
    """One process of a service: batch step, due rows and relay over one mortal pool. A dead one is replaced, never revived."""

    def __init__(
        self, build: Build, pool: Pool, broker: ModelBroker, clock: VirtualClock, ids: SeededIds, fate: Fate
    ) -> None:
        self.handler = build()
        self.name = self.handler.name
        self.broker, self.fate = broker, fate
        self.real_pool = pool
        mortal: Any = MortalPool(pool, fate, self.name)
        self.step = BatchStep(
            self.handler, mortal, clock, ids, registry=registry(), brake=Brake(run=10**6, share=1.1)
        )
        self.due = DueRows(self.step)
        self.clock = clock
        self.positions: dict[Place, int] = {}
        self.held: list[PlainRecord] = []

    async def seek(self) -> None:
        """On assignment: to the offsets in the database."""
        rows = await self.real_pool.fetch("select topic, partition, next_offset from consumed")
        self.positions = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    def fetch(
        self, chance: random.Random, limit: int, assigned: Sequence[Place] | None = None
    ) -> list[PlainRecord]:
        """A batch as aiokafka would give it: runs of some partitions, in order; positions move on."""
        places = list(assigned or self.broker.places(self.handler.topics))
        chance.shuffle(places)
        batch: list[PlainRecord] = []
        for place in places:
            at = self.positions.get(place, 0)
            records = self.broker.read(place, at, chance.randint(1, limit))
            batch += records
            self.positions[place] = at + len(records)
            if len(batch) >= limit or (batch and chance.random() < 0.2):
                break
        return batch

    async def handle(self, batch: list[PlainRecord]) -> None:
        """One batch step."""
        if batch:
            await self.step.run(batch)

    async def fire(self) -> int:
        """Notes what was read up to now and fires due rows."""
        places = self.broker.places(self.handler.topics)
        now = self.clock.now()
        await self.due.note_read({place: self.broker.end(place) for place in places}, now)
        return await self.due.fire(places)

    async def relay(self) -> int:
        """Leads, publishes one round and gives the lock back. May die between publishing and deleting."""
        async with self.real_pool.acquire() as raw:
            mortal: Any = MortalConnection(raw, self.fate, f"{self.name} relay")

            async def connect() -> Any:
                return mortal

            relay = Relay(self.name, connect)
            try:
                return await relay.round(self._send) if await relay.lead() else 0
            finally:
                await raw.reset()

    async def _send(self, records: Any) -> list[Refusal]:
        sent: list[Outgoing] = list(records)
        for number, record in enumerate(sent):
            if number % 7 == 0:
                await self.fate.point(f"{self.name} relay", "while publishing")
            self.broker.publish([record])
        await self.fate.point(f"{self.name} relay", "after publishing")
        return []


class Line:
    """All replicas of all services. `builds` gives a fresh handler per service, `pools` the real pool of each."""

    replica_kind: type[Replica] = Replica

    def __init__(self, builds: Mapping[str, Build], pools: Mapping[str, Pool], seed: int) -> None:
        self.clock = VirtualClock()
        self.chance = random.Random(f"{seed}:line")
        self.ids = SeededIds(self.clock, random.Random(f"{seed}:ids"))
        self.broker = ModelBroker(self.clock)
        self.fate = Fate(str(seed))
        self._builds, self._pools = builds, pools
        self.replicas: dict[str, Replica] = {name: self._new(name) for name in builds}
        self.zombies: list[Replica] = []
        self.seen: dict[str, int] = {
            "deaths": 0,
            "redelivered": 0,
            "takeovers": 0,
            "late wake-ups": 0,
            "pairs": 0,
        }

    def _new(self, name: str) -> Replica:
        return self.replica_kind(
            self._builds[name], self._pools[name], self.broker, self.clock, self.ids, self.fate
        )

    async def start(self) -> None:
        """Seeks every replica to its offsets."""
        for replica in self.replicas.values():
            await replica.seek()

    async def bury(self, name: str) -> None:
        """A replica died: a fresh one takes its place."""
        self.seen["deaths"] += 1
        self.replicas[name] = self._new(name)
        await self.replicas[name].seek()

    async def take_over(self, name: str) -> None:
        """A replica pauses with a batch in its hands; another takes its partitions. The paused one wakes later."""
        old = self.replicas[name]
        old.held = old.fetch(self.chance, 20)
        if old.held:
            self.zombies.append(old)
            self.seen["takeovers"] += 1
        self.replicas[name] = self._new(name)
        await self.replicas[name].seek()

    async def wake(self) -> None:
        """A paused replica wakes late and handles what it holds, in the belief that it is still its own."""
        if self.zombies:
            zombie = self.zombies.pop(self.chance.randrange(len(self.zombies)))
            self.seen["late wake-ups"] += 1
            await zombie.handle(zombie.held)

    async def redeliver(self, name: str) -> None:
        """The broker forgets how far the replica was."""
        replica = self.replicas[name]
        for place, at in list(replica.positions.items()):
            if at and self.chance.random() < 0.5:
                replica.positions[place] = self.chance.randrange(at)
                self.seen["redelivered"] += 1

    def busiest(self) -> str:
        """The service with the most records before it."""
        unread = {
            name: sum(
                self.broker.end(p) - r.positions.get(p, 0) for p in self.broker.places(r.handler.topics)
            )
            for name, r in self.replicas.items()
        }
        return max(unread, key=unread.__getitem__)

    async def pair(self, name: str) -> None:
        """Two replicas of one service handle different partitions at the same moment."""
        one, other = self.replicas[name], self._new(name)
        await other.seek()
        places = self.broker.places(one.handler.topics)
        self.chance.shuffle(places)
        first = one.fetch(self.chance, 30, places[::2])
        second = other.fetch(self.chance, 30, places[1::2])
        self.seen["pairs"] += bool(first and second)
        outcomes = await asyncio.gather(one.handle(first), other.handle(second), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Died):
                await self.bury(name)
            elif isinstance(outcome, BaseException):
                if not (is_infrastructure(outcome) or isinstance(outcome, LostRace)):
                    raise outcome
                await one.seek()

    async def act(self, name: str, action: str) -> int:
        """One action of one replica; whether anything happened. A death ends in a fresh replica."""
        replica = self.replicas[name]
        try:
            if action == "handle":
                batch = replica.fetch(self.chance, self.chance.choice((1, 3, 10, 40)))
                await replica.handle(batch)
                return len(batch)
            return await (replica.relay() if action == "relay" else replica.fire())
        except Died:
            await self.bury(name)
            return 1

    async def settle_down(self) -> None:
        """Without further accidents: lets everything run until nothing happens any more."""
        self.fate.spare()
        while self.zombies:
            await self.wake()
        while True:
            done = 0
            for name in self.replicas:
                for action in ("handle", "relay", "fire"):
                    done += await self.act(name, action)
            if not done:
                return
