"""Money that stands apart - earmarks, offers, wallets, holds - and where money goes back to."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from shared.clock import BEIJING
from tests.unit.settlement.serial.known import Hold, Known, Mark, Transfer, Verdict, Visit, terms
from tests.unit.settlement.serial.money import HELD, SEGMENTS, Place, Share, day_of, split


def home(k: Known, share: Share) -> Place:
    """Where a share goes back to: what stood apart while it still does, else the holder's own account, else staff. What was of the current
    year is historic once the year has turned."""
    turned = k.turned.get(share.holder)
    segment = "historic" if turned is not None and share.at < turned else share.segment
    row = _standing_row(k, share)
    if row == share.holder and not k.receives(row):
        return f"held/{row}", HELD
    return row, segment


def _standing_row(k: Known, share: Share) -> str:
    if share.binding is None:
        return share.holder
    id = share.binding.binding_id
    if id in k.wallets:
        return f"wallet/{id}" if k.wallets[id][1] else share.holder
    if id in k.marks and k.marks[id].open and k.state.get(share.holder) != "closed":
        return f"earmark/{id}"
    return share.holder


# Earmarks


def followed(k: Known, id: UUID, at: datetime) -> None:
    """A binding has changed, or a day has come: earmark, offers and wallet are brought to what it says now."""
    b = k.bindings.get(id)
    if b is None:
        return
    sponsor, mark = b.case.sponsor.psn_no, k.marks.get(id)
    modes = k.rules_of(sponsor).modes if k.region.get(sponsor) else {b.case.mode}
    lasts = k.stands(b, at) and b.case.mode in modes
    if b.case.mode == "earmark" and mark is None and lasts:
        mark = k.marks[id] = Mark(id, sponsor, at)
    if mark is not None and not mark.ended:
        mark.open, mark.ended = lasts, k.over(b)
        if lasts:
            _resize(k, mark, terms(b, at).earmark or 0)
            fill(k, mark)
        else:
            _give_back(k, mark, sum(k.money.of(mark.row)), missed=True)
    if b.case.mode == "transfer" and not lasts:
        for offer in pending(k, sponsor):
            if offer.body.binding_id == id:
                returned(k, offer, "returned")
        if id in k.wallets:
            giver = k.wallets[id][0]
            k.wallets[id] = giver, False
            homewards(k, f"wallet/{id}", giver)


def _resize(k: Known, mark: Mark, amount: int) -> None:
    change, mark.amount = amount - mark.amount, amount
    if change >= 0:
        mark.missing += change
        return
    waived = min(mark.missing, -change)
    mark.missing -= waived
    there = sum(k.money.of(mark.row))
    refills = k.rules_of(mark.sponsor).earmark_refills
    _give_back(k, mark, max(0, there - amount) if refills else min(there, -change - waived))


def fill(k: Known, mark: Mark) -> None:
    """Sets apart what is wanted and the floor leaves; what was spent as well where the region refills."""
    rules, there = k.rules_of(mark.sponsor), k.money.of(mark.sponsor)
    if k.state.get(mark.sponsor) == "closed":
        return
    wanted = mark.amount - sum(k.money.of(mark.row)) if rules.earmark_refills else mark.missing
    parts = split(there, rules.sponsor_segments, min(wanted, sum(there) - rules.floor))
    mark.missing = max(0, mark.missing - sum(parts))
    k.money.pour(mark.sponsor, mark.row, parts)


def _give_back(k: Known, mark: Mark, amount: int, *, missed: bool = False) -> None:
    """Historic money first: what would be spent last. `missed`: it is wanted again when there is money."""
    historic = min(amount, k.money.of(mark.row)[1])
    mark.missing += amount if missed else 0
    k.money.pour(mark.row, mark.sponsor, (amount - historic, historic))


def open_marks(k: Known, sponsor: str) -> list[Mark]:
    """Oldest first."""
    return sorted(
        (m for m in k.marks.values() if m.open and m.sponsor == sponsor), key=lambda m: (m.opened, m.binding.bytes)
    )  # fmt: skip


def credited(k: Known, psn_no: str) -> None:
    """The authority has moved money: earmarks are filled up; they are given back where the account's region does not have them."""
    for mark in open_marks(k, psn_no):
        if not k.region.get(psn_no) or "earmark" in k.rules_of(psn_no).modes:
            fill(k, mark)
        else:
            mark.open = False
            _give_back(k, mark, sum(k.money.of(mark.row)), missed=True)


