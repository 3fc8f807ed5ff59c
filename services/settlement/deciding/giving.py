"""Booking money back to those who paid it, and out again when a cancel is reversed; the answers to both."""

from collections.abc import Sequence

from services.settlement.deciding import earmark
from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.domain import results
from services.settlement.domain.accounts import SEGMENT_OF, State, held, move
from services.settlement.domain.book import Book
from services.settlement.domain.declines import Decline
from services.settlement.domain.limits import POT, count
from services.settlement.domain.results import Json
from services.settlement.domain.taken_back import taken_back
from services.settlement.domain.undo import CASH, Back, Settlement, slices
from shared.contracts.base import UUID, fen, yuan
from shared.contracts.settlement_requests import DeclineCode
from shared.policies.values import Spending


def mine(ask: Asked, setl_id: str) -> Settlement | Decline:
    """The settlement if it is this institution's and this patient's."""
    try:
        found = ask.book.settlements.get(bytes.fromhex(setl_id)) if setl_id else None
    except ValueError:
        found = None
    if found is None or found.fixmedins_code != ask.code or found.psn_no != ask.psn_no:
        return Decline(DeclineCode.SETTLEMENT_UNKNOWN, "setl_id")
    return found


def end(ask: Asked, found: Settlement, kind: str, by: str) -> None:
    amount = found.left
    backs = slices_of(found, found.returned, amount)
    found.state, found.undone, found.undone_by = kind, amount, by
    found.returned += amount
    give_back(ask, found, kind, backs, amount)


def slices_of(found: Settlement, returned: int, amount: int) -> list[Back]:
    body = found.body()
    return slices(fen(body["psn_cash_pay"]), [fen(s["amount"]) for s in body["shares"]], returned, amount)


def give_back(ask: Asked, found: Settlement, kind: str, backs: Sequence[Back], amount: int) -> None:
    """Books the money back to the holders, restores quotas, publishes and answers."""
    posting = _posting(ask)
    found.changed = True
    found.number += 1
    shares: list[Json] = []
    total = 0
    for back in backs:
        if back.share == CASH:
            continue
        total += back.amount
        _quota(ask.book, found, back, 1)
        _credit(ask, found, back, posting, kind)
        shares.append(shown(found, back, ask.book))
    if total:
        ask.book.book_counter(ask.code, -total, posting, kind, ask.at, found.setl_id)
    _note(ask, found, kind, found.msgid if kind == "reversed" else None, amount, backs)
    earmark.trim(ask.book, ask.at, ask.out)
    answer(ask, found, kind, returned_body(ask, found, shares, backs), amount)


def _note(
    ask: Asked, found: Settlement, kind: str, undoes: str | None, amount: int, backs: Sequence[Back]
) -> None:
    """Keeps what went back for reconciliation."""
    shares, sums = found.shares(), [0, 0]
    for back in backs:
        if back.share != CASH:
            sums[shares[back.share]["holder"] != "own"] += back.amount
    row = taken_back(found, kind, ask.msgid, undoes, amount, sums[0], sums[1], ask.at, _policy(ask, found))
    ask.book.recon.taken_back.append(row)


def _credit(ask: Asked, found: Settlement, back: Back, posting: bytes, kind: str) -> None:
    share = found.shares()[back.share]
    account = earmark.payer(ask.book, share)
    if account.state == State.CLOSED:
        ask.book.new_entries.append(held(account.psn_no, back.amount, posting, kind, ask.at, found.setl_id))
        return
    entry = move(
        account,
        SEGMENT_OF[share["segment"]],
        back.amount,
        posting,
        kind,
        ask.at,
        _binding(ask.book, share),
        found.setl_id,
    )
    ask.book.new_entries.append(entry)


def _binding(book: Book, share: Json) -> UUID | None:
    return (
        next((b for b in book.bindings if str(b) == share["binding_id"]), None)
        if share["binding_id"]
        else None
    )


def _quota(book: Book, found: Settlement, back: Back, sign: int) -> None:
    """Restores (`sign` 1) or uses again (-1) the quota of a share, in the period in which it was used."""
    period = found.periods.split("|")[back.share] if found.periods else ""
    share = found.shares()[back.share]
    binding_id = _binding(book, share)
    if not period or binding_id is None:
        return
    binding = book.bindings[binding_id]
    pot = book.account(binding.sponsor) if POT in period else None
    count(period, binding, pot, -sign * back.amount)


def shown(found: Settlement, back: Back, book: Book) -> Json:
    share: Json = dict(found.shares()[back.share])
    share["amount"] = yuan(back.amount)
    share["balance_after"] = yuan(earmark.payer(book, share).of(SEGMENT_OF[share["segment"]]))
    return share


def returned_body(ask: Asked, found: Settlement, shares: list[Json], backs: Sequence[Back]) -> Json:
    own = sum(fen(s["amount"]) for s in shares if s["holder"] == "own")
    others = sum(fen(s["amount"]) for s in shares) - own
    cash = sum(b.amount for b in backs if b.share == CASH)
    return results.returned(
        found.setl_id.hex(), found.number, ask.msgid, ask.infno, ask.event.source, ask.event.id, ask.code, ask.psn_no,
        ask.at, own, others, cash, shares,
    )  # fmt: skip


def answer(ask: Asked, found: Settlement, kind: str, body: Json, amount: int) -> None:
    own = ask.book.seen(ask.psn_no)
    inside = _policy(ask, found).mutual_aid == "inside"
    ask.done(
        kind,
        results.encode(body),
        results.answer_returned(body, own.balance if own else None, inside),
        found.setl_id,
        amount,
    )


def setlinfo(ask: Asked, found: Settlement, body: Json, flag: str) -> Json:
    own = ask.book.seen(ask.psn_no)
    spending = _policy(ask, found)
    balc = own.balance if own else None
    return results.answer(body, balc, spending.mutual_aid == "inside", spending.fund_includes_account, flag)


def _policy(ask: Asked, found: Settlement) -> Spending:
    return ask.book.regions.at(found.region, found.at).spending


def nothing(ask: Asked, setl_id: str, number: int, tombstone: bool = False) -> None:
    body = results.returned(
        setl_id,
        number,
        ask.msgid,
        ask.infno,
        ask.event.source,
        ask.event.id,
        ask.code,
        ask.psn_no,
        ask.at,
        0,
        0,
        0,
        [],
        tombstone,
    )
    ask.done("reversed", results.encode(body), results.answer_returned(body, None, False))


def _posting(ask: Asked) -> bytes:
    return bytes.fromhex(new_setl_id(ask.out.new_id()))


def book_again(ask: Asked, found: Settlement, backs: Sequence[Back]) -> None:
    posting, total = _posting(ask), 0
    for back in reversed(backs):
        share = found.shares()[back.share]
        account = earmark.payer(ask.book, share)
        _quota(ask.book, found, back, -1)
        entry = move(
            account,
            SEGMENT_OF[share["segment"]],
            -back.amount,
            posting,
            "again",
            ask.at,
            _binding(ask.book, share),
            found.setl_id,
        )
        ask.book.new_entries.append(entry)
        total += back.amount
    if total:
        ask.book.book_counter(ask.code, total, posting, "again", ask.at, found.setl_id)
    _note(ask, found, "again", found.undone_by, found.undone, backs)
