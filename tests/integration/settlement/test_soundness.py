"""The check of the ledger finds a planted fault of each invariant, all of it and since a time, and the nightly run tells of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.settlement.nightly import soundness
from services.settlement.nightly.checking import Checking
from services.settlement.nightly.soundness import token
from shared import log
from shared.db import connection_settings
from shared.ids import SystemIds
from shared.messaging.service import Running
from shared.metrics import Metrics
from tests.integration.settlement.ledger import Ledger

AGO = "now() - interval '1 hour'"
ENTRY = "insert into entry (posting, account, segment, amount, balance_after, version, kind, at) values"
POSTING = r"'\x0102030405060708090a0b0c0d0e0f'"
FAULTS: dict[str, tuple[str, str, set[str]]] = {
    # what is planted: (SQL, first broken subject, invariants that have to be named)
    "an amount was changed": ("update entry set amount = amount - 1 where account = 'father' and kind = 'settle'", "father", {"posting-sums-to-zero", "balance-is-sum-of-entries", "balance-after-is-running-sum", "money-conserved"}),
    "a line was deleted": ("delete from entry where account = 'father' and kind = 'settle'", "father", {"posting-sums-to-zero", "balance-is-sum-of-entries", "versions-without-gap", "money-conserved"}),
    "a balance was changed": ("update account set historic = historic + 1 where psn_no = 'father'", "father", {"balance-is-sum-of-entries"}),
    "a version was changed": ("update account set version = version + 1 where psn_no = 'father'", "father", {"versions-without-gap"}),
    "a running balance was changed": ("update entry set balance_after = balance_after + 1 where account = 'father' and kind = 'settle'", "father", {"balance-after-is-running-sum"}),
    "a balance is below zero": ("alter table account drop constraint account_current_check; update account set current = -1 where psn_no = 'father'", "father", {"no-negative-balance", "balance-is-sum-of-entries"}),
    "an account is gone": ("delete from account where psn_no = 'father'", "father", {"entry-has-account"}),
    "money was made": (f"{ENTRY} ({POSTING}, 'H33010000001/2026-11', 'counter', 500, null, null, 'settle', now())", "0102030405060708090a0b0c0d0e0f", {"posting-sums-to-zero", "money-conserved"}),
    "a settlement is not booked": ("insert into settlement (setl_id, msgid, infno, fixmedins_code, psn_no, personal, state, number, returned, undone, periods, result, at, region)"
        f" select {POSTING}, 'm', infno, fixmedins_code, psn_no, personal, state, number, returned, undone, periods, result, at, region from settlement limit 1",
        "0102030405060708090a0b0c0d0e0f", {"settlement-is-in-the-ledger"}),
}  # fmt: skip
SET_APART = "insert into account (psn_no, version) values ('{row}', 0); "
EARMARK = SET_APART.format(row="earmark/0") + (
    "insert into earmark (binding_id, sponsor, account, amount, missing, place, opened_at)"
    " select binding_id, 'father', 'earmark/0', {amount}, 0, '{place}', now() from binding limit 1; "
)
OFFER = SET_APART.format(row="transfer/0") + (
    "insert into transfer (transfer_id, hash, binding_id, giver, receiver, amount, state, account, source, message, answer, at, until)"
    " select gen_random_uuid(), '', binding_id, 'father', 'child', 400, '{state}', 'transfer/0', '', '', '', now(), now() from binding limit 1; "
)
WALLET = SET_APART.format(row="wallet/0") + (
    "insert into wallet (binding_id, giver, open, account) select binding_id, 'father', {open}, 'wallet/0' from binding limit 1; "
)
CLOSED = "insert into period values ('330100', '2026-11', now(), 'ledger-01'); "
TOPICS: dict[str, str] = {
    # each invariant beside those of the accounts, and what breaks it
    "given-back-earmark-is-empty": EARMARK.format(amount=9, place="ended") + "update account set current = 5 where psn_no = 'earmark/0'",
    "earmark-within-amount": EARMARK.format(amount=4, place="open") + "update account set current = 5 where psn_no = 'earmark/0'",
    "ended-binding-has-no-earmark": EARMARK.format(amount=0, place="open") + "update binding set state = 'ended'",
    "earmark-has-account": f"{ENTRY} ({POSTING}, 'earmark/1', 'current', 500, 500, 1, 'earmark', now())",
    "premium-is-in-the-ledger": "insert into premium (premium_id, hash, payer, psn_no, kind, insutype, year, amount, state, posting, periods, shares, answer, at)"
        f" values (gen_random_uuid(), '', 'father', 'child', 'resident-premium', '390', 2027, 4000, 'paid', {POSTING}, '', '[]', '', now())",
    "transfer-has-its-amount-until-it-ends": OFFER.format(state="offered"),
    "transfer-went-one-way-once": OFFER.format(state="accepted"),
    "closed-wallet-is-empty": WALLET.format(open=False) + "update account set historic = 5 where psn_no = 'wallet/0'",
    "ended-binding-has-no-wallet": WALLET.format(open=True) + "update binding set state = 'ended'",
    "row-of-a-transfer-is-known": SET_APART.format(row="wallet/1"),
    "held-money-is-what-quotes-say": "insert into account (psn_no, historic) values ('hold/father', 5)",
    "clearing-is-what-was-booked": CLOSED + "insert into cleared_period values ('330100', '2026-11', now())",
    "closed-month-has-no-open-break": CLOSED
        + "insert into break (case_id, fixmedins_code, admdvs, insutype, clr_type, setl_optins, begins, ends, month, scope, kind, state, deadline, found_at)"
        " values ('b', 'H33010000001', '330100', '310', '11', '330100', now(), now(), '2026-11', 'totals', 'amount-differs', 'open', now(), now())",
    "what-went-back-is-in-the-ledger": "insert into taken_back (msgid, fixmedins_code, setl_id, kind, medfee, fund, acct, mulaid, at, month, payers)"
        " select 'm', fixmedins_code, setl_id, 'refunded', 100, 0, 100, 0, now(), '2026-11', '[[\"330100\", 100, 0]]' from settlement limit 1",
}  # fmt: skip
NAMED = re.compile(r"select\s+'([a-z]+(?:-[a-z]+)+)'")
WHOLE_ONLY = {"money-conserved"}
"""What only the check of everything can see: the sum of all entries."""


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    made = await Ledger.open(database_urls["settlement"])
    await made.bill("45.00")
    yield made
    await made.pool.close()


@pytest_asyncio.fixture
async def intruder(ledger: Ledger, database_urls: dict[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who is above the ledger's own defences."""
    conn = await asyncpg.connect(database_urls["admin"], server_settings=connection_settings("settlement"))
    await conn.execute("alter table entry disable trigger all")
    yield conn
    await conn.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_found_by_the_whole_check_and_by_that_of_what_was_touched(
    ledger: Ledger, intruder: Any, fault: str
) -> None:
    statement, subject, invariants = FAULTS[fault]
    async with ledger.pool.acquire() as conn:
        assert await soundness.broken(conn, None) == []
        await intruder.execute(statement)
        whole = await soundness.broken(conn, None)
        assert invariants == {row["invariant"] for row in whole}
        assert subject in {row["subject"] for row in whole}
        since = datetime.now().astimezone() - timedelta(hours=1)
        touched = await soundness.broken(conn, since)
        assert {row["invariant"] for row in touched} == invariants - WHOLE_ONLY


