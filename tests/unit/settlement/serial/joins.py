"""The statements of settlement that are more than one table by one key, and the connection that its storage code is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from services.settlement import handlers
from shared.db import load_queries
from tests.unit.settlement.serial.tables import Statement, Tables, array, compiled, plain

NEVER_PAID = ("refused", "rejected", "withdrawn", "expired")
Rows = list[tuple[Any, ...]]
PURSE = ("psn_no", "admdvs", "current", "historic", "version")
TRANSFER = (
    "transfer_id", "hash", "binding_id", "giver", "receiver", "amount", "state", "source", "message", "answer", "at", "until", "ended_at",
)  # fmt: skip


def _holders(tables: Tables, args: Sequence[Any]) -> Rows:
    ids, codes, msgids = args
    asked = set(zip(codes, msgids, strict=True))
    named = [
        r["setl_id"]
        for r in tables.where("request", "msgid", msgids)
        if (r["fixmedins_code"], r["msgid"]) in asked
    ]
    found = tables.where("settlement", "setl_id", [*ids, *(i for i in named if i is not None)])
    return [(row["setl_id"], row["result"]) for row in found]


def _bindings(tables: Tables, args: Sequence[Any]) -> Rows:
    ids = array(args[0], "uuid")
    rows = {
        r["binding_id"]: r
        for r in tables.where("binding", "beneficiary", args[1])
        if r["state"] not in NEVER_PAID
    }
    rows |= {r["binding_id"]: r for r in tables.where("binding", "binding_id", ids)}
    names = "binding_id", "sponsor", "beneficiary", "version", "state", "relation", "facts", "usage"
    return [tuple(rows[id][name] for name in names) for id in sorted(rows)]


def _add_accounts(tables: Tables, args: Sequence[Any]) -> Rows:
    for psn_no in args[0]:
        if (psn_no,) not in tables.rows("account"):
            tables.put("account", {"psn_no": psn_no}, new=True)
    return []


def _quotes(tables: Tables, args: Sequence[Any]) -> Rows:
    names = (
        "fixmedins_code",
        "mdtrt_id",
        "psn_no",
        "msgid",
        "acct_pay",
        "acct_mulaid_pay",
        "psn_cash_pay",
        "shares",
        "at",
        "hold",
    )
    rows = (
        tables.rows("quote").get((mdtrt_id, code, psn_no))
        for code, mdtrt_id, psn_no in zip(*args, strict=True)
    )
    return [tuple(row[name] for name in names if name in row) for row in rows if row is not None]


def _delete_quotes(tables: Tables, args: Sequence[Any]) -> Rows:
    tables.drop("quote", ((mdtrt_id, code, psn_no) for code, mdtrt_id, psn_no in zip(*args, strict=True)))
    return []


def _sponsors(tables: Tables, args: Sequence[Any]) -> Rows:
    ids = array(args[0], "uuid")
    return [
        (row["sponsor"],)
        for table in ("binding", "earmark")
        for row in tables.where(table, "binding_id", ids)
    ]


def _earmarks(tables: Tables, args: Sequence[Any]) -> Rows:
    ids, sponsors = array(args[0], "uuid"), args[1]
    rows = {r["binding_id"]: r for r in tables.where("earmark", "binding_id", ids)}
    rows |= {
        r["binding_id"]: r for r in tables.where("earmark", "sponsor", sponsors) if r["place"] != "ended"
    }
    found: Rows = []
    for _, mark in sorted(rows.items()):
        purse = tables.rows("account")[mark["account"],]
        found.append((
            *(mark[n] for n in ("binding_id", "sponsor", "amount", "missing", "place", "opened_at")),
            *(purse[n] for n in ("psn_no", "admdvs", "current", "historic", "version")),
        ))  # fmt: skip
    return found


def _moving(tables: Tables, args: Sequence[Any]) -> Rows:
    accounts = tables.rows("account")
    moved = {p for p, admdvs in zip(*args, strict=True) if accounts.get((p,), {}).get("admdvs", "") != admdvs}
    return [
        (b["binding_id"],) for b in tables.where("binding", "sponsor", moved) if b["facts"].endswith('"]')
    ]


def _premiums_paid(tables: Tables, args: Sequence[Any]) -> Rows:
    rows = tables.where("premium", "psn_no", args[0])
    return [(r["psn_no"], r["kind"], r["year"]) for r in rows if r["state"] in ("paid", "remitted")]


def _paid_since(tables: Tables, args: Sequence[Any]) -> Rows:
    sums: dict[tuple[Any, bytes], int] = {}
    ends: dict[Any, Any] = {}
    for id, account, since in zip(*args, strict=True):
        ends[id] = since
        for e in tables.where("entry", "account", [account]):
            held = e["segment"] == "held" and e["original"]
            if held or (e["version"] is not None and e["binding_id"] == id):
                key = id, e["original"] or e["posting"]
                sums[key] = sums.get(key, 0) - e["amount"]
    premiums = {
        r["posting"]: r for r in tables.rows("premium").values() if r["state"] in ("paid", "remitted")
    }
    found: Rows = []
    for (id, posting), amount in sums.items():
        bill, premium = tables.rows("settlement").get((posting,)), premiums.get(posting)
        at = None if premium is None else premium["at"]
        if bill is not None and bill["state"] == "settled":
            at = bill["held_at"] or bill["at"]
        if at is not None and amount > 0 and at >= ends[id]:
            found.append((id, posting, amount, at, premium and premium["premium_id"]))
    return tables.shuffled(found)


def _new_money(tables: Tables, args: Sequence[Any]) -> Rows:
    return [
        (psn_no, e["at"], e["amount"], e["kind"] not in ("credit", "correct"))
        for psn_no, begin in zip(*args, strict=True)
        for e in tables.where("entry", "account", [psn_no])
        if e["version"] is not None
        and e["at"] >= begin
        and e["segment"] == "current"
        and e["kind"]
        in ("credit", "correct", "earmark", "earmark-back", "transfer", "transfer-back", "wallet-back")
    ]


def _transfers(tables: Tables, args: Sequence[Any]) -> Rows:
    ids, bindings, givers = set(array(args[0], "uuid")), set(array(args[1], "uuid")), set(args[2])
    found: Rows = []
    for id, row in sorted(tables.rows("transfer").items()):
        waits = row["state"] == "offered" and (row["binding_id"] in bindings or row["giver"] in givers)
        if id[0] in ids or waits:
            purse = tables.rows("account").get((row["account"],), {})
            found.append((*(row[n] for n in TRANSFER), *(purse.get(n) for n in PURSE)))
    return found


def _wallets(tables: Tables, args: Sequence[Any]) -> Rows:
    ids, givers = set(array(args[0], "uuid")), set(args[1])
    return [
        (
            *(row[n] for n in ("binding_id", "giver", "open")),
            *(tables.rows("account")[row["account"],][n] for n in PURSE),
        )
        for id, row in sorted(tables.rows("wallet").items())
        if id[0] in ids or row["giver"] in givers
    ]


def _nothing(tables: Tables, args: Sequence[Any]) -> Rows:
    return []


IRREGULAR: dict[str, Statement] = {
    "holders": _holders, "bindings": _bindings, "add_accounts": _add_accounts, "quotes": _quotes, "delete_quotes": _delete_quotes, "sponsors": _sponsors,
    "earmarks": _earmarks, "moving": _moving, "premiums_paid": _premiums_paid, "paid_since": _paid_since, "new_money": _new_money,
    "transfers": _transfers, "wallets": _wallets,
}  # fmt: skip
LOCKS = ("hold_months", "lock_")
"""Statements that only lock: nobody else is there."""


def _named() -> dict[str, str]:
    """Names of all statements of the service by their text."""
    folder = Path(handlers.__file__).parent
    files = [f for f in folder.rglob("*.sql") if "migrations" not in f.parts]
    return {text: name for f in files for name, text in load_queries(str(f), f.name).items()}


class Connection:
    """As much of asyncpg's connection as settlement's storage uses. Nothing waits, so `now` runs its coroutines."""

    _known: dict[str, Statement] = {}
    _names: dict[str, str] = {}

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    async def fetch(self, sql: str, *args: Any) -> Rows:
        return self._statement(sql)(self.tables, args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        rows = await self.fetch(sql, *args)
        return rows[0][0] if rows else None

    async def execute(self, sql: str, *args: Any) -> None:
        self._statement(sql)(self.tables, args)

    async def copy_records_to_table(
        self, table: str, *, records: Iterable[Sequence[Any]], columns: Sequence[str]
    ) -> None:
        for record in records:
            self.tables.put(table, dict(zip(columns, record, strict=True)), new=True)

    def _statement(self, sql: str) -> Statement:
        found = self._known.get(sql)
        if found is None:
            if not self._names:
                self._names.update(_named())
            name = self._names.get(sql, "?")
            found = IRREGULAR.get(name) or compiled(sql)
            if found is None:
                found = _nothing if name.startswith(LOCKS) else _only_if_empty(name, sql)
            self._known[sql] = found
        return found


def _only_if_empty(name: str, sql: str) -> Statement:
    tables_read = re.findall(r"(?:from|join) (\w+)", plain(sql))

    def run(tables: Tables, args: Sequence[Any]) -> Rows:
        if not any(t not in ("unnest", "wanted", "lateral") and not tables.rows(t) for t in tables_read):
            raise LookupError(
                f"the statement {name} is neither regular nor in tests/unit/settlement/serial/joins.py"
            )
        return []

    return run


def now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("something waits")


Run = Callable[..., Any]
