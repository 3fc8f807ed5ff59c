"""Bills as they have to come out: quoted, settled, taken back in whole or in part, booked again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.settlement_requests import Bill, Cancel, Query, Refund, Reverse
from shared.messaging.handler import Event
from tests.unit.settlement.serial import apart
from tests.unit.settlement.serial.faults import first
from tests.unit.settlement.serial.known import Asked, Hold, Known, Paid, Verdict
from tests.unit.settlement.serial.money import Share, counter
from tests.unit.settlement.serial.paying import paid_by, personal

CANCELS = {"2207": "2208", "2102": "2103", "2304": "2305"}
SAME = (
    "med_type", "insuplc_admdvs", "medfee_sumamt", "fund_pay_sumamt", "hosp_part_amt", "fulamt_ownpay_amt", "overlmt_selfpay",
    "preselfpay_amt", "inscp_scp_amt", "acct_used_flag", "feedetail",
)  # fmt: skip
"""What a settle has in common with the quote whose hold pays it."""


def decide(k: Known, item: Event, body: Any, setl_id: str) -> Verdict:
    """What becomes of a request; `setl_id` is the number that the service gave to a new settlement."""
    if (fault := first(k, item, body)) is not None:
        return declined(fault)
    if isinstance(body, Bill):
        return _bill(k, item, body, setl_id)
    if isinstance(body, Reverse):
        return _reverse(k, item, body)
    if isinstance(body, Query) and body.setl_id is None:
        asked = k.asked.get((body.fixmedins_code, body.omsgid or ""))
        found = k.bills.get(asked.setl_id) if asked else None
    else:
        found = k.bills.get(body.setl_id)
    if found is None or (found.bill.fixmedins_code, found.bill.psn_no) != (body.fixmedins_code, body.psn_no):
        return declined("settlement-unknown")
    if isinstance(body, Cancel):
        return _cancel(k, item, body, found)
    return _refund(k, item, body, found) if isinstance(body, Refund) else Verdict("found")


def declined(code: str) -> Verdict:
    return Verdict("declined", (code,))


def late(k: Known, reference: str, shares: Iterable[Share]) -> None:
    """What a binding paid of a bill or premium since its end, once that is known, is listed for recovery; once, in one sum."""
    sums: dict[UUID, int] = {}
    for share in shares:
        b = k.bindings[share.binding.binding_id] if share.binding else None
        if b is not None and b.state.final and b.binding_id not in k.erased:
            ends = [p.end for p in b.effective]
            if ends and all(end is not None and end <= share.at for end in ends):
                sums[b.binding_id] = sums.get(b.binding_id, 0) + share.amount
    for id, amount in sums.items():
        if amount and (reference, id) not in k.listed:
            k.listed.add((reference, id))
            k.owed[reference, id] = amount


def _bill(k: Known, item: Event, bill: Bill, setl_id: str) -> Verdict:
    at, visit, settles = (
        item.time,
        (bill.fixmedins_code, bill.mdtrt_id, bill.psn_no),
        item.type.endswith("settle"),
    )
    hold = k.holds.get(visit)
    if hold and settles and at < hold.until and all(getattr(bill, n) == getattr(hold.bill, n) for n in SAME):
        del k.holds[visit], k.quotes[visit]
        shares, cash = hold.shares, personal(bill) - sum(s.amount for s in hold.shares)
    else:
        if hold:
            apart.release(k, visit)
        shares, cash = paid_by(k, bill, at)
        if not settles:
            return _quote(k, bill, at, shares, cash)
        k.note(shares)
    for share in shares:
        k.money.move((share.row, share.segment), counter(bill.fixmedins_code, at), share.amount)
    k.bills[setl_id] = Paid(bill, cash, shares)
    late(k, setl_id, shares)
    return Verdict("settled", (), shares, cash)


def _quote(k: Known, bill: Any, at: datetime, shares: list[Share], cash: int) -> Verdict:
    visit = bill.fixmedins_code, bill.mdtrt_id, bill.psn_no
    k.quotes[visit] = [(s.holder, s.segment, s.first) for s in shares]
    minutes = min(bill.hold_minutes or 0, k.town.spending(bill.insuplc_admdvs).hold_minutes)
    if shares and minutes:
        apart.set_apart(k, visit, Hold(at + timedelta(minutes=minutes), bill, shares))
    return Verdict("quoted", (), shares, cash)


def slices(paid: Paid, returned: int, amount: int) -> list[tuple[Share, int]]:
    """Cash goes back first, then the shares from the last to the first: what the fen from `returned` on are of them."""
    found, begin = [], paid.cash
    for share in reversed(paid.shares):
        part = min(returned + amount, begin + share.first) - max(returned, begin)
        if part > 0:
            found.append((share, part))
        begin += share.first
    return found


def _take_back(k: Known, item: Event, paid: Paid, amount: int) -> None:
    for share, part in slices(paid, paid.returned, amount):
        k.money.move(counter(paid.bill.fixmedins_code, item.time), apart.home(k, share), part)
        share.amount -= part
    paid.returned += amount
    apart.trim(k)


def _end(k: Known, item: Event, paid: Paid, word: str) -> Verdict:
    body: Any = item.body
    paid.state, paid.undone, paid.undone_by = word, paid.personal - paid.returned, body.msgid
    _take_back(k, item, paid, paid.undone)
    return Verdict(word)


def _refund(k: Known, item: Event, body: Refund, paid: Paid) -> Verdict:
    if paid.state != "settled":
        return declined("already-cancelled")
    if body.amount > paid.personal - paid.returned:
        return declined("refund-too-high")
    _take_back(k, item, paid, body.amount)
    return Verdict("refunded")


def _cancel(k: Known, item: Event, body: Cancel, paid: Paid) -> Verdict:
    if body.infno != CANCELS[paid.bill.infno]:
        return declined("transaction-mismatch")
    if paid.state != "settled" or 0 < paid.personal == paid.returned:
        return declined("already-cancelled")
    return _end(k, item, paid, "cancelled")


def _reverse(k: Known, item: Event, body: Reverse) -> Verdict:
    if not body.omsgid.startswith(body.fixmedins_code):
        return declined("msgid-not-yours")
    asked = k.asked.get((body.fixmedins_code, body.omsgid))
    if asked is None:
        k.early.add((body.fixmedins_code, body.omsgid, body.oinfno, body.psn_no))
        return Verdict("reversed")
    if (asked.infno, asked.psn_no) != (body.oinfno, body.psn_no) or asked.kind not in ("settle", "cancel"):
        return declined("not-reversible")
    if asked.setl_id not in k.bills:
        return Verdict("reversed")
    paid = k.bills[asked.setl_id]
    if asked.kind == "cancel":
        return _again(k, item, asked, paid)
    if paid.state == "reversed":
        return Verdict("reversed")
    if paid.state == "cancelled" or 0 < paid.personal == paid.returned:
        return declined("already-cancelled")
    return _end(k, item, paid, "reversed")


def _again(k: Known, item: Event, cancel: Asked, paid: Paid) -> Verdict:
    """A cancel is reversed: what it gave back is paid once more by those who got it, if all of it is still there."""
    if paid.undone_by != cancel.body.msgid or paid.state == "reversed":
        return declined("not-reversible")
    if paid.state == "settled":
        return Verdict("reversed")
    before = paid.returned - paid.undone
    wanted = [(share, apart.home(k, share), part) for share, part in slices(paid, before, paid.undone)]
    sums = {place: sum(part for _, p, part in wanted if p == place) for _, place, _ in wanted}
    pays = all(k.is_open(share.holder) and k.receives(share.holder) for share, _, _ in wanted)
    if not pays or any(
        place[1] not in ("current", "historic") or k.money.fen.get(place, 0) < n for place, n in sums.items()
    ):
        return declined("money-gone")
    for share, place, part in wanted:
        k.money.move(place, counter(paid.bill.fixmedins_code, item.time), part)
        share.amount += part
    paid.returned, paid.undone, paid.state = before, 0, "settled"
    late(k, cancel.setl_id, paid.shares)
    return Verdict("settled")
