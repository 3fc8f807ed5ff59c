"""What must hold of the ledger whatever happens, looked at after every batch."""

from __future__ import annotations

from typing import Any

from tests.unit.settlement.serial.tables import Tables


class Watch:
    """Reads the entries as they are added. No balance below zero and no entry twice is held by the tables themselves."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._read = self._checked = self._owed = 0
        self._last: dict[str, tuple[int, dict[str, int]]] = {}
        self._net: dict[bytes, int] = {}
        self._total = 0
        self._billed: dict[tuple[str, str], bytes] = {}

    def entries(self) -> list[dict[str, Any]]:
        """What was added since the last call."""
        rows = self._tables.rows("entry")
        new = [rows[n] for n in range(self._read, len(rows))]
        self._read = len(rows)
        return new

    def owed(self) -> list[dict[str, Any]]:
        """What was listed for recovery since the last call."""
        rows = self._tables.rows("recovery")
        new = list(rows.values())[self._owed :] if len(rows) > self._owed else []
        self._owed = len(rows)
        return new

    def wrong(self) -> str | None:
        """The first invariant that is broken by what was added."""
        rows = self._tables.rows("entry")
        new = [rows[n] for n in range(self._checked, len(rows))]
        self._checked = len(rows)
        sums: dict[bytes, int] = {}
        for e in new:
            sums[e["posting"]] = sums.get(e["posting"], 0) + e["amount"]
            if e["segment"] == "counter" and not e["account"].startswith(("authority", "premium")):
                setl_id = e["original"] or e["posting"]
                self._net[setl_id] = self._net.get(setl_id, 0) + e["amount"]
            if e["version"] is not None and (wrong := self._running(e)):
                return wrong
        if unequal := {p.hex(): s for p, s in sums.items() if s}:
            return f"postings that are not zero: {unequal}"
        return self._rows({e["account"] for e in new if e["version"] is not None}) or self._settlements(new)

    def _running(self, e: dict[str, Any]) -> str | None:
        version, money = self._last.get(e["account"], (0, {"current": 0, "historic": 0}))
        money[e["segment"]] += e["amount"]
        self._last[e["account"]] = version + 1, money
        if e["version"] != version + 1 or e["balance_after"] != money[e["segment"]]:
            return f"{e['account']} version {e['version']}: expected {version + 1} and {money}"
        return None

    def _rows(self, names: set[str]) -> str | None:
        for name in names:
            row, (version, money) = self._tables.rows("account")[name,], self._last[name]
            if (row["version"], row["current"], row["historic"]) != (
                version,
                money["current"],
                money["historic"],
            ):
                return f"the row of {name} is not the sum of its entries"
        return None

    def _settlements(self, new: list[dict[str, Any]]) -> str | None:
        for setl_id in {e["original"] or e["posting"] for e in new}:
            row = self._tables.rows("settlement").get((setl_id,))
            if row is None:
                continue
            before = self._billed.setdefault((row["fixmedins_code"], row["msgid"]), setl_id)
            if before != setl_id:
                return f"{row['msgid']} was billed twice"
            net = self._net.get(setl_id, 0)
            if not 0 <= net <= row["personal"] - row["returned"]:
                return f"{setl_id.hex()}: {net} fen are booked, {row['personal'] - row['returned']} at most are owed"
            if row["state"] != "settled" and net:
                return f"{setl_id.hex()} is {row['state']} and {net} fen are booked"
        return None
