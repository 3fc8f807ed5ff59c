"""Who pays how much of a bill: the own account first, then sponsors in the region's order, the rest is cash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.contracts.binding_decisions import BindingState
from shared.contracts.settlement_requests import Bill
from tests.unit.settlement.serial.flow import Pieces, pieces
from tests.unit.settlement.serial.known import Known, order, terms
from tests.unit.settlement.serial.money import SEGMENTS, Bound, Share, day_of


def personal(bill: Bill) -> int:
    return bill.medfee_sumamt - bill.fund_pay_sumamt - bill.hosp_part_amt


def paid_by(k: Known, bill: Bill, at: datetime) -> tuple[list[Share], int]:
    """Shares, first to pay first, and cash. Nothing is moved yet."""
    left = personal(bill)
    if bill.acct_used_flag != "1":
        return [], left
    pharmacy, home = k.pharmacy(bill.fixmedins_code), k.town.spending(bill.insuplc_admdvs)
    room = pieces(bill, home)
    shares: list[Share] = []
    own = k.money.of(bill.psn_no) if k.is_open(bill.psn_no) else (0, 0)
    for segment, there in zip(SEGMENTS, own, strict=True):
        paid = room.take(home, "own", segment, bill.med_type, pharmacy, min(left, there))
        if paid:
            shares.append(Share(bill.psn_no, bill.psn_no, segment, paid, paid, at))
            left -= paid
    if left and k.insured_normally(bill.psn_no) and _near_or_filed(k, bill, home):
        left = _sponsors(k, bill, at, room, shares, left)
    return shares, left


def use_of(med_type: str, pharmacy: bool) -> str:
    if pharmacy or med_type.startswith("41"):
        return "pharmacy"
    return "inpatient" if med_type.startswith(("2", "52")) else "outpatient"


def _near_or_filed(k: Known, bill: Bill, home: Any) -> bool:
    """Care far from home is paid by sponsors only where it was filed, if the patient's region wants that."""
    there = k.places[bill.fixmedins_code].admdvs
    digits = {None: 0, "nationwide": 0, "province": 2, "pooling-region": 4}[home.unfiled_reach]
    day = day_of(bill.bill_at)
    return there[:digits] == bill.insuplc_admdvs[:digits] or any(
        there.startswith(f.mdtrtarea_admdvs.rstrip("0")) and f.begndate <= day and (f.enddate is None or day <= f.enddate)
        for f in k.people[bill.psn_no].filings
    )  # fmt: skip


def _sponsors(k: Known, bill: Bill, at: datetime, room: Pieces, shares: list[Share], left: int) -> int:
    region, pharmacy, med_type = bill.insuplc_admdvs, k.pharmacy(bill.fixmedins_code), bill.med_type
    home, use, by_others = k.town.spending(region), use_of(med_type, pharmacy), 0
    common = common_bound(k, bill.psn_no, use, med_type, region, at)
    for b in _ranked(k, home, _counting(k, bill, at, use), at):
        if not left or (by_others and home.one_sponsor_per_settlement):
            break
        sponsor = b.case.sponsor.psn_no
        rules, row = k.rules_of(sponsor, region), k.payer(b)
        there = usable(k, b, rules)
        most = min([left, sum(there), common - by_others, *bounds(k, b, rules, at, use, med_type)])
        for segment, money in zip(SEGMENTS, there, strict=True):
            paid = room.take(rules, "sponsor", segment, med_type, pharmacy, min(most, money))
            if paid:
                shares.append(
                    Share(sponsor, row, segment, paid, paid, at, b, counted(rules, home, use, med_type))
                )
                most, left, by_others = most - paid, left - paid, by_others + paid
    return left


def usable(k: Known, b: BindingState, rules: Any) -> tuple[int, int]:
    """(current, historic) fen that a binding could give: of the sponsor's account the segments that others may use, of what stands apart
    all of it."""
    current, historic = k.money.of(k.payer(b))
    if b.case.mode != "authorisation":
        return current, historic
    return (current if "current" in rules.sponsor_segments else 0), (
        historic if "historic" in rules.sponsor_segments else 0
    )