@pytest.mark.parametrize("invariant", TOPICS)
async def test_a_planted_fault_of_what_is_beside_the_accounts_is_found_by_both_checks(
    ledger: Ledger, intruder: Any, invariant: str
) -> None:
    async with ledger.pool.acquire() as conn:
        assert await soundness.broken(conn, None) == []
        await intruder.execute(TOPICS[invariant])
        for since in (None, datetime.now().astimezone() - timedelta(hours=1)):
            assert invariant in {row["invariant"] for row in await soundness.broken(conn, since)}


async def test_every_invariant_that_a_check_can_name_has_its_fault_planted(ledger: Ledger) -> None:
    """A function `verify_...()` is heard by being there: so this reads what the database has, not a list of ours."""
    bodies = await ledger.pool.fetch(
        "select p.proname, pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'settlement' and (p.proname like 'verify\\_%' or p.proname = 'touched_since')"
    )
    named = {name: set(NAMED.findall(body)) for name, body in bodies}
    assert all(named.values()), [name for name, found in named.items() if not found]
    planted = set(TOPICS).union(*(invariants for _, _, invariants in FAULTS.values()))
    assert set().union(*named.values()) == planted


async def test_what_was_booked_before_the_time_is_left_out(ledger: Ledger, intruder: Any) -> None:
    await intruder.execute(FAULTS["an amount was changed"][0])
    async with ledger.pool.acquire() as conn:
        ahead = datetime.now().astimezone() + timedelta(hours=1)
        assert await soundness.broken(conn, ahead) == []


