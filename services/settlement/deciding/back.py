"""Taking back: cancel, reverse by the original message, refund in part; and looking a settlement up."""

from collections.abc import Sequence

from services.settlement.deciding.asking import Asked
from services.settlement.deciding.giving import (
    answer,
    book_again,
    end,
    give_back,
    mine,
    missing,
    nothing,
    returned_body,
    setlinfo,
    shown,
    slices_of,
)
from services.settlement.domain.book import Stored
from services.settlement.domain.declines import Decline
from services.settlement.domain.results import Json, encode
from services.settlement.domain.undo import CASH, Back, Settlement
from shared.contracts.base import fen, yuan
from shared.contracts.settlement_requests import Cancel, DeclineCode, Query, Refund, Reverse

CANCELS = {"2207": "2208", "2102": "2103", "2304": "2305"}
"""Which transaction cancels which settlement."""


def cancel(ask: Asked, body: Cancel) -> None:
    """Takes the whole settlement back, less what was refunded before."""
    found = mine(ask, body.setl_id)
    if isinstance(found, Decline):
        ask.decline(found)
    elif ask.infno != (wanted := CANCELS[found.infno]):
        values = {"infno": ask.infno, "settled": found.infno, "wanted": wanted}
        ask.decline(Decline(DeclineCode.TRANSACTION_MISMATCH, "infno", values))
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
    if gone := missing(ask, found, backs):
        return ask.decline(Decline(DeclineCode.MONEY_GONE, "omsgid", {"missing": yuan(gone)}))
    refunded = found.returned - found.undone
    book_again(ask, found, backs)
    found.returned, found.undone, found.state = found.returned - found.undone, 0, "settled"
    found.number, found.changed = found.number + 1, True
    body = _again_body(ask, found, backs, refunded)
    return ask.done("settled", encode(body), setlinfo(ask, found, body, "0"), found.setl_id)


def _again_body(ask: Asked, found: Settlement, backs: Sequence[Back], refunded: int) -> Json:
    """What was booked again: the settlement less the `refunded` fen that had gone back before it was cancelled."""
    body = found.body() | {"number": found.number, "msgid": ask.msgid, "infno": ask.infno, "at": ask.at}
    body["origin"] = {"source": ask.event.source, "id": ask.event.id}
    body["shares"] = [shown(found, back, ask.book) for back in reversed(backs)]
    sums = [0, 0]
    for back, share in zip(reversed(backs), body["shares"], strict=True):
        sums[share["holder"] != "own"] += back.amount
    body["acct_pay"], body["acct_mulaid_pay"] = yuan(sums[0]), yuan(sums[1])
    body["psn_cash_pay"] = yuan(found.left - sum(sums))
    body["medfee_sumamt"] = yuan(fen(body["medfee_sumamt"]) - refunded)
    if found.left == sum(sums):
        body["cash_reasons"] = []
    return body


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
