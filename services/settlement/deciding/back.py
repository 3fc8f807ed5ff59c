"""Taking back: cancel, reverse by the original message, refund in part; and looking a settlement up."""

from services.settlement.deciding import earmark
from services.settlement.deciding.asking import Asked
from services.settlement.deciding.giving import (
    answer,
    book_again,
    end,
    give_back,
    mine,
    nothing,
    returned_body,
    setlinfo,
    shown,
    slices_of,
)
from services.settlement.domain.accounts import SEGMENT_OF, State
from services.settlement.domain.book import Stored
from services.settlement.domain.declines import Decline
from services.settlement.domain.results import encode
from services.settlement.domain.undo import CASH, Settlement
from shared.contracts.base import yuan
from shared.contracts.settlement_requests import Cancel, DeclineCode, Query, Refund, Reverse


def cancel(ask: Asked, body: Cancel) -> None:
    """Takes the whole settlement back, less what was refunded before."""
    found = mine(ask, body.setl_id)
    if isinstance(found, Decline):
        ask.decline(found)
    elif found.state != "settled" or (found.personal and not found.left):
        ask.decline(Decline(DeclineCode.ALREADY_CANCELLED, "setl_id"))
    else:
        end(ask, found, "cancelled", ask.msgid)


def refund(ask: Asked, body: Refund) -> None:
    """Gives back a part of the settlement."""
    found = mine(ask, body.setl_id)
    if isinstance(found, Decline):
        ask.decline(found)
    elif found.state != "settled":
        ask.decline(Decline(DeclineCode.ALREADY_CANCELLED, "setl_id"))
    elif body.amount > found.left:
        values = {"amount": yuan(body.amount), "left": yuan(found.left)}
        ask.decline(Decline(DeclineCode.REFUND_TOO_HIGH, "amount", values))
    else:
        backs = slices_of(found, found.returned, body.amount)
        found.returned += body.amount
        give_back(ask, found, "refunded", backs, body.amount)


def reverse(ask: Asked, body: Reverse) -> None:
    """Undoes what the message `omsgid` did; a message that has not arrived will be refused if it does. Idempotent."""
    book = ask.book
    if not body.omsgid.startswith(ask.code):
        return ask.decline(Decline(DeclineCode.MSGID_NOT_YOURS, "omsgid"))
    first = book.requests.get((ask.code, body.omsgid))
    if first is None:
        key = (ask.code, body.omsgid, body.oinfno, body.psn_no)
        if key not in book.tombstones:
            book.tombstones.add(key)
            book.new_tombstones.append(key)
        return nothing(ask, "", 1, tombstone=True)
    if first.infno != body.oinfno or first.psn_no != body.psn_no or first.kind not in ("settle", "cancel"):
        return ask.decline(Decline(DeclineCode.NOT_REVERSIBLE, "omsgid"))
    found = book.settlements.get(first.setl_id) if first.setl_id else None
    if found is None:  # the original was declined: there is nothing to undo
        return nothing(ask, "", 1)
    return _reverse_settle(ask, found) if first.kind == "settle" else _reverse_cancel(ask, found, first)


def _reverse_settle(ask: Asked, found: Settlement) -> None:
    if found.state == "settled":
        if found.personal and not found.left:
            return ask.decline(Decline(DeclineCode.ALREADY_CANCELLED, "omsgid"))
        return end(ask, found, "reversed", ask.msgid)
    if found.state == "cancelled":
        return ask.decline(Decline(DeclineCode.ALREADY_CANCELLED, "omsgid"))
    backs = slices_of(found, found.returned - found.undone, found.undone)
    body = returned_body(
        ask, found, [shown(found, back, ask.book) for back in backs if back.share != CASH], backs
    )
    return answer(ask, found, "reversed", body, 0)


def _reverse_cancel(ask: Asked, found: Settlement, first: Stored) -> None:
    """Books the bill again, the same shares from the same accounts, if all of the money is still there."""
    if found.state == "settled" and found.undone_by == first.msgid:
        return nothing(ask, found.setl_id.hex(), found.number)
    if found.state != "cancelled" or found.undone_by != first.msgid:
        return ask.decline(Decline(DeclineCode.NOT_REVERSIBLE, "omsgid"))
    backs = [b for b in slices_of(found, found.returned - found.undone, found.undone) if b.share != CASH]
    shares = found.shares()
    wanted: dict[tuple[str, int], int] = {}
    for back in backs:
        key = (earmark.payer(ask.book, shares[back.share]).psn_no, SEGMENT_OF[shares[back.share]["segment"]])
        wanted[key] = wanted.get(key, 0) + back.amount
    holders = {shares[back.share]["psn_no"] for back in backs}
    if any(ask.book.account(psn_no).state != State.OPEN for psn_no in holders) or any(
        ask.book.account(psn_no).of(segment) < amount for (psn_no, segment), amount in wanted.items()
    ):
        return ask.decline(Decline(DeclineCode.NOT_REVERSIBLE, "omsgid"))
    book_again(ask, found, backs)
    found.returned, found.undone, found.state = found.returned - found.undone, 0, "settled"
    found.number, found.changed = found.number + 1, True
    body = found.body() | {"number": found.number, "msgid": ask.msgid, "infno": ask.infno, "at": ask.at}
    body["origin"] = {"source": ask.event.source, "id": ask.event.id}
    for share in body["shares"]:
        share["balance_after"] = yuan(earmark.payer(ask.book, share).of(SEGMENT_OF[share["segment"]]))
    return ask.done("settled", encode(body), setlinfo(ask, found, body, "0"), found.setl_id)


def query(ask: Asked, body: Query) -> None:
    """Tells what became of a settlement, by its id or by the message that asked for it."""
    setl_id = body.setl_id
    if setl_id is None and body.omsgid is not None:
        first = ask.book.requests.get((ask.code, body.omsgid))
        setl_id = first.setl_id.hex() if first is not None and first.setl_id else None
    found = mine(ask, setl_id or "")
    if isinstance(found, Decline):
        return ask.decline(found)
    flag = "1" if found.returned or found.state != "settled" else "0"
    result = found.body() | {"number": found.number}
    result["origin"] = {"source": ask.event.source, "id": ask.event.id}
    reply = setlinfo(ask, found, result, flag) | {"msgid": ask.msgid, "infno": "5203"}
    return ask.done("found", encode(result | {"refd_setl_flag": flag}), reply, found.setl_id)
