"""What the desk's database role may do: select from masked views and from the record, and nothing else in the whole database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from deploy.local import databases
from deploy.local.errors import StackError
from deploy.local.testing import PASSWORD
from deploy.reading import desk as commands
from deploy.reading.running import Running
from services.audit import desk
from services.audit.record import verifying
from shared.contracts.base import UUID
from shared.contracts.binding_screenings import Party
from shared.contracts.registry import PersonRecorded
from shared.ids import SystemIds
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, uid
from tests.integration.audit.replica import Replica, about, look
from tests.unit.audit.line import passed

SPONSOR, BENEFICIARY = "33010019800101777001", "33010020200202888002"
TABLES = "select c.oid::regclass::text as name, n.nspname as schema, c.relkind::text as kind, "
TABLES += ", ".join(f"has_table_privilege('gongji_desk', c.oid, '{p}') as \"{p}\"" for p in ("select", "insert", "update", "delete", "truncate"))  # fmt: skip
TABLES += """ from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'p') and n.nspname in ('eligibility', 'audit', 'notify', 'settlement', 'audit_desk', 'audit_record')"""
CASE = uid(1)
WRITES = (
    "insert into audit.binding (binding_id) values (gen_random_uuid())",
    "update audit.binding set claimed_by = 'op-2'",
    "delete from audit.binding",
    "insert into audit_desk.cases (binding_id, version) values (gen_random_uuid(), 1)",
    "update audit_desk.cases set claimed_by = 'op-2', claimed_until = now()",
    "delete from audit_desk.cases",
    "insert into audit_record.record_entry (chain, position, binding_id, digest, body) values ('desk', 0, gen_random_uuid(), '', '')",
    "update audit_record.record_entry set body = ''",
    "delete from audit_record.record_link",
    "truncate audit_record.record_seal",
    "create table audit_desk.mine (x int)",
    "create temporary table mine (x int)",
    "alter view audit_desk.cases rename to others",
    "set role gongji_audit",
)
READS = (
    "select sponsor_psn_no from audit.binding",
    "select body from audit.binding",
    "select * from audit.person",
    "select * from audit.relation",
    "select * from audit.inbox",
    "select * from audit.outbox",
    "select * from eligibility.person",
    "select * from notify.person",
)


class Desk(NamedTuple):
    """Audit by its own role, the desk by its own, and the administrator."""

    replica: Replica
    conn: asyncpg.Connection[asyncpg.Record]
    admin: asyncpg.Connection[asyncpg.Record]
    urls: dict[str, str]


@pytest_asyncio.fixture
async def desk_of(database_urls: dict[str, str]) -> AsyncIterator[Desk]:
    """One case for people of two persons whom the registry knows."""
    replica = await Replica.open(database_urls["audit"])
    conn = await asyncpg.connect(database_urls["desk"])
    admin = await asyncpg.connect(database_urls["admin"])
    parties: dict[str, Any] = {
        "sponsor": Party(psn_no=SPONSOR, insuplc_admdvs="330100"),
        "beneficiary": Party(psn_no=BENEFICIARY, insuplc_admdvs="330100"),
    }
    await replica.take(*(person(number) for number in (SPONSOR, BENEFICIARY)))
    await replica.take(about(uid(1), passed(proven=(), **parties)))
    yield Desk(replica, conn, admin, database_urls)
    await conn.close()
    await admin.close()
    await replica.pool.close()


def person(psn_no: str) -> PersonRecorded:
    return adult(1).recorded().model_copy(update={"psn_no": psn_no})


async def test_the_role_may_select_from_views_and_the_record_and_has_no_other_right(desk_of: Desk) -> None:
    rows = await desk_of.admin.fetch(TABLES)
    assert {row["schema"] for row in rows} >= {"audit", "audit_desk", "audit_record"}
    seen = {row["name"] for row in rows if row["select"]}
    assert seen == {
        "audit_desk.cases",
        "audit_desk.details",
        "audit_desk.documents",
        "audit_record.record_entry",
        "audit_record.record_link",
        "audit_record.record_seal",
    }
    assert [
        row["name"] for row in rows if row["insert"] or row["update"] or row["delete"] or row["truncate"]
    ] == []


@pytest.mark.parametrize("statement", WRITES)
async def test_the_role_writes_nothing_even_if_it_says_that_it_would(desk_of: Desk, statement: str) -> None:
    with pytest.raises((asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError)):
        await desk_of.conn.execute(statement)
    await desk_of.conn.execute("set default_transaction_read_only = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk_of.conn.execute(statement)


@pytest.mark.parametrize("statement", READS)
async def test_the_role_reads_no_table_of_persons(desk_of: Desk, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk_of.conn.fetch(statement)


async def test_nothing_that_the_role_may_select_holds_a_person_s_number(desk_of: Desk) -> None:
    await desk_of.replica.take(look(uid(1)))
    held = await desk_of.admin.fetchval(
        "select count(*) from audit.binding where sponsor_psn_no = $1", SPONSOR
    )
    assert held == 1
    for name in (
        "audit_desk.cases",
        "audit_desk.details",
        "audit_desk.documents",
        "audit_record.record_entry",
    ):
        rows = await desk_of.conn.fetch(f"select * from {name} as x")
        told = " ".join(bytes(v).decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for row in rows for v in row.values())  # fmt: skip
        assert rows or name.endswith("documents")
        assert not [number for number in (SPONSOR, BENEFICIARY) if number in told], name
    row = await desk.show(desk_of.conn, uid(1))
    assert row is not None
    assert (row["sponsor"], row["beneficiary"]) == ("330***************01", "330***************02")


async def revealed(desk_of: Desk, asked: UUID, binding_id: UUID = CASE) -> Any:
    return await desk.revealed(desk_of.conn, binding_id, asked)


async def ask(desk_of: Desk, asked: UUID, binding_id: UUID = CASE, **changes: Any) -> None:
    """The message of a look, under the id that the asker made."""
    body = look(binding_id).model_copy(update=changes)
    record = desk_of.replica.record(body, 0)
    headers = [(name, str(asked).encode() if name == "ce_id" else value) for name, value in record.headers]
    await desk_of.replica.step.run([replace(record, headers=tuple(headers))])


async def test_the_database_shows_a_person_only_to_the_message_whose_look_is_on_the_record(
    desk_of: Desk,
) -> None:
    asked = SystemIds().new()
    assert await revealed(desk_of, asked) is None, "nobody has asked"
    await ask(desk_of, asked)
    row = await revealed(desk_of, asked)
    assert (row["sponsor_psn_no"], row["beneficiary_psn_no"]) == (SPONSOR, BENEFICIARY)
    assert row["sponsor_brdy"] == adult(1).brdy
    assert await revealed(desk_of, SystemIds().new()) is None, "another message has its own look to record"
    await desk_of.replica.take(about(uid(2), passed(proven=())))
    assert await revealed(desk_of, asked, uid(2)) is None, "a look is one at one case"
    async with desk_of.conn.transaction(readonly=True):
        assert (await verifying.verify(desk_of.conn, None, lambda _: None)).broken == []


async def test_a_look_that_was_refused_shows_nothing(desk_of: Desk) -> None:
    for changes in ({"note": None}, {"note": "查"}, {"note": "……………"}, {"operator_id": "op-clerk"}):
        asked = SystemIds().new()
        await ask(desk_of, asked, **changes)
        assert await revealed(desk_of, asked) is None, changes
    assert await desk.views(desk_of.conn, uid(1), None, 10) == []


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_look_is_open_for_five_minutes(desk_of: Desk, minutes: int) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    asked = SystemIds(lambda: int(then.timestamp() * 1000)).new()
    await ask(desk_of, asked)
    assert len(await desk.views(desk_of.conn, uid(1), "op-1", 10)) == 1
    assert await revealed(desk_of, asked) is None


async def test_with_the_administrator_s_address_the_commands_take_the_desk_s_role(desk_of: Desk) -> None:
    stack = Running("127.0.0.1:1", database_url=desk_of.urls["admin"])
    assert await commands.ask(stack, lambda conn: conn.fetchval("select current_user")) == "gongji_desk"
    with pytest.raises(StackError, match="may not do this"):
        await commands.ask(stack, lambda conn: conn.fetch("select * from audit.person"))
    assert len(await commands.ask(stack, lambda conn: desk.queue(conn, desk.Wanted(), MONDAY))) == 1


async def test_views_that_audit_made_by_itself_are_given_to_the_desk_when_it_is_provisioned(
    database_urls: dict[str, str],
) -> None:
    admin = await asyncpg.connect(database_urls["admin"])
    database = await admin.fetchval("select quote_ident(current_database())")
    await admin.execute("drop schema audit_desk cascade")
    await admin.execute(f"grant create on database {database} to gongji_audit")
    replica = await Replica.open(database_urls["audit"])
    stack = Running("127.0.0.1:1", urls={"desk": database_urls["desk"]})
    try:
        with pytest.raises(StackError, match="provision"):
            await commands.ask(stack, lambda conn: desk.counts(conn, "", MONDAY))
        await databases.create_roles(database_urls["admin"], {"audit": PASSWORD, "desk": PASSWORD})
        await databases.create_schemas(database_urls["admin"], ["audit"])
        assert await commands.ask(stack, lambda conn: desk.counts(conn, "", MONDAY)) == []
    finally:
        await replica.pool.close()
        await admin.close()