def _counting(k: Known, bill: Bill, at: datetime, use: str) -> list[BindingState]:
    """Those that count for a bill; of two of one sponsor the one whose id comes first."""
    found: dict[str, BindingState] = {}
    for b in sorted(k.naming(bill.psn_no), key=lambda b: b.binding_id.bytes):
        sponsor = b.case.sponsor.psn_no
        rules = k.rules_of(sponsor, bill.insuplc_admdvs)
        kinds = rules.med_types
        allowed = kinds is None or bill.med_type in kinds or bill.med_type[:2] in kinds
        if allowed and k.counts(b, at, use, rules):
            found.setdefault(sponsor, b)
    return list(found.values())


def _ranked(k: Known, home: Any, bindings: Sequence[BindingState], at: datetime) -> list[BindingState]:
    def rank(b: BindingState) -> tuple[Any, ...]:
        since = b.effective[0].begin.timestamp()
        by = {
            "beneficiary-order": order(b, at), "highest-balance": -sum(k.money.of(k.payer(b))),
            "oldest-binding": since, "newest-binding": -since,
        }  # fmt: skip
        return (*(by[name] for name in (home.order, *home.tie_breakers)), b.binding_id.bytes)

    return sorted(bindings, key=rank)


def common_bound(k: Known, psn_no: str, use: str, med_type: str, region: str, at: datetime) -> int:
    """What the caps by beneficiary of a region leave of all that sponsors pay for a person."""
    rules, all_of = k.town.spending(region), k.naming(psn_no)
    caps = [c for c in rules.caps if c.by == "beneficiary" and c.concerns(use, med_type)]
    return min((c.amount - k.used(_bound(c, rules), all_of, at) for c in caps), default=1 << 60)


def bounds(k: Known, b: BindingState, rules: Any, at: datetime, use: str, med_type: str) -> list[int]:
    """What floor, quota and the caps of the account's region leave."""
    sponsor = b.case.sponsor.psn_no
    found = []
    if rules.floor and b.case.mode == "authorisation":
        found.append(sum(k.money.of(sponsor)) - rules.floor)
    quota = terms(b, at).quota
    quota = rules.quota_default if quota is None else quota
    if quota is not None and rules.quota_scope != "none":
        those = k.of_sponsor(sponsor) if rules.quota_scope == "all-members" else [b]
        found.append(quota - k.used(_quota(rules), those, at))
    for cap in rules.caps:
        if cap.by != "beneficiary" and cap.concerns(use, med_type):
            those = k.of_sponsor(sponsor) if cap.by == "payer" else [b]
            found.append(cap.amount - k.used(_bound(cap, rules), those, at))
    return found


def counted(rules: Any, home: Any, use: str, med_type: str) -> frozenset[Bound]:
    """Under which bounds a share counts: quota (there may be one later) and caps of the account's region, caps by beneficiary of the
    patient's. What all bindings of a sponsor share is counted for each of them, too."""
    found = {_quota(rules)}
    found |= {_bound(c, rules) for c in rules.caps if c.by != "beneficiary" and c.concerns(use, med_type)}
    found |= {_bound(c, home) for c in home.caps if c.by == "beneficiary" and c.concerns(use, med_type)}
    return frozenset(found | {(False, *bound[1:]) for bound in found})


def _quota(rules: Any) -> Bound:
    per = rules.quota_period
    return rules.quota_scope == "all-members", per, _start(per, rules), None, None


def _bound(cap: Any, rules: Any) -> Bound:
    return cap.by == "payer", cap.per, _start(cap.per, rules), cap.uses, cap.med_types


def _start(per: str, rules: Any) -> str:
    return str(rules.insured_year_start) if per == "insured-year" else ""
