"""Runs the demo from nothing to its verdict."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from deploy import cast, topics
from deploy.demo import outages, report, scene_midnight, scene_record, scenes_bills, scenes_binding
from deploy.demo.channel import Channels
from deploy.demo.follow import Follower
from deploy.demo.notices import wait_for_notices, what_was_heard
from deploy.demo.peers import Peers
from deploy.demo.rows import Ledger
from deploy.demo.world import World
from deploy.local import stack, up
from deploy.peers.hearing import HEARD
from shared import clock
from shared.contracts import sources
from shared.contracts.base import fen, yuan
from shared.contracts.settlement_requests import Settle
from shared.contracts.topics import TYPES
from shared.testing.proofs import DEMO_OPERATORS, DEMO_SOURCES

HERE = Path(__file__).parent
MONDAY = "2026-11-23T10:00:00+08:00"
BEFORE_MIDNIGHT = "2026-11-23T23:59:48+08:00"
BURST = 200
"""Bills of one yuan in flight while settlement is killed."""


async def run(home: Path, out: Path, console: Console) -> bool:
    """The whole demo in `home` (emptied first), with recordings below `out`. Returns whether everything was as expected."""
    await asyncio.to_thread(up.down, home)
    for folder in (home, out):
        shutil.rmtree(folder, ignore_errors=True)
    os.environ["GONGJI_REGIONS_DIR"] = str(HERE / "policies")
    os.environ["GONGJI_SOURCES"] = str(DEMO_SOURCES)
    os.environ["GONGJI_OPERATORS"] = str(DEMO_OPERATORS)
    os.environ["GONGJI_NOTIFY_SPEECH_DIR"] = str(out / "speech")
    os.environ["GONGJI_NOTIFY_SPEECH_RATE"] = "260"  # words a minute: nobody listens through five calls
    sources.load.cache_clear()
    peers, ledger = Peers(out), Ledger()
    try:
        console.print("[bold]短信中心和电话 / SMS centre and telephone")
        await peers.start()
        peers.tell_services()
        await _day(home, console, peers, ledger)
        await _night(home, console, peers, ledger)
    finally:
        await asyncio.to_thread(up.down, home)
        peers.stop()
    heard = what_was_heard(peers, out / "speech")
    told_by_call = sum(row.notice.startswith("电话") for row in ledger.requests)
    whole = sum(likeness >= HEARD for likeness, _ in heard.values())
    title = "电话里听到的就是所说的（互相关 ≥ 0.95） / phones heard what was said (cross-correlation)"
    ledger.check(
        title, whole >= told_by_call > 0, f"{whole} whole calls, {told_by_call} requests told by call"
    )
    report.show(console, ledger, peers, heard)
    return ledger.as_expected


@asynccontextmanager
async def _stack(
    home: Path, console: Console, at: str, ledger: Ledger
) -> AsyncIterator[tuple[World, dict[str, Any]]]:
    """The stack at `home`, started at the given time, with a world on it; stopped at the end."""
    os.environ["GONGJI_CLOCK"] = clock.with_anchor(at)
    with console.status("Kafka, PostgreSQL, eligibility, audit, notify, settlement ..."):
        told = await asyncio.to_thread(up.detach, home)
    console.print(
        f"[bold]全部就绪 / everything is up[/]: Kafka {told['kafka']}, {', '.join(told['services'])}"
    )
    shown = clock.from_setting(told["clock"])
    names = {topic.name: topic.partitions for topic in topics.declared()}
    async with (
        Channels(told["kafka"], shown, home.parent / "node", home / up.DOCUMENTS) as channels,
        Follower(told["kafka"], names, shown) as follower,
    ):
        yield World(cast.load(), shown, channels, follower, ledger), told
    await asyncio.to_thread(up.down, home)


async def _day(home: Path, console: Console, peers: Peers, ledger: Ledger) -> None:
    async with _stack(home, console, MONDAY, ledger) as (world, told):
        await _load_cast(world, told["database_url"])
        console.print("[bold]申请 / requests[/] ...")
        elder = await _requests(world)
        console.print("[bold]账单 / bills[/] ...")
        await scenes_bills.everyday(world, elder)
        await scenes_bills.bound_and_still_cash(world)
        await scenes_bills.undone(world)
        console.print("[bold]kill -9 settlement[/] ...")
        await _killed_in_the_middle(world, home)
        console.print("[bold]通知 / notices[/] ...")
        await wait_for_notices(world)
        await _conserved(world, told["database_url"])


async def _requests(world: World) -> Any:
    """All scenes of requests; what does not depend on one another goes at the same time."""
    await scenes_binding.families_approved_at_once(world)
    scenes = scenes_binding
    results = await asyncio.gather(
        scenes.elder_at_the_counter(world),
        scenes.refusals(world),
        scenes.mended_after_refusal(world),
        scenes.reviewed_by_a_person(world),
        scenes.consent(world),
        scenes.second_sponsor(world),
        scenes.withdrawn(world),
        scenes.two_sponsors_race(world),
        scenes.duplicate(world),
        scenes.poison(world),
        scenes.somebody_elses_face(world),
        scene_midnight.two_regions(world),
    )
    await scenes.taken_back(world)
    return results[0]


async def _load_cast(world: World, database_url: str) -> None:
    """Publishes the cast as the authority and waits until every service has read it."""
    wanted: dict[str, int] = {}
    for short, body in world.cast.messages(world.now()):
        await world.channels.say("authority", short, body)
        wanted[TYPES[short].topic] = wanted.get(TYPES[short].topic, 0) + 1
    await _read(database_url, ("eligibility", "settlement"), wanted)


async def _read(
    database_url: str, services: Sequence[str], wanted: dict[str, int], timeout: float = 30.0
) -> None:
    """Waits until each service has read so many records of each of its topics. Raises `TimeoutError`."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(timeout):
            for service in services:
                query = (
                    f'select topic, sum(next_offset)::bigint as read from "{service}".consumed group by topic'
                )
                while any(row["read"] < wanted.get(row["topic"], 0) for row in await connection.fetch(query)):
                    await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def _killed_in_the_middle(world: World, home: Path) -> None:
    """A burst of small bills; settlement is killed among them; each is booked once."""
    patient, msgids = world.cast["zhou-min"], []
    for number in range(BURST):
        body = Settle(**world.bill_of(patient, fen("1.00"), fixmedins_code=scenes_bills.HOSPITAL))
        msgids.append(body.msgid)
        await world.channels.say("his-first", "settlement.requests.settle", body)
        if number == BURST // 2:
            killed = asyncio.create_task(outages.kill_settlement(world, home))
    await killed
    for msgid in msgids:
        await world.answer("his-first", msgid)
    booked = [s for m in msgids for s in world.follower.named(m, "settlement.results")]
    paid = sum(fen(seen.raw["acct_pay"]) for seen in {seen.id: seen for seen in booked}.values())
    world.ledger.check(
        f"中断时在途的{BURST}笔账单每笔恰好记账一次 / each of the {BURST} bills in flight was booked once",
        len({seen.id for seen in booked}) == BURST and paid == BURST * 100,
        f"{len({seen.id for seen in booked})} results, {yuan(paid)} yuan",
    )


