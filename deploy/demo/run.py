"""Runs the demo from nothing to its verdict."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console

from deploy import cast, topics
from deploy.demo import (
    money,
    outages,
    program,
    report,
    scene_earmark,
    scene_lost_answer,
    scene_midnight,
    scene_month_end,
    scene_premium,
    scene_reading_again,
    scene_record,
    scene_second_eyes,
    scene_statement,
    scenes_bills,
    scenes_binding,
)
from deploy.demo.channel import Channels
from deploy.demo.follow import Follower
from deploy.demo.node import Node
from deploy.demo.notices import wait_for_notices, what_was_heard
from deploy.demo.peers import Peers
from deploy.demo.rows import Ledger
from deploy.demo.world import World
from deploy.local import up
from deploy.peers.hearing import HEARD
from deploy.reading import running
from shared import clock
from shared.contracts import sources
from shared.contracts.base import fen, yuan
from shared.contracts.settlement_requests import Settle
from shared.contracts.topics import TYPES
from shared.testing.proofs import DEMO_OPERATORS, DEMO_SOURCES

HERE = Path(__file__).parent
MONDAY = "2026-11-30T10:00:00+08:00"
"""The last day of a month, so that midnight is its end, too."""
BEFORE_MIDNIGHT = "2026-11-30T23:59:48+08:00"
PATIENCE = 300.0
"""Real seconds until everything is up: on a machine that is busy with other things Kafka needs minutes for its partitions."""
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
    os.environ["GONGJI_NOTIFY_SPEECH_RATE"] = "360"  # words a minute: nobody listens through six calls
    sources.load.cache_clear()
    peers, ledger = Peers(out), Ledger()
    try:
        console.print("[bold]短信中心和电话 / SMS centre and telephone")
        await peers.start()
        peers.tell_services()
        async with Node(home.parent / "node") as node:
            await _day(home, console, peers, ledger, node)
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
    home: Path, console: Console, at: str, ledger: Ledger, node: Node | None = None
) -> AsyncIterator[tuple[World, dict[str, Any]]]:
    """The stack at `home`, started at the given time, with a world on it; stopped at the end."""
    os.environ["GONGJI_CLOCK"] = clock.with_anchor(at)
    with console.status("Kafka, PostgreSQL, eligibility, audit, notify, settlement ..."):
        told = await asyncio.to_thread(up.detach, home, patience=PATIENCE)
    console.print(
        f"[bold]全部就绪 / everything is up[/]: Kafka {told['kafka']}, {', '.join(told['services'])}"
    )
    shown = clock.from_setting(told["clock"])
    names = {topic.name: topic.partitions for topic in topics.declared()}
    async with (
        Channels(told["kafka"], shown, node, home / up.DOCUMENTS) as channels,
        Follower(told["kafka"], names, shown) as follower,
    ):
        yield World(cast.load(), shown, channels, follower, ledger), told
    await asyncio.to_thread(up.down, home)


async def _day(home: Path, console: Console, peers: Peers, ledger: Ledger, node: Node) -> None:
    async with _stack(home, console, MONDAY, ledger, node) as (world, told):
        await _load_cast(world, told["database_url"])
        console.print("[bold]申请 / requests[/] ...")
        desk = asyncio.create_task(scene_second_eyes.two_persons(world, home), name="demo-desk")
        stranger = asyncio.create_task(scenes_binding.not_confirmed(world), name="demo-stranger")
        (elder, apart, daughter), database = await _requests(world), told["database_url"]
        console.print("[bold]账单 / bills[/] ...")
        await scenes_bills.everyday(world, elder)
        await scenes_bills.bound_and_still_cash(world)
        await scenes_bills.undone(world)
        await scene_lost_answer.reversed_and_settled_again(world, database)
        await scene_earmark.spent_and_given_back(world, apart, database)
        await scene_premium.one_fen_short(world, daughter, database)
        console.print("[bold]kill -9 settlement[/] ...")
        await _killed_in_the_middle(world, home)
        console.print("[bold]通知 / notices[/] ...")
        seen_by_two, _ = await asyncio.gather(desk, stranger)
        await _everybody_told(world, home)
        scene_second_eyes.told_once(world, peers, seen_by_two)
        scene_lost_answer.told_once(world, peers)
        await _conserved(world, database)


async def _requests(world: World) -> tuple[UUID, UUID, UUID]:
    """All scenes of requests; what does not depend on one another goes at the same time.

    Returns the bindings of which bills are to come: the elder's, the one across provinces, the one that pays a premium.
    """
    await scenes_binding.families_approved_at_once(world)
    scenes = scenes_binding
    others = asyncio.gather(
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
    elder, apart, daughter, _ = await asyncio.gather(
        scenes.elder_at_the_counter(world), scene_earmark.agreed(world), scene_premium.bound(world), others
    )
    await scenes.taken_back(world)
    return elder, apart, daughter


async def _everybody_told(world: World, home: Path) -> None:
    """Waits for the last text and the last call, so that what comes later is known to be new."""
    left = "0 left"
    try:
        await outages.quiet(running.find({}, home))
    except TimeoutError as error:
        left = str(error)
    world.ledger.check("该通知的都已通知到底 / nobody is still to be told", left == "0 left", left)
    await wait_for_notices(world)


async def _load_cast(world: World, database_url: str) -> None:
    """Publishes the cast as the authority and waits until every service has read it."""
    wanted: dict[str, int] = {}
    for short, body in world.cast.messages(world.now()):
        await world.channels.say("authority", short, body)
        wanted[TYPES[short].topic] = wanted.get(TYPES[short].topic, 0) + 1
    await scene_reading_again.read(database_url, ("eligibility", "settlement"), wanted)


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
    credited = money.credited(world)
    held = sum((await outages.balances(database_url)).values())
    paid, cash = scenes_bills.total_cash_and_shares(world)
    premiums = money.premiums(world)
    world.ledger.check(
        "资金守恒：划入 = 余额 + 已付 / money is conserved: credited = held + paid",
        credited == held + fen(paid) + premiums,
        f"{yuan(credited)} = {yuan(held)} + {paid} + {yuan(premiums)} premiums; cash {cash}",
    )


async def _night(home: Path, console: Console, peers: Peers, ledger: Ledger) -> None:
    """Restarts everything shortly before midnight, from the beginning of all topics."""
    before = await scene_reading_again.forget(home, peers)
    console.print("[bold]所有主题从头重读 / all topics are read again from the beginning[/] ...")
    async with _stack(home, console, BEFORE_MIDNIGHT, ledger) as (world, told):
        await scene_reading_again.nothing_twice(world, told["database_url"], peers, before)
        await scene_midnight.across_midnight(world)
        console.print("[bold]月末 / the month's end[/] ...")
        await scene_month_end.closed_after_the_break(world, home)
        await scene_statement.written(world, home, peers.out, told["database_url"])
        console.print("[bold]记录 / the record[/] ...")
        await scene_record.sealed_and_found(world, home, told["database_url"])
        await _sound(world, home)


async def _sound(world: World, home: Path) -> None:
    """The last word is the operator's own command."""
    said = await program.gongji(home, "ledger", "verify")
    title = "gongji ledger verify：账务平衡 / the ledger is sound"
    world.ledger.check(title, said.status == 0, said.text.strip()[-200:])


def home_of_demo(root: Path) -> Path:
    """The demo's own folder, apart from a stack that may run."""
    return root / "demo"
