"""The first fault of a request, in the order in which an institution would mend them; `None`: it has to be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from shared.contracts.settlement_requests import Bill
from shared.messaging.handler import Event
from tests.unit.settlement.serial.known import Known
from tests.unit.settlement.serial.money import day_of
from tests.unit.settlement.serial.rules import SYSTEMS


def first(k: Known, item: Event, body: Any) -> str | None:
    """Of any request of an institution."""
    return next(_faults(k, item, body), None)


def _faults(k: Known, item: Event, body: Any) -> Iterator[str]:
    word, code, place = item.type.rpartition(".")[2], body.fixmedins_code, k.places.get(body.fixmedins_code)
    if not body.msgid.startswith(code):
        yield "msgid-not-yours"
    if code not in SYSTEMS[item.source] or (place is not None and place.source not in (None, item.source)):
        yield "not-your-institution"
    if not item.time_believed:
        yield "time-not-believed"
    if word in ("settle", "cancel") and (code, body.msgid, body.infno, body.psn_no) in k.early:
        yield "reversed-before"
    if place is None:
        yield "institution-unknown"
    elif word in ("quote", "settle") and not _open(place, item):
        yield "institution-suspended"
    if isinstance(body, Bill):
        yield from _amounts(body)
        if body.feedetail:
            yield from _lines(body)
        if body.bill_at > item.time + timedelta(minutes=5):
            yield "bill-in-future"
        yield from _patient(k, body)


def _open(place: Any, item: Event) -> bool:
    begin, end = place.suspended_from, place.suspended_to
    suspended = begin is not None and begin <= item.time and (end is None or item.time < end)
    return place.designated and not suspended


def _amounts(bill: Bill) -> Iterator[str]:
    if bill.fund_pay_sumamt + bill.hosp_part_amt > bill.medfee_sumamt:
        yield "fund-above-total"
    parts = bill.inscp_scp_amt + bill.preselfpay_amt + bill.overlmt_selfpay + bill.fulamt_ownpay_amt
    if parts + bill.hosp_part_amt != bill.medfee_sumamt or bill.fund_pay_sumamt > bill.inscp_scp_amt:
        yield "parts-do-not-add-up"


def _lines(bill: Bill) -> Iterator[str]:
    """Each line holds its parts; together they are the bill."""
    rows = [(x.inscp_scp_amt, x.preselfpay_amt, x.overlmt_amt, x.fulamt_ownpay_amt) for x in bill.feedetail]
    sums = [x.det_item_fee_sumamt for x in bill.feedetail]
    whole = bill.inscp_scp_amt, bill.preselfpay_amt, bill.overlmt_selfpay, bill.fulamt_ownpay_amt
    if (
        any(sum(row) > total for row, total in zip(rows, sums, strict=True))
        or sum(sums) != bill.medfee_sumamt or tuple(map(sum, zip(*rows, strict=True))) != whole
    ):  # fmt: skip
        yield "parts-do-not-add-up"


def _patient(k: Known, bill: Bill) -> Iterator[str]:
    person = k.people.get(bill.psn_no)
    if person is None:
        yield "patient-unknown"
        return
    died = person.death_date
    if person.surv_stas == "2" and (died is None or day_of(bill.bill_at) > died):
        yield "patient-deceased"
    if not _insured_there(person, bill.insuplc_admdvs):
        yield "insured-elsewhere"
    shown = bill.mdtrt_cert_no
    another = any(p.certno == shown for p in k.people.values() if p.psn_no != bill.psn_no)
    if shown != person.certno and (bill.mdtrt_cert_type == "02" or another):
        yield "credential-not-patient"


def _insured_there(person: Any, region: str) -> bool:
    """In the same city; an insurance that has ended counts only where there is no other."""
    rows = [i for i in person.insurances if i.psn_insu_stas != "4"] or person.insurances
    return not rows or any(i.insuplc_admdvs[:4] == region[:4] for i in rows)