async def _conserved(world: World, database_url: str) -> None:
    """Credited = what accounts hold now + what they paid net of what came back."""
    credited = sum(sum(member.credits.values()) for member in world.cast.persons.values())
    held = sum((await outages.balances(database_url)).values())
    paid, cash = scenes_bills.total_cash_and_shares(world)
    world.ledger.check(
        "资金守恒：划入 = 余额 + 已付 / money is conserved: credited = held + paid",
        credited == held + fen(paid),
        f"{yuan(credited)} = {yuan(held)} + {paid}; cash {cash}",
    )


async def _night(home: Path, console: Console, peers: Peers, ledger: Ledger) -> None:
    """Restarts everything shortly before midnight, from the beginning of all topics."""
    texts, calls = len(peers.texts()), len(peers.calls())
    offsets, before = await _forget(home)
    console.print("[bold]所有主题从头重读 / all topics are read again from the beginning[/] ...")
    async with _stack(home, console, BEFORE_MIDNIGHT, ledger) as (world, told):
        for service, wanted in offsets.items():
            await _read(told["database_url"], (service,), wanted)
        sent = len(peers.texts()) - texts + len(peers.calls()) - calls
        after = await outages.balances(told["database_url"])
        moved = sum(abs(after.get(account, 0) - fen_before) for account, fen_before in before.items())
        ledger.check(
            "从头重读：0 条消息发出，0 分钱移动 / read again: 0 messages sent, 0 fen moved",
            sent == 0 and moved == 0,
            f"{sent} sent, {moved} fen",
        )
        await scene_midnight.across_midnight(world)
        console.print("[bold]记录 / the record[/] ...")
        await scene_record.sealed_and_found(world, home, told["database_url"])


async def _forget(home: Path) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """With the services stopped: remembers how far each had read and every balance, then sets all back to the beginning."""
    servers = await stack.start(home)
    try:
        connection = await asyncpg.connect(servers.database_url)
        offsets = {}
        for service in ("eligibility", "audit", "notify", "settlement"):
            rows = await connection.fetch(
                f'select topic, sum(next_offset)::bigint as n from "{service}".consumed group by topic'
            )
            offsets[service] = {row["topic"]: row["n"] for row in rows}
        await connection.close()
        held = await outages.balances(servers.database_url)
        await outages.forget_what_was_read(servers.database_url)
        return offsets, held
    finally:
        await stack.stop(servers)


def home_of_demo(root: Path) -> Path:
    """The demo's own folder, apart from a stack that may run."""
    return root / "demo"
