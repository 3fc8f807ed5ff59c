"""Rows as what a statement takes: one list a column, or the text of an array."""

from collections.abc import Iterable
from typing import Any


def array(values: Iterable[Any]) -> str:
    """Numbers or UUIDs as the text of a PostgreSQL array."""
    return "{" + ",".join(map(str, values)) + "}"


def by_column(rows: Iterable[Iterable[Any]]) -> Iterable[Any]:
    """A list for each column of the rows, of which there is at least one."""
    return map(list, zip(*rows, strict=True))
