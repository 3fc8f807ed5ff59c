"""What a person's statement is made of, out of a trial's book: the same rows that the desk's functions read in the database
(`pots_of`, `statement_balances`, `statement_movements`). `tests/integration/settlement/test_statements_alike.py` holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.settlement.domain.accounts import HELD, Entry
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import purse_name
from services.settlement.domain.holds import hold_name
from services.settlement.domain.premiums import Premium
from services.settlement.domain.statements import Balance, Movement, Statement, statement
from services.settlement.domain.transfers import moving_name, wallet_name
from services.settlement.domain.undo import Settlement

_VISIBLE, _MASKED = 5, 3
_COLUMN = {"current": 0, "historic": 1}
Moved = tuple[bytes, str, datetime]


def statement_of(book: Book, psn_no: str, begin: datetime, end: datetime) -> Statement:
    """What happened to a person's money from `begin` to before `end`. Raises `Unbalanced`."""
    pots = dict(_pots(book, psn_no))
    lines = [(pots[e.account], e) for e in book.new_entries if e.account in pots and e.at < end]
    return statement(_balances(lines, begin), _movements(book, psn_no, [line for line in lines if line[1].at >= begin]))  # fmt: skip


def masked_number(number: str) -> str:
    """As the function of this name in the database: three figures, stars, two figures; stars alone where it is short."""
    if len(number) <= _VISIBLE:
        return "*" * len(number)
    return number[:_MASKED] + "*" * (len(number) - _VISIBLE) + number[_MASKED - _VISIBLE :]


def _pots(book: Book, psn_no: str) -> Iterator[tuple[str, str]]:
    """The account rows with money of a person, and what each is."""
    yield psn_no, "own"
    yield hold_name(psn_no), "hold"
    yield f"{HELD}/{psn_no}", "held"
    for mark in book.earmarks.of.get(psn_no, ()):
        yield purse_name(mark.binding_id), "earmark"
        yield hold_name(purse_name(mark.binding_id)), "hold"
    for transfer in book.transfers.all.values():
        if transfer.giver == psn_no:
            yield moving_name(transfer.transfer_id), "transfer"
    for binding in book.bindings.values():
        if binding.beneficiary == psn_no:
            yield wallet_name(binding.binding_id), "wallet"
            yield hold_name(wallet_name(binding.binding_id)), "hold"


def _balances(lines: list[tuple[str, Entry]], begin: datetime) -> list[Balance]:
    found: dict[tuple[str, str], list[int]] = {}
    for pot, entry in lines:
        sums = found.setdefault((pot, entry.segment), [0, 0])
        sums[1] += entry.amount
        if entry.at < begin:
            sums[0] += entry.amount
    return [Balance(*place, *sums) for place, sums in sorted(found.items())]


def _movements(book: Book, psn_no: str, lines: list[tuple[str, Entry]]) -> list[Movement]:
    """One row a posting, in the order of time."""
    postings: dict[Moved, list[tuple[str, Entry]]] = {}
    for pot, entry in lines:
        postings.setdefault((entry.posting, entry.kind, entry.at), []).append((pot, entry))
    premiums = {p.posting: p for p in book.premiums.all.values() if p.posting is not None}
    ordered = sorted(postings.values(), key=_when)
    return [_movement(book, premiums, psn_no, rows) for rows in ordered]


def _when(rows: list[tuple[str, Entry]]) -> tuple[datetime, float, bytes]:
    versions = [e.version for pot, e in rows if pot == "own" and e.version is not None]
    return rows[0][1].at, min(versions, default=float("inf")), rows[0][1].posting


def _movement(
    book: Book, premiums: dict[bytes, Premium], psn_no: str, rows: list[tuple[str, Entry]]
) -> Movement:
    first = rows[0][1]
    sums = [0, 0, 0, 0]
    for pot, entry in rows:
        sums[3 if pot == "held" else _COLUMN[entry.segment] if pot == "own" else 2] += entry.amount
    about = next((e.original for _, e in rows if e.original is not None), first.posting)
    bill, premium = book.settlements.get(about), premiums.get(about)
    place = book.institutions.get(bill.fixmedins_code) if bill is not None else None
    binding_id = next((e.binding_id for _, e in rows if e.binding_id is not None), None)
    relation, relative = _about(book, psn_no, binding_id, bill, premium)
    return Movement(
        first.at, first.kind, sums[0], sums[1], sums[2], sums[3], about.hex(),
        None if bill is None else bill.fixmedins_code, None if place is None else place.pharmacy,
        None if bill is None else str(bill.body()["med_type"]), binding_id, relation, relative,
        None if premium is None else premium.kind, None if premium is None else premium.year,
        None if place is None else place.name,
    )  # fmt: skip


def _about(
    book: Book, psn_no: str, binding_id: UUID | None, bill: Settlement | None, premium: Premium | None
) -> tuple[str | None, str | None]:
    """Relation and masked number of the relative whom a movement was for; nothing where it was for oneself."""
    binding = None if binding_id is None else book.bindings.get(binding_id)
    if binding is not None and binding.beneficiary != psn_no:
        return binding.relation, masked_number(binding.beneficiary)
    whose = bill.psn_no if bill is not None else premium.psn_no if premium is not None else psn_no
    return None, None if whose == psn_no else masked_number(whose)
