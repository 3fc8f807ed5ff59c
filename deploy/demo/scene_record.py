"""The record after midnight: sealed, a decision proven by the day's root alone, and one byte changed by a superuser found and named."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg

from deploy.demo.world import World
from deploy.reading import record, running
from deploy.reading.running import Running
from services.audit.domain import proving
from services.audit.domain.record import Seal
from services.audit.record.verifying import Found

ONE_BYTE = (
    "update audit_record.record_entry set body = set_byte(body, 20, get_byte(body, 20) # 1)"
    " where chain = $1 and position = $2"
)
"""Changes a byte of an entry; the same statement again puts it back."""
PATIENCE = 120.0


async def sealed_and_found(world: World, home: Path, database_url: str) -> None:
    """`database_url`: the superuser's, which does what no role of a service may."""
    stack = running.find({}, home)
    seal = await _sealed(stack)
    whole = await _verified(stack)
    missing = await record.beside_topic(stack, lambda _: None)
    world.ledger.check(
        "记录完整：每项决定、每次查看个人信息都在链上 / the record is whole: every decision and every view is on it",
        not whole.broken and not missing,
        f"{whole.entries} entries, {whole.links} links, {whole.chains} chains",
    )
    await _proven(world, stack, seal)
    await _changed(world, stack, database_url)


async def _sealed(stack: Running) -> Seal:
    """The last day's seal. Raises `TimeoutError` when there is none."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await record.seals(stack)):
            await asyncio.sleep(0.1)
    return found[-1][0]


async def _verified(stack: Running) -> Found:
    return await record.verify(stack, None, lambda _: None, lambda _: None)


async def _proven(world: World, stack: Running, seal: Seal) -> None:
    """The day's first decision, as somebody checks it who has the proof, its bytes and the published root, and no database."""
    first = world.follower.by_topic["binding.decisions"][0]
    proof = await record.prove(stack, UUID(first.raw["binding_id"]), first.raw["version"])
    told = proving.Proof.model_validate_json(proof.model_dump_json())
    holds = proving.check(told, seal.root) is None and proving.is_body(told, first.value or b"")
    title = "一项决定凭零点封存的根即可验证，无需数据库 / a decision is proven by the root sealed at midnight alone"
    steps = len(told.links) + len(told.head.path)
    world.ledger.check(title, holds, f"{seal.day} {seal.root.hex()[:16]}…, {steps} steps")


async def _changed(world: World, stack: Running, database_url: str) -> None:
    target = world.follower.by_topic["binding.decisions"][-1]
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(
            "select chain, position from audit_record.record_entry where binding_id = $1 and version = $2",
            UUID(target.raw["binding_id"]),
            target.raw["version"],
        )
        assert row is not None, "what was published is on the record"
        await _flip(connection, row["chain"], row["position"])
        found = await _verified(stack)
        await _flip(connection, row["chain"], row["position"])
    finally:
        await connection.close()
    first, after = found.first, await _verified(stack)
    named = first is not None and (first.code, first.chain, first.position) == (
        "entry-changed", row["chain"], row["position"]
    )  # fmt: skip
    title = "超级用户改动记录的一个字节：核验指出该条 / one byte of the record changed by a superuser: the entry is named"
    world.ledger.check(title, named and not after.broken, f"{first}; put back, the record is whole")


async def _flip(connection: "asyncpg.Connection[asyncpg.Record]", chain: str, position: int) -> None:
    """With the triggers off, which only a superuser can."""
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(ONE_BYTE, chain, position)
