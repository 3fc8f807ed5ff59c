"""The people of the benchmark: families of a patient and two sponsors, loaded by SQL, and bills as records.

Each family has one bill of which the own account, the first and the second sponsor pay a share: the longest way through the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from services.settlement.domain.bindings import facts_text
from services.settlement.domain.people import digest
from shared.contracts.base import yuan
from shared.contracts.binding_decisions import BindingState
from shared.messaging.records import Outgoing, pack_headers

REGION, HOSPITAL, SOURCE = "320500", "H33010000001", "his-first"
OWN, FIRST, SECOND = 1_000, 2_000, 100_000
SINCE = datetime(2026, 1, 5, tzinfo=UTC)


def psn(role: str, n: int) -> str:
    """`psn_no` of a member: c(hild), m(other), f(ather)."""
    return f"32050020260000{role}{n:07d}"


def _binding(n: int, which: int) -> UUID:
    return UUID(int=(0x019B << 112) | (n << 80) | (7 << 76) | (2 << 62) | which)


def _facts() -> str:
    party = {"psn_no": "x", "insuplc_admdvs": REGION}
    terms = {"scope": ["outpatient", "pharmacy"], "quota": "5000.00"}
    body = {
        "binding_id": str(_binding(0, 1)), "version": 3, "state": "approved", "at": SINCE, "round": 1,
        "origin": {"source": "zheliban", "id": "x"}, "effective": [{"begin": SINCE}], "policy_version": "p",
        "terms": [{"since": SINCE, "terms": terms}],
        "case": {
            "admdvs": REGION, "channel": "app", "sponsor": party, "beneficiary": party, "relation": "child", "terms": terms,
            "requested_at": SINCE,
        },
    }  # fmt: skip
    return facts_text(BindingState.model_validate_json(to_json(body)))


async def load(url: str, families: int) -> None:
    """Fills the empty tables of settlement with the families and their opening entries. `url` is the service's."""
    conn = await asyncpg.connect(url, server_settings={"search_path": "settlement"})
    try:
        await conn.execute(
            "insert into institution values ($1, 1, false, '320500', true, null, null, null) on conflict do nothing",
            HOSPITAL,
        )
        insured = f'[["310","1","{REGION}"]]'
        people = (
            (psn(role, n), 1, digest(psn(role, n)), True, insured) for n in range(families) for role in "cmf"
        )
        columns = ["psn_no", "version", "cert", "alive", "insured"]
        await conn.copy_records_to_table("person", records=people, columns=columns)
        money = {"c": OWN, "m": FIRST, "f": SECOND}
        accounts = (
            (psn(role, n), REGION, 0, money[role], "open", 1, "{}") for n in range(families) for role in "cmf"
        )
        columns = ["psn_no", "admdvs", "current", "historic", "state", "version", "usage"]
        await conn.copy_records_to_table("account", records=accounts, columns=columns)
        await _entries(conn, families, money)
        facts = _facts()
        bindings = (
            (_binding(n, which), psn(role, n), psn("c", n), 3, "approved", "child", facts, "{}")
            for n in range(families)
            for which, role in ((1, "m"), (2, "f"))
        )
        columns = ["binding_id", "sponsor", "beneficiary", "version", "state", "relation", "facts", "usage"]
        await conn.copy_records_to_table("binding", records=bindings, columns=columns)
        await conn.execute(
            "vacuum (freeze, analyze)"
        )  # as tables that grew over years are; else the autovacuum of the load is measured
    finally:
        await conn.close()


async def _entries(conn: asyncpg.Connection[asyncpg.Record], families: int, money: dict[str, int]) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        number = 0
        for n in range(families):
            for role in "cmf":
                number += 1
                posting = number.to_bytes(15, "big")
                amount = money[role]
                yield posting, psn(role, n), "historic", amount, amount, 1, "credit", SINCE
                yield posting, "authority/2026-01", "counter", -amount, None, None, "credit", SINCE

    columns = ["posting", "account", "segment", "amount", "balance_after", "version", "kind", "at"]
    await conn.copy_records_to_table("entry", records=rows(), columns=columns)


def bill(n: int, at: datetime, turn: int = 0) -> Outgoing:
    """The record of a family's bill; another `turn` is another bill."""
    text = at.isoformat(timespec="seconds")
    msgid = f"{HOSPITAL}{n % 100_000_000_000_000:014d}{turn:04d}"
    child, more = psn("c", n), n % 997  # bills of many sums
    body = {
        "msgid": msgid, "fixmedins_code": HOSPITAL, "psn_no": child, "infno": "2207", "mdtrt_id": f"V{n}",
        "mdtrt_cert_type": "02", "mdtrt_cert_no": child, "med_type": "11", "insuplc_admdvs": REGION, "bill_at": text,
        "medfee_sumamt": yuan(13_500 + more), "fund_pay_sumamt": "100.00", "hosp_part_amt": "0.00", "fulamt_ownpay_amt": "0.00",
        "overlmt_selfpay": "0.00", "preselfpay_amt": "5.00", "inscp_scp_amt": yuan(13_000 + more), "acct_used_flag": "1",
    }  # fmt: skip
    headers = (
        ("ce_specversion", "1.0"), ("content-type", "application/json"), ("ce_source", SOURCE), ("ce_id", f"bench-{turn}-{n}"),
        ("ce_type", "gongji.settlement.requests.settle.v1"), ("ce_time", text), ("ce_subject", msgid),
    )  # fmt: skip
    return Outgoing("settlement.requests", child.encode(), pack_headers(headers), to_json(body))


def bills(first: int, count: int, at: datetime) -> Iterable[Outgoing]:
    """One bill of each of `count` families."""
    return (bill(n, at - timedelta(seconds=1)) for n in range(first, first + count))
