"""The line survives thousands of deaths at every point between two calls; planted bugs do not stay hidden.

`GONGJI_LONG=1` plays 100,000 deaths; `GONGJI_SEED` sets the first seed. Each failure names its seed.
"""

import os
from collections import Counter
from collections.abc import Mapping

import pytest
from rich.progress import Progress

from shared.db import Pool
from tests.simulation import planted
from tests.simulation.episode import builders, play
from tests.simulation.line import Build, Line
from tests.simulation.workload import USUAL

pytestmark = [pytest.mark.simulation, pytest.mark.filterwarnings("ignore::asyncpg.InterfaceWarning")]
LONG = bool(os.environ.get("GONGJI_LONG"))
WANTED = 100_000 if LONG else 3_000
SEED = int(os.environ.get("GONGJI_SEED", "1"))
EPISODES = 20
"""In how many episodes a planted bug must have shown itself."""


@pytest.mark.timeout(3600 if LONG else 1200)
async def test_thousands_of_deaths_break_nothing(pools: dict[str, Pool]) -> None:
    deaths: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    seed, builds = SEED, builders()
    with Progress(disable=not LONG) as bar:
        task = bar.add_task("deaths", total=WANTED)
        while deaths.total() < WANTED:
            report = await play(seed, pools, builds)
            assert not report.violations, f"{report.violations[:5]}; GONGJI_SEED={seed} plays it first"
            deaths += report.deaths
            seen += report.seen
            seed += 1
            bar.update(task, completed=deaths.total(), description=f"deaths, seed {seed}")
    print(f"seeds {SEED}..{seed - 1}: {deaths.total()} deaths at {len(deaths)} kinds of points; {dict(seen)}")
    assert all(seen[what] for what in ("redelivered", "takeovers", "late wake-ups", "pairs")), seen
    for service in ("eligibility", "audit", "notify", "settlement"):
        for point in ("before commit", "after commit"):
            assert deaths[f"{service}: {point}"], f"no death {point} of {service} was tried"
        assert deaths[f"{service} relay: after publishing"], f"no relay of {service} died before deleting"


async def found(
    pools: Mapping[str, Pool],
    builds: Mapping[str, Build],
    mix: Mapping[str, float],
    *symptoms: str,
    kind: type[Line] = Line,
    crowd: float = 0.9,
) -> str:
    """The first violation that names a symptom; fails when there is none in `EPISODES` episodes of the mix."""
    for seed in range(SEED, SEED + EPISODES):
        report = await play(seed, pools, builds, length=100, deaths=0, crowd=crowd, kind=kind, mix=mix)
        for violation in report.violations:
            if any(symptom in violation for symptom in symptoms):
                return f"seed {seed}: {violation}"
    pytest.fail(f"the bug was not found in {EPISODES} episodes")


@pytest.mark.timeout(600)
async def test_finds_two_relays_that_publish_one_key(pools: dict[str, Pool]) -> None:
    assert await found(pools, builders(), USUAL, "versions", "out of order", kind=planted.TwoRelays)


@pytest.mark.timeout(600)
async def test_finds_facts_read_before_the_lock(pools: dict[str, Pool]) -> None:
    builds = await planted.facts_before_lock(builders(), pools["admin"])
    assert await found(pools, builds, {"bill": 1}, "ledger:", "CheckViolationError")


@pytest.mark.timeout(600)
async def test_finds_slot_write_skew(pools: dict[str, Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    planted.slots_without_locks(monkeypatch)
    assert await found(pools, builders(), {"apply": 5, "unbind": 2}, "sponsors of one beneficiary")


@pytest.mark.timeout(600)
async def test_finds_a_replay_that_counts_twice(
    pools: dict[str, Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted.replays_that_count_again(monkeypatch)
    assert await found(pools, builders(), {"apply": 1, "replay": 1}, "answers to")


@pytest.mark.timeout(600)
async def test_finds_a_deadline_ahead_of_unread_messages(pools: dict[str, Pool]) -> None:
    mix = {"apply": 3, "consent_and_lag": 1}
    kind = planted.DueAheadOfMessages
    assert await found(pools, builders(), mix, "in spite of a consent", kind=kind, crowd=0.0)
