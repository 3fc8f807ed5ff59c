"""Settlement's tables in memory, for its own storage code: a connection that understands the statements of its `.sql` files.

Regular statements (one table by one key, insert or update from `unnest`) are read from their text, so a new column needs nothing here.
Irregular ones stand in `joins.py`. A statement that nobody knows is an error unless it reads an empty table. Rows come back in any
order, as a database may give them. Values are what asyncpg would give: plain ones, times in UTC.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

Row = dict[str, Any]
KEYS: dict[str, tuple[str, ...]] = {
    "account": ("psn_no",), "binding": ("binding_id",), "person": ("psn_no",), "institution": ("fixmedins_code",),
    "request": ("msgid", "fixmedins_code"), "tombstone": ("omsgid", "fixmedins_code", "oinfno", "psn_no"),
    "settlement": ("setl_id",), "credit_order": ("entry_id",), "recovery": ("case_id",), "quote": ("mdtrt_id", "fixmedins_code", "psn_no"),
    "earmark": ("binding_id",), "premium": ("premium_id",), "transfer": ("transfer_id",), "wallet": ("binding_id",),
}  # fmt: skip
"""Primary keys. Other tables are lists: `entry`, `taken_back` and more."""
DEFAULTS: dict[str, Row] = {
    "account": {"admdvs": "", "current": 0, "historic": 0, "state": "open", "version": 0, "usage": "{}"},
    "recovery": {"settled": 0},
}
INDEXED = {"binding": ("beneficiary", "sponsor"), "entry": ("account",), "request": ("msgid",), "tombstone": ("omsgid",), "person": ("cert",),
           "premium": ("psn_no",), "earmark": ("sponsor",)}  # fmt: skip


class Tables:
    """What is stored. `touched` are the rows (table, key) that were written since it was emptied last."""

    def __init__(self, seed: int) -> None:
        self._rows: dict[str, dict[Any, Row]] = {}
        self._by: dict[tuple[str, str], dict[Any, dict[Any, Row]]] = {}
        self.touched: set[tuple[str, Any]] = set()
        self._random = random.Random(seed)
        self._booked: set[tuple[str, int]] = set()

    @property
    def names(self) -> set[str]:
        """Tables that have rows."""
        return {name for name, rows in self._rows.items() if rows}

    def rows(self, table: str) -> dict[Any, Row]:
        """A table's rows by primary key, or by number."""
        return self._rows.setdefault(table, {})

    def where(self, table: str, column: str, values: Iterable[Any]) -> Iterator[Row]:
        """Rows of which a column has one of the values."""
        if KEYS.get(table) == (column,):
            rows = self.rows(table)
            yield from (rows[v,] for v in dict.fromkeys(values) if (v,) in rows)
            return
        if column not in INDEXED.get(table, ()):
            raise LookupError(f"{table}.{column} has no index in tests/unit/settlement/serial/tables.py")
        found = self._by.get((table, column), {})
        for value in dict.fromkeys(values):
            yield from found.get(value, {}).values()

    def shuffled(self, rows: Iterable[Any]) -> list[Any]:
        """Rows in any order."""
        found = list(rows)
        if len(found) > 1:
            self._random.shuffle(found)
        return found

    def put(self, table: str, row: Row, *, new: bool) -> None:
        """Adds (`new`) or replaces a row. Raises `AssertionError` where a constraint of the database would."""
        row = {name: _stored(value) for name, value in row.items()}
        if table not in KEYS:
            key: Any = len(self.rows(table))
        else:
            key = tuple(row[k] for k in KEYS[table])
        old = self.rows(table).get(key)
        assert not (new and old is not None), f"{table} {key} is there already"
        if table == "account":
            row = DEFAULTS["account"] | row
            assert min(row["current"], row["historic"]) >= 0, f"{key} would be below zero"
        elif table == "entry":
            self._check_entry(row)
        elif table in DEFAULTS:
            row = DEFAULTS[table] | row
        self.rows(table)[key] = row
        self.touched.add((table, key))
        for column in INDEXED.get(table, ()):
            index = self._by.setdefault((table, column), {})
            if old is not None and old[column] != row[column]:
                del index[old[column]][key]
            index.setdefault(row[column], {})[key] = row

    def _check_entry(self, row: Row) -> None:
        assert row["amount"] != 0, "an entry of nothing"
        if row["version"] is not None:
            place = row["account"], row["version"]
            assert place not in self._booked, f"{place} is booked twice"
            assert row["balance_after"] >= 0, f"{place} is below zero"
            self._booked.add(place)

    def drop(self, table: str, keys: Iterable[tuple[Any, ...]]) -> None:
        """Deletes rows by primary key."""
        for key in keys:
            row = self.rows(table).pop(key, None)
            if row is not None:
                self.touched.add((table, key))
                for column in INDEXED.get(table, ()):
                    del self._by[table, column][row[column]][key]


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return UUID(bytes=value.bytes) if isinstance(value, UUID) and type(value) is not UUID else value