class Night:
    """One replica's nightly check."""

    def __init__(self, ledger: Ledger, url: str) -> None:
        async def apply(_: Any) -> None:
            return None

        metrics = Metrics()
        clock: Any = ledger.clock
        running = Running(ledger.pool, clock, SystemIds(), metrics, asyncio.Event(), apply)
        self.checking = Checking(running, url)
        self.registry = metrics.registry

    def gauge(self) -> float | None:
        return self.registry.get_sample_value("gongji_ledger_broken")


async def test_a_night_checks_once_and_says_what_is_broken_without_a_persons_number(
    ledger: Ledger, intruder: Any, database_urls: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("settlement")
    night, other = (Night(ledger, database_urls["settlement"]) for _ in range(2))
    assert await night.checking.night() == 0
    assert await night.checking.night() is None
    assert await other.checking.night() is None
    await other.checking.watch()
    assert other.gauge() == 0
    await intruder.execute(FAULTS["a running balance was changed"][0])
    ledger.pass_to("2026-11-24T03:31:00+08:00")
    found = await asyncio.gather(night.checking.night(), other.checking.night())
    assert sorted(found, key=str) == [1, None]
    await other.checking.watch()
    assert other.gauge() == 1
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines() if "broken" in line]
    assert [(one["invariant"], one["subject"]) for one in lines if "invariant" in one] == [
        ("balance-after-is-running-sum", token("father"))
    ]
    assert "father" not in said


async def test_a_night_reads_what_was_touched_and_everything_once_a_week_and_while_something_is_broken(
    ledger: Ledger, intruder: Any, database_urls: dict[str, str]
) -> None:
    async def since() -> Any:
        row = await ledger.pool.fetchrow(soundness.Q["due"], ledger.clock.now())
        assert row is not None
        return row["since"]

    assert await since() is None  # the first one reads everything
    night = Night(ledger, database_urls["settlement"])
    await night.checking.night()
    ledger.pass_to("2026-11-24T03:31:00+08:00")
    assert await since() is not None
    await intruder.execute("update settlement.soundness set full_at = full_at - interval '7 days'")
    assert await since() is None
    await night.checking.night()
    await intruder.execute(FAULTS["a balance was changed"][0])
    ledger.pass_to("2026-11-25T03:31:00+08:00")
    assert await night.checking.night() == 1 or await since() is not None
    await intruder.execute("update settlement.soundness set broken = 1")
    ledger.pass_to("2026-11-26T03:31:00+08:00")
    assert await since() is None


def test_a_token_hides_persons_and_nothing_else() -> None:
    for plain in ("all", "0102030405060708090a0b0c0d0e0f", "0192f0c1-5a00-7000-8000-000000000001"):
        assert token(plain) == plain
    for person in ("33010000000000000001", "hold/33010000000000000001", "330100000000000000000000000001x"):
        hidden = token(person)
        assert hidden.startswith("account-")
        assert person not in hidden
        assert hidden == token(person)
