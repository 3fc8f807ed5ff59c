"""Reads records whose header names are not UTF-8, which aiokafka cannot.

Its parser raises `UnicodeDecodeError` out of the poll, again and again: one such record from anybody who may write a topic would stop every
reader of it for good. Brokers accept them. So when it happens, the consumer seeks back and lets the slower parser below read until the
place is past: it shows such names with escapes (`\\xff`), as `decode` ignores headers that it does not know.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

MAGIC_OFFSET = 16
_reading = {"lenient": False}


class _Buffer(bytearray):
    """Bytes whose parts decode whatever they hold."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return _Buffer(found) if isinstance(index, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self).decode("utf-8", "backslashreplace")


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: _Buffer = _Buffer(self._buffer)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self, *_: Any) -> Any:
        part = self._next_slice
        if part is None or len(part) <= MAGIC_OFFSET or part[MAGIC_OFFSET] < 2:
            return super().next_batch()  # what a broker of today does not send
        self._cache_next()
        return _Batch(part)


def _records(raw: bytes) -> Any:
    return _Records(raw) if _reading["lenient"] else MemoryRecords(raw)


def install() -> None:
    """Lets the client of this process choose its parser. Without effect on what it reads until `read_leniently`."""
    fetcher.MemoryRecords = _records


def read_leniently(on: bool) -> None:
    """Switches the slower parser on or off for what is fetched from now on."""
    _reading["lenient"] = on


def is_lenient() -> bool:
    return _reading["lenient"]