Statement = Callable[[Tables, Sequence[Any]], list[tuple[Any, ...]]]
_ANY = r"any\(\$1::(?P<type>[\w:]+)\[\]\)"
_SELECT = re.compile(
    rf"select (?P<cols>[\w\s,.]+?) from (?P<table>\w+)(?: (?P<as>\w))? where (?:\w\.)?(?P<key>\w+) = {_ANY}(?: order by (?:\w\.)?(?P<order>\w+)(?: for update)?)?"
)
_DELETE = re.compile(rf"delete from (?P<table>\w+) where (?P<key>\w+) = {_ANY}")
_INSERT = re.compile(
    r"insert into (?P<table>\w+)(?: as \w)? \((?P<cols>[\w, ]+)\) select \* from unnest\((?P<args>[^)]*)\)"
    r"(?: on conflict(?: \([\w, ]+\))? do (?P<do>nothing|update set (?P<sets>[\w, =.]+?)(?: where \w\.version (?P<than><=?) excluded\.version)?))?"
)
_UPDATE = re.compile(
    r"update (?P<table>\w+) \w set (?P<sets>[\w, =.]+) from unnest\((?P<args>[^)]*)\) as n \((?P<cols>[\w, ]+)\) where \w\.(?P<key>\w+) = n\.\w+"
)
_CAST = re.compile(r"\$\d+::([\w:]+)\[\]")


@cache
def plain(sql: str) -> str:
    """A statement in one line without comments."""
    return " ".join(re.sub(r"--[^\n]*", "", sql).split()).replace("( ", "(").replace(" )", ")")


def array(value: Any, cast: str) -> list[Any]:
    """An argument that is an array, or the text of one."""
    if not isinstance(value, str):
        return list(value)
    texts = [t for t in value.strip("{}").split(",") if t]
    return [UUID(t) if "uuid" in cast else int(t) if "int" in cast else t for t in texts]


def compiled(sql: str) -> Statement | None:
    """What a regular statement does; `None` for one that is irregular."""
    text = plain(sql)
    for pattern, maker in ((_SELECT, _select), (_DELETE, _delete), (_INSERT, _insert), (_UPDATE, _update)):
        if found := pattern.fullmatch(text):
            return maker(found)
    return None


def _select(found: re.Match[str]) -> Statement:
    table, key, cast, order = found["table"], found["key"], found["type"], found["order"]
    columns = [c.rpartition(".")[2] for c in found["cols"].replace(" ", "").split(",")]

    def run(tables: Tables, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        rows = tables.shuffled(tables.where(table, key, array(args[0], cast)))
        if order is not None:
            rows.sort(key=lambda row: row[order])
        return [tuple(row.get(c) for c in columns) for row in rows]

    return run


def _delete(found: re.Match[str]) -> Statement:
    def run(tables: Tables, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        tables.drop(found["table"], ((key,) for key in array(args[0], found["type"])))
        return []

    return run


def _insert(found: re.Match[str]) -> Statement:
    table, casts, than = found["table"], _CAST.findall(found["args"]), found["than"]
    columns = found["cols"].replace(" ", "").split(",")

    def run(tables: Tables, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        for values in zip(*map(array, args, casts), strict=True):
            row = dict(zip(columns, values, strict=True))
            old = (
                tables.rows(table).get(tuple(_stored(row[k]) for k in KEYS[table])) if table in KEYS else None
            )
            if old is None:
                tables.put(table, row, new=True)
            elif found["sets"] is not None:
                if than is None or old["version"] < row["version"] + (than == "<="):
                    tables.put(table, old | _chosen(found["sets"], row), new=False)
            else:
                assert found["do"] == "nothing", f"{table} {row} is there already"
        return []

    return run


def _chosen(sets: str, row: Row) -> Row:
    names = [part.split("=")[0].strip() for part in sets.split(",")]
    return {name: row[name] for name in names}


def _update(found: re.Match[str]) -> Statement:
    table, casts, key = found["table"], _CAST.findall(found["args"]), found["key"]
    columns = found["cols"].replace(" ", "").split(",")

    def run(tables: Tables, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        for values in zip(*map(array, args, casts), strict=True):
            row = dict(zip(columns, values, strict=True))
            old = tables.rows(table).get((_stored(row[key]),))
            if old is not None:
                tables.put(table, old | _chosen(found["sets"], row), new=False)
        return []

    return run
