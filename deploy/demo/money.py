"""What accounts hold and what was booked, as the demo's checks look at it."""

import asyncio

import asyncpg

from deploy.demo import outages
from deploy.demo.world import World
from deploy.reading.seen import Seen
from shared.contracts.base import fen


async def on(database_url: str, *accounts: str) -> int:
    """Fen on these rows of the ledger, both segments together."""
    held = await outages.balances(database_url)
    return sum(held.get(f"{one}:{segment}", 0) for one in accounts for segment in ("current", "historic"))


async def until(database_url: str, wanted: dict[str, int], timeout: float = 60.0) -> dict[str, int]:
    """Waits until these accounts hold these fen, or the time is over; what they hold."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while True:
        found = {account: await on(database_url, account) for account in wanted}
        if found == wanted or loop.time() > deadline:
            return found
        await asyncio.sleep(0.1)


def results(world: World, kind: str, about: str = "") -> list[Seen]:
    """Records of `settlement.results` of one kind, each once: a killed relay says some twice. `about`: of this message or settlement."""
    found = world.follower.named(about, "settlement.results") if about else world.follower.by_topic["settlement.results"]  # fmt: skip
    once = {seen.id: seen for seen in found if seen.spec and seen.spec.short == f"settlement.results.{kind}"}
    return list(once.values())


def credited(world: World) -> int:
    """Fen that the authority has credited so far, each entry number once."""
    found = world.follower.by_topic["account.credits"]
    orders = {seen.raw["entry_id"]: seen for seen in found if seen.spec and seen.spec.short == "account.credits.credited"}  # fmt: skip
    return sum(fen(seen.raw["amount"]) for seen in orders.values())


def premiums(world: World) -> int:
    """Fen paid as premiums so far, less what was cancelled."""
    return sum(
        sign * sum(fen(seen.raw["amount"]) for seen in results(world, kind))
        for kind, sign in (("premium-paid", 1), ("premium-cancelled", -1))
    )


async def booked(database_url: str, account: str, kind: str) -> list[int]:
    """Fen of each line of the ledger of this kind on this account, oldest first."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "select amount from settlement.entry where account = $1 and kind = $2 order by version",
            account,
            kind,
        )
        return [row["amount"] for row in rows]
    finally:
        await connection.close()
