"""One of two SMS centres goes dark under load and comes back: nothing is lost or doubled, and the traffic follows by steps."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.testing import TestStack
from shared import clock
from shared.testing.messages import MONDAY
from tests.integration.notify.crowd import Centre, Crowd, abouts, decisions

MOVED = "select count(*) from provider_changes where name = 'one' and why = $1"
UNDER_WAY = "select count(*) from notices where about = any($1) and state in ('delivered', 'unknown', 'pending', 'handed-to-staff')"


@dataclass(frozen=True)
class Course:
    """Seconds of real time, on a clock that runs `speed` times as fast; `first`: number of the first person."""

    first: int
    speed: int
    per_s: int
    light: float
    dark: float
    after: float
    moves: float  # from the dark until the other has nine texts of ten

    @property
    def people(self) -> list[int]:
        return list(range(self.first, self.first + int(self.per_s * (self.light + self.dark + self.after))))


SHORT = Course(first=610_000, speed=20, per_s=100, light=5, dark=16, after=14, moves=12)
LONG = Course(first=650_000, speed=4, per_s=100, light=20, dark=60, after=70, moves=15)
"""Ten minutes on the service clock; in one of them the traffic moves."""


@dataclass
class Two:
    """Two SMS centres and notify; `at` is when the one went dark, when it came back, and when the load ended."""

    crowd: Crowd
    one: Centre
    other: Centre
    at: tuple[float, float, float] = (0, 0, 0)


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


async def play(two: Two, course: Course) -> None:
    """The load, and the dark in the middle of it."""
    loading = asyncio.create_task(two.crowd.publish_steadily(decisions(course.people), course.per_s))
    await asyncio.sleep(course.light)
    two.one.dark(True)
    dark = time.time()
    await asyncio.sleep(course.dark)
    two.one.dark(False)
    light = time.time()
    await loading
    two.at = dark, light, time.time()


async def judge(two: Two, course: Course) -> None:
    """What has to hold at the end, by the centres' own notes."""
    people = course.people
    await two.crowd.until(UNDER_WAY, abouts(people), wanted=len(people), seconds=120)
    told = Counter(n for centre in (two.one, two.other) for n, _ in centre.received())
    doubted = {n for n, _ in two.one.unanswered()}
    assert max(told.values()) == 1, f"told twice: {[n for n, times in told.items() if times > 1][:10]}"
    lost = set(people) - set(told) - doubted
    assert not lost, f"{len(lost)} lost, such as {sorted(lost)[:5]}: {await two.crowd.states(lost)}"
    assert not doubted & set(told), "who may have the text already was told again"
    print(f"\n{len(people)} people, {len(doubted)} in doubt; {await two.crowd.states(people)}")


def share_of_one(two: Two, begin: float, end: float) -> float:
    """Which part of the texts between two moments was tried at the centre that is dark."""
    there = sum(begin <= at <= end for _, at in two.one.unanswered() + two.one.received())
    others = sum(begin <= at <= end for _, at in two.other.received())
    return there / max(1, there + others)


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
        await play(both, course)
        dark, light, _ = both.at
        assert share_of_one(both, dark - course.light, dark) > 0.2
        assert share_of_one(both, dark + course.moves, light) < 0.1
        await both.crowd.until(MOVED, "back", wanted=2, seconds=300)
        steps = await damped(both)
        assert [why for why, _, _ in steps[-2:]] == ["back", "back"]
        await judge(both, course)
