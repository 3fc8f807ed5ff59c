"""The record on real PostgreSQL: written by the real batch step, refused to be changed, verified and proven by the real command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio
from pydantic_core import from_json, to_json
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local import databases
from deploy.local.testing import PASSWORD, TestStack
from services.audit.domain import proving, record
from services.audit.record import proofs, verifying
from services.audit.record.proofs import NotSealed
from services.audit.record.verifying import Found
from shared import db
from shared.contracts.base import UUID
from shared.messaging.service import CORE_SCHEMA
from shared.testing.messages import MONDAY
from tests.integration.audit.replica import Replica, about, look
from tests.unit.audit.line import passed, verdict

MIGRATIONS = Path(record.__file__).parents[1] / "migrations"


class Places(NamedTuple):
    """Audit by its own role, and the administrator."""

    replica: Replica
    admin: asyncpg.Connection[asyncpg.Record]
    urls: dict[str, str]


@pytest_asyncio.fixture
async def places(database_urls: dict[str, str]) -> AsyncIterator[Places]:
    replica = await Replica.open(database_urls["audit"])
    admin = await asyncpg.connect(database_urls["admin"])
    yield Places(replica, admin, database_urls)
    await admin.close()
    await replica.pool.close()


async def verified(replica: Replica, since: date | None = None) -> Found:
    """What `gongji record verify` finds."""
    rows: list[int] = []
    async with replica.pool.acquire() as conn, conn.transaction(readonly=True):
        found = await verifying.verify(conn, since, rows.append)
    async with replica.pool.acquire() as conn:
        assert found.broken or sum(rows) == await verifying.size(conn), "the progress bar ends at its end"
    return found


async def as_superuser(admin: asyncpg.Connection[asyncpg.Record], statement: str, *values: object) -> None:
    """What only somebody above all roles can do: with the triggers off."""
    async with admin.transaction():
        await admin.execute("set local session_replication_role = replica")
        status = await admin.execute(statement, *values)
        assert not status.endswith(" 0"), "the attack does something"


async def some(replica: Replica) -> list[UUID]:
    """Batches on two partitions, a review, views."""
    ids = await replica.bind(1, 5)
    ids += await replica.bind(6, 4, partition=1)
    queued = about(UUID(int=ids[-1].int + 1), passed(proven=()))
    await replica.take(queued, partition=1)
    await replica.take(look(queued.binding_id), look(ids[0], '投诉复核 "A"\n'))
    await replica.take(verdict("approve").model_copy(update={"binding_id": queued.binding_id}))
    return [*ids, queued.binding_id]


async def test_everything_published_and_seen_is_on_the_record_and_provable(places: Places) -> None:
    replica = places.replica
    await some(replica)
    found = await verified(replica)
    assert found.broken == []
    assert (found.chains, found.links, found.entries, found.bindings) == (4, 5, 23, 10)
    published = await replica.published()
    rows = await replica.pool.fetch("select * from audit_record.record_entry where version is not null")
    hashes = {(str(r["binding_id"]), r["version"]): json.loads(r["body"])["sha256"] for r in rows}
    assert hashes == {(b["binding_id"], b["version"]): sha256(raw).hexdigest() for raw, b in published}
    (seal,) = await replica.seal()
    for raw, told in published:
        async with replica.pool.acquire() as conn:
            proof = await proofs.prove(conn, UUID(told["binding_id"]), told["version"])
        assert proof is not None
        assert proving.check(proof, seal.root) is None
        assert proving.is_body(proof, raw)
    views = [json.loads(r[0]) for r in await replica.pool.fetch("select body from audit_record.record_entry where chain = 'desk'")]  # fmt: skip
    assert [(v["by"], v["why"]) for v in views] == [("op-1", "电话核实关系"), ("op-1", '投诉复核 "A"')]


async def test_an_entry_is_proven_through_later_links_once_its_day_is_sealed(places: Places) -> None:
    replica = places.replica
    (one,) = await replica.bind(1, 1)
    for n in range(2, 30):
        await replica.bind(n, 1)
    async with replica.pool.acquire() as conn:
        with pytest.raises(NotSealed):
            await proofs.prove(conn, one, 1)
    (first,) = await replica.seal()
    await replica.bind(50, 2)
    await replica.seal()
    async with replica.pool.acquire() as conn:
        proof = await proofs.prove(conn, one, 1)
        assert await proofs.prove(conn, one, 9) is None
    assert proof is not None
    assert len(proof.links) == 28
    assert proving.check(proof, first.root) is None, "the first seal over it is enough"


REFUSED = (
    "update audit_record.record_entry set body = body",
    "delete from audit_record.record_entry",
    "truncate audit_record.record_entry",
    "update audit_record.record_link set at = at",
    "delete from audit_record.record_link",
    "truncate audit_record.record_link, audit_record.record_entry",
    "update audit_record.record_seal set root = root",
    "delete from audit_record.record_seal",
    "truncate audit_record.record_seal",
    "drop table audit_record.record_entry",
    "drop schema audit_record cascade",
    "alter table audit_record.record_entry disable trigger all",
    "alter table audit_record.record_entry owner to gongji_audit",
    "create or replace function audit_record.is_kept() returns trigger language plpgsql as 'begin return null; end'",
    "set role gongji_record",
    "set session_replication_role = replica",
)


async def test_the_services_role_may_add_and_read_and_nothing_else(places: Places) -> None:
    await some(places.replica)
    await places.replica.seal()
    await places.replica.pool.execute(
        "grant update on audit_record.record_entry to gongji_audit"
    )  # warns, grants nothing
    for statement in REFUSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await places.replica.pool.execute(statement)
    for table in ("record_entry", "record_link", "record_seal"):
        for statement in (f"delete from audit_record.{table}", f"truncate audit_record.{table}"):
            with pytest.raises(asyncpg.RaiseError, match="append only"):
                await places.admin.execute(statement)
    assert (await verified(places.replica)).broken == []


async def test_one_byte_that_a_superuser_changes_is_found_and_its_entry_named(places: Places) -> None:
    ids = await some(places.replica)
    await places.replica.seal()
    change = (
        "update audit_record.record_entry set body = set_byte(body, 20, get_byte(body, 20) # 1)"
        " where chain = 'binding.screenings/0' and position = 5"
    )
    await as_superuser(places.admin, change)
    found = await verified(places.replica)
    first = found.first
    assert first is not None
    assert (first.code, first.chain, first.position) == ("entry-changed", "binding.screenings/0", 5)
    assert (first.binding_id, first.version, first.at) == (str(ids[2]), 2, MONDAY)
    await as_superuser(places.admin, change)
    assert (await verified(places.replica)).broken == [], "put back, it is whole again"


ENTRY, LINK, SEAL = "audit_record.record_entry", "audit_record.record_link", "audit_record.record_seal"
ATTACKS = [
    (f"update {ENTRY} set body = convert_to(replace(convert_from(body, 'UTF8'), 'approved', 'rejected'), 'UTF8') where position = 3 and chain like '%/0'", "entry-changed"),
    (f"update {ENTRY} set version = 7 where chain = 'binding.screenings/1' and position = 2", "entry-misfiled"),
    (f"delete from {ENTRY} where chain = 'binding.screenings/1' and position = 2", "entry-missing"),
    (f"delete from {ENTRY} where chain = 'desk'", "entry-missing"),
    (f"insert into {ENTRY} select chain, position + 100, binding_id, version, digest, body from {ENTRY} where position = 0 and chain = 'desk'", "entry-unlinked"),
    (f"insert into {ENTRY} select 'made/0', position, binding_id, version, digest, body from {ENTRY} where position = 0 and chain = 'desk'", "entry-unlinked"),
    (f"update {LINK} set at = at + interval '1 s' where chain = 'desk'", "link-broken"),
    (f"update {LINK} set head = batch where chain = 'desk'", "link-broken"),
    (f"delete from {LINK} where chain = 'binding.screenings/1' and position = 0", "link-missing"),
    (f"update {SEAL} set root = previous where day = '2026-11-24'", "seal-broken"),
    (f"delete from {SEAL} where day = '2026-11-23'", "seal-broken"),
    (f"delete from {SEAL} where day = '2026-11-24'", "seal-missing"),
    (f"update {SEAL} set entries[1] = 1", "seal-broken"),
    ("update audit.binding set body = replace(body, 'approved', 'suspended')", "binding-changed"),
    ("update audit.binding set version = version + 1", "binding-behind"),
    ("delete from audit.binding where state = 'approved'", "binding-missing"),
]  # fmt: skip


@pytest.mark.parametrize(("attack", "code"), ATTACKS)
async def test_what_was_changed_or_removed_is_found(places: Places, attack: str, code: str) -> None:
    await some(places.replica)
    await places.replica.seal(3)
    assert (await verified(places.replica)).broken == []
    await as_superuser(places.admin, attack)
    assert (await verified(places.replica)).first.code == code  # type: ignore[union-attr]


async def test_a_removed_end_of_a_chain_is_found_by_the_seal_and_before_it_by_the_bindings(
    places: Places,
) -> None:
    replica = places.replica
    await some(replica)
    last = await replica.bind(40, 1)
    end = await replica.pool.fetchval(
        f"select max(position) from {LINK} where chain = 'binding.screenings/0'"
    )
    for table in (ENTRY, LINK):
        await as_superuser(
            places.admin, f"delete from {table} where chain = 'binding.screenings/0' and position >= $1", end
        )
    first = (await verified(replica)).first
    assert first is not None
    assert (first.code, first.binding_id) == ("binding-behind", str(last[0]))
    await as_superuser(places.admin, "delete from audit.binding where binding_id = $1", last[0])
    assert (await verified(replica)).broken == [], "with its row gone, too, only the topic tells: see --topic"
    await replica.seal()
    end = await replica.pool.fetchval(
        f"select max(position) from {LINK} where chain = 'binding.screenings/1'"
    )
    for table in (ENTRY, LINK):
        await as_superuser(
            places.admin, f"delete from {table} where chain = 'binding.screenings/1' and position >= $1", end
        )
    assert (await verified(replica)).first.code == "seal-broken"  # type: ignore[union-attr]


async def test_verification_from_a_day_on_believes_what_came_before(places: Places) -> None:
    replica = places.replica
    await some(replica)
    await replica.seal()
    await replica.bind(40, 2)
    await as_superuser(places.admin, f"update {LINK} set at = at + interval '1 s' where chain = 'desk'")
    tuesday = MONDAY.date() + timedelta(days=1)
    found = await verified(replica, tuesday)
    assert [one.chain for one in found.broken] == ["desk"], "a chain without later links is read whole"
    assert found.entries < (await verified(replica)).entries


async def views(replica: Replica, ids: list[UUID], partition: int) -> None:
    for one in ids:
        await replica.take(look(one), partition=partition)


async def test_two_replicas_share_the_chains_of_due_rows_and_views(places: Places) -> None:
    replica = places.replica
    ids = await replica.bind(1, 20)
    other = await Replica.open(places.urls["audit"])
    try:
        await asyncio.gather(views(replica, ids, partition=2), views(other, ids, partition=3))
    finally:
        await other.pool.close()
    found = await verified(replica)
    assert found.broken == []
    assert await replica.pool.fetchval(f"select count(*) from {ENTRY} where chain = 'desk'") == 40


async def test_days_are_sealed_once_by_however_many_and_downtime_is_made_up_for(places: Places) -> None:
    replica = places.replica
    assert await replica.seal() == [], "nothing to seal"
    await replica.bind(1, 3)
    other = await Replica.open(places.urls["audit"])
    replica.clock.at += timedelta(days=3)
    other.clock.at = replica.clock.at
    try:
        made = await asyncio.gather(replica.seal(0), other.seal(0))
    finally:
        await other.pool.close()
    days = [one.day for seals in made for one in seals]
    assert days == [date(2026, 11, 24) + timedelta(days=n) for n in range(3)]
    assert await replica.seal(0) == []
    found = await verified(replica)
    assert (found.broken, found.seals) == ([], 3)


async def test_views_and_bindings_from_before_there_was_a_record_move_into_it(
    database_urls: dict[str, str],
) -> None:
    async with await db.open_pool(database_urls["audit"], "audit") as pool, pool.acquire() as conn:
        await db.migrate(conn, "audit", [CORE_SCHEMA, MIGRATIONS / "0001_init.sql"])
        why = 'A"\\\n电话核实/'
        await conn.execute("insert into reveal (binding_id, operator_id, at, why) select gen_random_uuid(), 'op-' || n, $1, $2 from generate_series(1, 3) n", MONDAY, why)  # fmt: skip
        await conn.execute(
            "insert into binding (binding_id, version, state, at, round, admdvs, channel, sponsor_psn_no, relation, requested_at, body)"
            " values (gen_random_uuid(), 3, 'ended', now(), 1, '330100', 'app', 'S1', 'child', now(), '{}')"
        )
    replica = await Replica.open(database_urls["audit"])
    try:
        assert (await verified(replica)).broken == []
        await replica.bind(1, 2)
        await replica.take(look((await replica.bind(5, 1))[0], why))
        found = await verified(replica)
        assert (found.broken, found.entries) == ([], 10)
        rows = await replica.pool.fetch(f"select body from {ENTRY} where chain = 'desk' order by position")
        told = [json.loads(row[0]) for row in rows]
        at = record._time(MONDAY)
        assert [(t["by"], t["at"], t["why"]) for t in told] == [(f"op-{n}", at, why) for n in (1, 2, 3)] + [
            ("op-1", at, why)
        ]
        kept = from_json(record.view(UUID(told[0]["binding_id"]), "op-1", why, MONDAY, "of-today"))
        del kept["request"]  # nobody knows any more which message asked
        assert rows[0][0] == to_json(kept), "byte for byte"
    finally:
        await replica.pool.close()


async def test_a_record_that_audit_made_by_itself_is_taken_from_it_when_it_is_provisioned(
    stack: TestStack, database_urls: dict[str, str]
) -> None:
    admin = await asyncpg.connect(database_urls["admin"])
    database = await admin.fetchval("select quote_ident(current_database())")
    await admin.execute("drop schema audit_record cascade")
    await admin.execute(f"grant create on database {database} to gongji_audit")
    replica = await Replica.open(database_urls["audit"])
    try:
        await some(replica)
        for statement in REFUSED[:9]:
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError)):
                await replica.pool.execute(statement)
        await databases.create_roles(database_urls["admin"], {"audit": PASSWORD})
        await databases.create_schemas(database_urls["admin"], ["audit"])
        await replica.bind(40, 2)
        for statement in REFUSED:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await replica.pool.execute(statement)
        assert (await verified(replica)).broken == []
    finally:
        await replica.pool.close()
        await admin.close()


Command = Callable[..., Any]


@pytest.fixture
def gongji(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`await gongji("verify", ...)`: status and output of `gongji record`, in a thread of its own."""
    monkeypatch.setenv("GONGJI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("COLUMNS", "250")

    async def run(*arguments: object) -> tuple[int, str]:
        words = ["record", *map(str, arguments)]
        result = await asyncio.to_thread(CliRunner().invoke, build("record"), words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout

    return run


async def test_the_command_verifies_proves_and_lists_and_a_third_party_checks_without_us(
    places: Places, gongji: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGJI_DESK_DATABASE_URL", places.urls["desk"])
    ids = await some(places.replica)
    (seal,) = await places.replica.seal()
    code, text = await gongji("verify", "--json")
    assert (code, json.loads(text)["whole"], json.loads(text)["last_seal"]["root"]) == (
        0,
        True,
        seal.root.hex(),
    )
    code, text = await gongji("seals", "--json")
    assert [(row["day"], row["root"]) for row in json.loads(text)] == [("2026-11-23", seal.root.hex())]
    code, text = await gongji("prove", ids[0], "--version", 2)
    proof, body = tmp_path / "proof.json", tmp_path / "body.json"
    proof.write_text(text, encoding="utf-8")
    body.write_bytes(next(raw for raw, told in await places.replica.published() if (told["binding_id"], told["version"]) == (str(ids[0]), 2)))  # fmt: skip
    monkeypatch.delenv("GONGJI_DESK_DATABASE_URL")
    assert (await gongji("check", proof, "--root", seal.root.hex(), "--body", body))[0] == 0
    assert (await gongji("check", proof, "--root", bytes(32).hex()))[0] == 1
    assert (await gongji("check", proof, "--root", seal.root.hex(), "--body", proof))[0] == 1
    assert by_the_book(json.loads(text)) == seal.root.hex(), "docs/record.md, word for word, without our code"

    monkeypatch.setenv("GONGJI_DESK_DATABASE_URL", places.urls["desk"])
    await as_superuser(
        places.admin, f"update {ENTRY} set body = set_byte(body, 20, 0) where chain = 'desk' and position = 1"
    )
    code, text = await gongji("verify")
    assert code == 1
    assert "first broken: entry-changed: desk #1" in text
    assert str(ids[0]) in text
    code, text = await gongji("verify", "--json")
    assert (code, json.loads(text)["first_broken"]["position"]) == (1, 1)


def by_the_book(proof: dict[str, Any]) -> str:
    """The root to which a proof leads, as docs/record.md says it, with SHA-256 and nothing else."""

    def h(*parts: bytes) -> bytes:
        return sha256(b"".join(parts)).digest()

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "big")

    def micros(text: str) -> int:
        at = datetime.fromisoformat(text)
        return round((at - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) / timedelta(microseconds=1))

    link, digests = proof["link"], [bytes.fromhex(one) for one in proof["link"]["digests"]]
    assert h(b"\x02", proof["entry"].encode()) == digests[proof["position"] - link["position"]]
    batch = h(b"\x03", *digests)
    entries = link["position"] + len(digests)
    head = h(b"\x04", bytes.fromhex(link["previous"]), number(link["position"], 8), number(len(digests), 4), number(micros(link["at"]), 8), batch)  # fmt: skip
    for one in proof["links"]:
        head = h(b"\x04", head, number(entries, 8), number(one["entries"], 4), number(micros(one["at"]), 8), bytes.fromhex(one["batch"]))  # fmt: skip
        entries += one["entries"]
    leaf = json.loads(proof["head"]["text"])
    assert leaf == {"chain": proof["chain"], "entries": entries, "head": head.hex()}
    assert json.loads(proof["day"]["text"])["day"] == "2026-11-23"
    roots = {climbed(proof[name], proof["leaves"]) for name in ("day", "head")}
    assert len(roots) == 1
    return roots.pop()


def climbed(leaf: dict[str, Any], leaves: int) -> str:
    root, index, last = sha256(b"\x00" + leaf["text"].encode()).digest(), leaf["index"], leaves - 1
    for sibling in map(bytes.fromhex, leaf["path"]):
        while not index % 2 and index == last:
            index, last = index // 2, last // 2
        root = sha256(b"\x01" + (sibling + root if index % 2 else root + sibling)).digest()
        index, last = index // 2, last // 2
    return root.hex()
