"""Money that stands in account rows of its own: earmarks (共济额度) and wallets (划拨). How it moves, what of it a bill may use, where
a share goes back to.

Every movement is a posting of two rows that sums to zero, each segment for itself.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.settlement.deciding.asking import new_setl_id
from services.settlement.domain.accounts import CURRENT, HISTORIC, Account, State, move
from services.settlement.domain.allocate import Candidate
from services.settlement.domain.bindings import Binding
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import Place, next_edge, over
from shared.messaging.handler import Out
from shared.policies.values import Spending

NATION = "100000"


def shift(
    book: Book, giver: Account, taker: Account, parts: tuple[int, int], kind: str, binding_id: UUID, at: datetime, out: Out
) -> None:  # fmt: skip
    """Moves (current, historic) fen from one row to another, each to the same segment."""
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    for segment, amount in ((CURRENT, parts[0]), (HISTORIC, parts[1])):
        if amount:
            book.new_entries.append(move(giver, segment, -amount, posting, kind, at, binding_id))
            book.new_entries.append(move(taker, segment, amount, posting, kind, at, binding_id))
    if book.new_apart and parts[0]:
        for row, amount in ((giver, parts[0]), (taker, -parts[0])):
            if row.psn_no in book.new_apart:
                book.new_apart[row.psn_no].append((at, amount))


def turn(book: Book, row: Account, binding_id: UUID | None, posting: bytes, at: datetime, young: int) -> int:
    """The year's turn of a row: what is left of the year that ended becomes historic. Of `young` fen that are of the new year it keeps
    what it has; what of them is elsewhere is given back."""
    kept = min(row.current, young)
    if amount := row.current - kept:
        for segment, moved in ((CURRENT, -amount), (HISTORIC, amount)):
            book.new_entries.append(move(row, segment, moved, posting, "turn", at, binding_id))
    return young - kept


def offered(book: Book, psn_no: str, mode: str, at: datetime) -> bool:
    """Whether the account's region has the mode. An account whose region is not known yet has no money to be set apart either."""
    return not book.account(psn_no).admdvs or mode in spending(book, psn_no, at).modes


def spending(book: Book, psn_no: str, at: datetime) -> Spending:
    """The rules of the account's region."""
    return book.regions.at(book.account(psn_no).admdvs or NATION, at).spending


def schedule(book: Book, binding: Binding, mode: str, kind: str, at: datetime, out: Out) -> None:
    """The next time at which the binding or its region's mode begins or ends is a due row."""
    edge = next_edge(binding, at.timestamp())
    edges = [datetime.fromtimestamp(edge, UTC)] if edge is not None else []
    if not over(binding):
        region = book.account(binding.sponsor).admdvs or NATION
        turns = book.regions.mode_turns(region, at, mode)
        edges += [turns] if turns is not None else []
    if edges:
        out.due(kind, str(binding.binding_id), min(edges))
    else:
        out.no_longer_due(kind, str(binding.binding_id))


def candidate(book: Book, found: Candidate) -> Candidate:
    """The same binding with what stands apart for it in place of the sponsor's account; nothing where nothing does."""
    purse = _purse(book, found.binding.binding_id)
    if purse is None:
        return found._replace(current=0, historic=0)
    return found._replace(account=purse, current=purse.current, historic=purse.historic)


def payer(book: Book, share: dict[str, Any]) -> Account:
    """The account row that a share of a stored result goes back to: the earmark or wallet while it is open, else the holder's own."""
    account = book.account(share["psn_no"])
    if not share["binding_id"] or not (book.earmarks.all or book.transfers.wallets):
        return account
    binding_id = UUID(share["binding_id"])
    if account.state == State.CLOSED and binding_id not in book.transfers.wallets:
        return account
    return _purse(book, binding_id) or account


def _purse(book: Book, binding_id: UUID) -> Account | None:
    wallet = book.transfers.wallets.get(binding_id)
    if wallet is not None:
        return wallet.purse if wallet.open else None
    mark = book.earmarks.all.get(binding_id)
    return mark.purse if mark is not None and mark.place == Place.OPEN else None
