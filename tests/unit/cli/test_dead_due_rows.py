"""A dead letter of a row that was due goes back into its service's table, not onto a topic."""

from typing import Any

import pytest

from deploy.commands import dead_letters
from deploy.reading.letters import Letter, to_replay
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from shared.clock import SystemClock
from shared.messaging.dead_letters import dead_letter
from shared.messaging.decode import Dead
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord

ROW = b'{"kind":"consent","entity":"e","due_at":"2026-11-23T02:00:00Z","body":{"n":1},"trace":null}'


def letter(topic: str, value: bytes = ROW) -> Letter:
    out = dead_letter("audit", Dead(PlainRecord(topic, 0, 0, 0, b"e", value), Reason.HANDLER_FAILED))
    record = PlainRecord(out.topic, 0, 5, 0, out.key, out.value, out.pairs())
    return Letter(Seen.of(record, SystemClock()))


class Table:
    """A connection that keeps the rows that are put back."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    async def fetchval(self, _: str, *row: Any) -> bool | None:
        there = row in self.rows
        self.rows.append(row)
        return None if there else True


def test_rows_are_told_from_records() -> None:
    assert letter("due").is_due_row
    assert not letter("binding.requests").is_due_row
    assert len(to_replay([letter("binding.requests")])[0]) == 1


def test_a_row_goes_back_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()

    async def each(_: Running, services: list[str], ask: Any) -> dict[str, bool]:
        return {name: await ask(table) for name in services}

    monkeypatch.setattr(dead_letters, "each_database", each)
    found = [letter("due"), letter("due"), letter("due", b'{"kind":1}')]
    assert len(dead_letters._put_back(Running("k", None), found)) == 1
    assert [row[:2] for row in table.rows] == [("consent", "e")] * 2
    told = capsys.readouterr()
    assert "put back" in told.out
    assert "due again already" in told.out
    assert "no dead letter of a due row" in told.err
