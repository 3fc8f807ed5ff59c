"""Booking money back to those who paid it, and out again when a cancel is reversed; the answers to both."""

from collections.abc import Sequence

from services.settlement.deciding import earmark, facts
from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.deciding.to_holders import binding_of, off_recovery, place, receives, to_holder
from services.settlement.domain import results, share_list
from services.settlement.domain.accounts import SEGMENT_OF, SEGMENTS, State, held, month_of, move
from services.settlement.domain.book import Book, late_case
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
    """Keeps what went back for reconciliation and clearing."""
    month = ask.book.recon.months.open_from(ask.code, month_of(ask.at))
    row = taken_back(found, kind, ask.msgid, undoes, amount, backs, ask.at, month, _policy(ask, found))
    ask.book.recon.taken_back.append(row)


def _credit(ask: Asked, found: Settlement, back: Back, posting: bytes, kind: str) -> None:
    """To the holder, and off what is to be recovered of the share. What a recovery brought in before is the holder's no more: it is held."""
    share = found.shares()[back.share]
    binding_id = binding_of(share)
    case = None if binding_id is None else late_case(found.setl_id, binding_id)
    over = off_recovery(ask.book, case, back.amount)
    if over < back.amount:
        to_holder(
            ask.book, share, SEGMENT_OF[share["segment"]], found.spent_at, back.amount - over, posting, kind, ask.at, found.setl_id
        )  # fmt: skip
    if over:
        line = held(share["psn_no"], over, posting, kind, ask.at, found.setl_id)
        ask.book.new_entries.append(line)


def _quota(book: Book, found: Settlement, back: Back, sign: int) -> None:
    """Restores (`sign` 1) or uses again (-1) the quota of a share, in the period in which it was used."""
    period = found.periods.split("|")[back.share] if found.periods else ""
    share = found.shares()[back.share]
    binding_id = binding_of(share)
    binding = None if binding_id is None else book.bindings.get(binding_id)
    if not period or binding is None:
        return
    pot = book.account(binding.sponsor) if POT in period else None
    count(period, binding, pot, -sign * back.amount)


def shown(found: Settlement, back: Back, book: Book) -> Json:
    """A share with what moved of it, the part of the account and its balance as they are now."""
    share: Json = dict(found.shares()[back.share])
    account, segment = place(book, share, SEGMENT_OF[share["segment"]], found.spent_at)
    share["amount"], share["segment"] = yuan(back.amount), SEGMENTS[segment].value
    share["balance_after"] = yuan(account.of(segment))
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
    reply = results.answer(body, balc, spending.mutual_aid == "inside", spending.fund_includes_account, flag)
    if fen(body["acct_mulaid_pay"]):
        place = ask.book.institutions.get(found.fixmedins_code)
        reply |= share_list.told(body["shares"], place, ask.book.regions, found.at)
    return reply


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


def missing(ask: Asked, found: Settlement, backs: Sequence[Back]) -> int:
    """What is not there any more, fen, of the money that would pay the bill again."""
    wanted: dict[tuple[str, int], int] = {}
    there: dict[tuple[str, int], int] = {}
    shares = found.shares()
    for back in backs:
        share = shares[back.share]
        account, segment = place(ask.book, share, SEGMENT_OF[share["segment"]], found.spent_at)
        key = account.psn_no, segment
        wanted[key] = wanted.get(key, 0) + back.amount
        holder = ask.book.account(share["psn_no"])
        pays = holder.state == State.OPEN and receives(ask.book, share["psn_no"])
        there[key] = account.of(segment) if pays else 0
    return sum(max(0, amount - there[key]) for key, amount in wanted.items())


def book_again(ask: Asked, found: Settlement, backs: Sequence[Back]) -> None:
    """Books what a cancel gave back out of the same accounts."""
    posting, total, book = _posting(ask), 0, ask.book
    for back in reversed(backs):
        share = found.shares()[back.share]
        account, segment = place(book, share, SEGMENT_OF[share["segment"]], found.spent_at)
        _quota(book, found, back, -1)
        entry = move(
            account, segment, -back.amount, posting, "again", ask.at, binding_of(share), found.setl_id
        )
        book.new_entries.append(entry)
        total += back.amount
        if share["binding_id"]:
            _owed_again(book, late_case(found.setl_id, UUID(share["binding_id"])), back.amount)
    if total:
        book.book_counter(ask.code, total, posting, "again", ask.at, found.setl_id)
    shares = found.shares()
    facts.paid_after_all(book, filter(None, (binding_of(shares[back.share]) for back in backs)))
    _note(ask, found, "again", found.undone_by, found.undone, backs)


def _owed_again(book: Book, case: str, amount: int) -> None:
    owed = book.recoveries.get(case)
    if owed is not None:
        owed.settled, owed.changed = max(0, owed.settled - amount), True