def cover(k: Known, psn_no: str, segment: str, needed: int) -> None:
    """A correction takes of earmarks, newest first, what the account does not have."""
    n = SEGMENTS.index(segment)
    for mark in reversed(open_marks(k, psn_no)):
        amount = min(needed - k.money.of(psn_no)[n], k.money.of(mark.row)[n])
        if amount > 0:
            mark.missing += amount
            k.money.move((mark.row, segment), (psn_no, segment), amount)


def closing(k: Known, psn_no: str) -> None:
    """Before an account is closed it takes back what is set apart of it and what is on its way."""
    for mark in open_marks(k, psn_no):
        _give_back(k, mark, sum(k.money.of(mark.row)), missed=True)
    for offer in pending(k, psn_no):
        returned(k, offer, "returned")


def turn(k: Known, psn_no: str, young: int, given: int) -> None:
    """The year's turn of a person's account, then of what stands apart of it and of what he or she gave. So many fen of the new year stay
    current where they are found first, apart no more than was `given` since; of what is apart the newest is asked first."""
    marks = sorted(
        (m for m in k.marks.values() if m.sponsor == psn_no), key=lambda m: (m.opened, m.binding.bytes)
    )
    offers = sorted(pending(k, psn_no), key=lambda t: (t.at, t.body.transfer_id.bytes))
    wallets = sorted((id for id, (giver, _) in k.wallets.items() if giver == psn_no), key=lambda id: id.bytes)
    for row in (
        psn_no,
        *(m.row for m in reversed(marks)),
        *(t.row for t in reversed(offers)),
        *(f"wallet/{id}" for id in wallets),
    ):
        current = k.money.of(row)[0]
        kept = min(current, young)
        young = min(young - kept, given) if row == psn_no else young - kept
        k.money.move((row, "current"), (row, "historic"), current - kept)


def moved(k: Known, psn_no: str, at: datetime) -> None:
    """The account has come under the rules of another region: what stands apart of it follows them, the oldest earmark first."""
    never = datetime.max.replace(tzinfo=at.tzinfo)
    ranked = sorted(
        k.of_sponsor(psn_no),
        key=lambda b: (
            k.marks[b.binding_id].opened if b.binding_id in k.marks else never,
            b.binding_id.bytes,
        ),
    )
    for b in ranked:
        if b.case.mode != "authorisation" and not k.over(b):
            followed(k, b.binding_id, at)


def trim(k: Known) -> None:
    """What came back to an earmark that had been filled up meanwhile goes on to the sponsor."""
    for mark in k.marks.values():
        if mark.open and (above := sum(k.money.of(mark.row)) - mark.amount) > 0:
            _give_back(k, mark, above)


# Offers and wallets


def pending(k: Known, giver: str) -> list[Transfer]:
    return [t for t in k.transfers.values() if t.state == "offered" and t.body.from_psn_no == giver]


def offered(k: Known, body: Any, at: datetime) -> None:
    """The money is on its way until somebody answers, or until the next morning."""
    rules = k.rules_of(body.from_psn_no)
    there = k.money.of(body.from_psn_no)
    until = datetime.combine(day_of(at) + timedelta(days=1), time(6), BEIJING)
    made = k.transfers[body.transfer_id] = Transfer(body, at, until, Verdict("offered"), "offered")
    k.money.pour(body.from_psn_no, made.row, split(there, rules.transfer_segments, body.amount))


def accepted(k: Known, offer: Transfer) -> None:
    id = offer.body.binding_id
    offer.state = "accepted"
    k.wallets[id] = offer.body.from_psn_no, True
    k.money.pour(offer.row, f"wallet/{id}", k.money.of(offer.row))


def returned(k: Known, offer: Transfer, how: str) -> None:
    """Declined, withdrawn, or not answered: everything goes back to the giver."""
    offer.state = how
    homewards(k, offer.row, offer.body.from_psn_no)


def homewards(k: Known, row: str, giver: str) -> None:
    if k.receives(giver):
        k.money.pour(row, giver, k.money.of(row))
        return
    for segment, amount in zip(SEGMENTS, k.money.of(row), strict=True):
        k.money.move((row, segment), (f"held/{giver}", HELD), amount)


# Holds


def set_apart(k: Known, visit: Visit, hold: Hold) -> None:
    """The quoted shares stand in rows of what is held, and use quotas at once."""
    k.holds[visit] = hold
    for share in hold.shares:
        row, share.row = share.row, f"hold/{share.row}"
        k.money.move((row, share.segment), (share.row, share.segment), share.amount)
    k.note(hold.shares)


def release(k: Known, visit: Visit) -> None:
    """Every share goes back to its holder and counts no more."""
    for share in k.holds.pop(visit).shares:
        k.money.move((share.row, share.segment), home(k, share), share.amount)
        share.amount = 0
    trim(k)
