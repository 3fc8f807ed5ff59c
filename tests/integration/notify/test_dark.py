"""One of two SMS centres goes dark under load and comes back: nothing is lost or doubled, and the traffic follows by steps."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.testing import TestStack
from shared import clock
from shared.testing.messages import MONDAY
from tests.integration.notify.crowd import Centre, Crowd, abouts, decisions

MOVED = "select count(*) from provider_changes where name = 'one' and why = $1"
UNDER_WAY = "select count(*) from notices where about = any($1) and state in ('delivered', 'unknown', 'pending', 'handed-to-staff')"


PER_S = 100
PATIENCE = 60.0
"""Seconds within which the traffic has to move."""


@dataclass(frozen=True)
class Course:
    """`speed` of the service clock; seconds of real time before the dark, at least in the dark, and at least afterwards."""

    people: Sequence[int]
    speed: int
    light: float
    dark: float
    after: float


SHORT = Course(range(610_000, 618_000), speed=15, light=5, dark=10, after=0)
LONG = Course(range(650_000, 675_000), speed=4, light=20, dark=60, after=70)
"""Ten minutes on the service clock."""


@dataclass
class Two:
    """Two SMS centres and notify."""

    crowd: Crowd
    one: Centre
    other: Centre


@contextlib.asynccontextmanager
async def two(kafka: str, url: str, folder: Path, speed: int) -> AsyncIterator[Two]:
    one, other = (Centre(name, folder / name) for name in ("one", "other"))
    one.start()
    other.start()
    moving = clock.with_anchor(f"{MONDAY.isoformat()}*{speed}")
    rows = [centre.provider(timeout=1) for centre in (one, other)]
    crowd = Crowd(kafka, url, folder, moving, rows)
    await crowd.open()
    try:
        yield Two(crowd, one, other)
    finally:
        await crowd.close()
        one.stop()
        other.stop()


async def play(two: Two, course: Course) -> tuple[list[int], float]:
    """The load, and the dark in the middle of it; who had to be told, and seconds until the traffic had moved."""
    load = Load(two.crowd, course.people)
    loading = asyncio.create_task(load.run())
    await asyncio.sleep(course.light)
    two.one.dark(True)
    begun = time.time()
    await two.crowd.until(MOVED, "failing", wanted=1, seconds=PATIENCE)
    while share_of_one(two, time.time() - 3) > 0.1:
        assert time.time() - begun < PATIENCE, f"{share_of_one(two, time.time() - 3):.0%} still go there"
        await asyncio.sleep(0.2)
    moved = time.time() - begun
    await asyncio.sleep(max(0.0, course.dark - moved))
    two.one.dark(False)
    await asyncio.sleep(course.after)
    await two.crowd.until(MOVED, "back", wanted=2, seconds=300)
    load.enough.set()
    await loading
    return load.told, moved


@dataclass
class Load:
    """Decisions about one person after the other, until it is enough or there is nobody left."""

    crowd: Crowd
    people: Sequence[int]
    told: list[int] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        for begin in range(0, len(self.people), PER_S):
            if self.enough.is_set():
                return
            some = list(self.people[begin : begin + PER_S])
            await self.crowd.publish_steadily(decisions(some), PER_S)
            self.told += some


async def judge(two: Two, people: Sequence[int]) -> None:
    """What has to hold at the end, by the centres' own notes."""
    await two.crowd.until(UNDER_WAY, abouts(people), wanted=len(people), seconds=120)
    told = Counter(n for centre in (two.one, two.other) for n, _ in centre.received())
    doubted = {n for n, _ in two.one.unanswered()}
    assert max(told.values()) == 1, f"told twice: {[n for n, times in told.items() if times > 1][:10]}"
    lost = set(people) - set(told) - doubted
    assert not lost, f"{len(lost)} lost, such as {sorted(lost)[:5]}: {await two.crowd.states(lost)}"
    assert not doubted & set(told), "who may have the text already was told again"
    print(f"\n{len(people)} people, {len(doubted)} in doubt; {await two.crowd.states(people)}")


def share_of_one(two: Two, since: float) -> float:
    """Which part of the texts since a moment was tried at the centre that is dark; all of them if there were too few to tell."""
    there = {n for n, at in two.one.unanswered() if at >= since}
    others = {n for n, at in two.other.received() if at >= since}
    return len(there) / (len(there) + len(others)) if len(others) >= 20 else 1.0


async def damped(two: Two) -> list[tuple[str, int, int]]:
    """Every change of the shares by itself: why, before, after. Each is a step: half at most on the way down, ten on the way back."""
    async with two.crowd.connected() as conn:
        rows = await conn.fetch(
            "select why, before, after from provider_changes where name = 'one' and why <> 'configured' order by id"
        )
    steps = [(row[0], row[1], row[2]) for row in rows]
    for why, before, after in steps:
        assert abs(before - after) <= (max(10, (before + 1) // 2) if why == "failing" else 10), steps
    return steps


@pytest.mark.notify
@pytest.mark.timeout(900)
async def test_a_centre_that_goes_dark_loses_nobody_and_its_traffic_moves_and_comes_back(
    stack: TestStack, database_urls: dict[str, str], tmp_path: Path
) -> None:
    course = LONG if os.environ.get("GONGJI_LONG") else SHORT
    async with two(stack.kafka, database_urls["notify"], tmp_path, course.speed) as both:
        await both.crowd.begin(course.people)
        told, seconds = await play(both, course)
        print(f"\nmoved after {seconds:.0f} s: {await damped(both)}")
        await judge(both, told)
