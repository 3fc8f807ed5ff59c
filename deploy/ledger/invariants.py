"""What must hold of the ledger after every step, whatever a case expects: the same that `verify()` asks of the database."""

from __future__ import annotations

from collections.abc import Iterator

from services.settlement.domain.accounts import COUNTER, HELD, SEGMENTS, Entry
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import Place
from services.settlement.domain.undo import CASH, slices
from services.settlement.reconciling.deciding import RECOVERED, RELEASED
from shared.contracts.base import fen


def broken(book: Book) -> Iterator[str]:
    """One line for each invariant that does not hold."""
    entries = book.new_entries
    yield from _postings(entries)
    yield from _accounts(book, entries)
    yield from _settlements(book, entries)
    for mark in book.earmarks.all.values():
        if mark.purse.balance > (mark.amount if mark.place == Place.OPEN else 0):
            yield f"earmark {mark.binding_id}: {mark.purse.balance} fen are set apart, the amount is {mark.amount} ({mark.place})"


def _postings(entries: list[Entry]) -> Iterator[str]:
    sums: dict[bytes, int] = {}
    for entry in entries:
        sums[entry.posting] = sums.get(entry.posting, 0) + entry.amount
    for posting, total in sums.items():
        if total:
            yield f"posting {posting.hex()}: its lines sum to {total} fen, not to zero"


def _accounts(book: Book, entries: list[Entry]) -> Iterator[str]:
    balances: dict[tuple[str, str], int] = {}
    versions: dict[str, int] = {}
    for entry in entries:
        if entry.segment in (COUNTER, HELD):
            if entry.balance_after is not None or entry.version is not None:
                yield f"{entry.account}: a counter line has a balance or a version"
            continue
        key = entry.account, entry.segment
        balances[key] = balances.get(key, 0) + entry.amount
        versions[entry.account] = versions.get(entry.account, 0) + 1
        if entry.balance_after != balances[key]:
            yield f"{entry.account} {entry.segment}: balance_after is {entry.balance_after} fen, the entries sum to {balances[key]}"
        if balances[key] < 0:
            yield f"{entry.account} {entry.segment}: {balances[key]} fen, below zero"
        if entry.version != versions[entry.account]:
            yield f"{entry.account}: version {entry.version}, expected {versions[entry.account]}"
    for account in book.accounts.values():
        for n, segment in enumerate(SEGMENTS):
            sum_ = balances.get((account.psn_no, segment.value), 0)
            if account.of(n) != sum_:
                yield f"{account.psn_no} {segment.value}: balance {account.of(n)} fen, the entries sum to {sum_}"
        if account.version != versions.get(account.psn_no, 0):
            yield f"{account.psn_no}: version {account.version}, expected {versions.get(account.psn_no, 0)}"


def _settlements(book: Book, entries: list[Entry]) -> Iterator[str]:
    """What each settlement took from accounts is what its result says, less what went back."""
    booked: dict[bytes, int] = {}
    for entry in entries:
        id = entry.original or entry.posting
        if entry.segment != COUNTER and entry.kind not in (RELEASED, RECOVERED) and id in book.settlements:
            booked[id] = booked.get(id, 0) - entry.amount
    for id, found in book.settlements.items():
        amounts = [fen(s["amount"]) for s in found.shares()]
        cash = fen(found.body()["psn_cash_pay"])
        if sum(amounts) + cash != found.personal:
            yield f"settlement {id.hex()}: shares and cash are {sum(amounts) + cash} fen, the personal part is {found.personal}"
        back = sum(b.amount for b in slices(cash, amounts, 0, found.returned) if b.share != CASH)
        if booked.get(id, 0) != sum(amounts) - back:
            yield f"settlement {id.hex()}: {booked.get(id, 0)} fen are booked, {sum(amounts) - back} by its result"
