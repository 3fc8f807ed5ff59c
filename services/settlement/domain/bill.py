"""Is a bill sound? Checks in the order in which an institution would mend them; the first fault is the answer. Pure.

Convention of the amounts (one for all regions; a sender's other convention is translated before it gets here):
`medfee_sumamt` = `fulamt_ownpay_amt` + `overlmt_selfpay` + `preselfpay_amt` + `inscp_scp_amt` + `hosp_part_amt`, where
`inscp_scp_amt` holds the fund's and the person's share, so that the personal part is total - fund - hospital. On a request
`fund_pay_sumamt` never holds account money; the region's `spending.fund_includes_account` shapes the answer only.
"""

from datetime import datetime, timedelta

from services.settlement.domain.declines import Decline
from services.settlement.domain.payable import parts_of
from services.settlement.domain.people import Institution, Person, digest
from shared.clock import BEIJING
from shared.contracts.base import yuan
from shared.contracts.settlement_requests import Bill, DeclineCode

AHEAD = timedelta(minutes=5)
CITIZEN_CARD = "02"
LINE_PARTS = ("inscp_scp_amt", "preselfpay_amt", "overlmt_amt", "fulamt_ownpay_amt")
"""The parts of a line, in the order of `parts_of`."""


def personal_part(bill: Bill) -> int:
    """What the patient has to pay, fen: total less the fund's and the hospital's parts."""
    return bill.medfee_sumamt - bill.fund_pay_sumamt - bill.hosp_part_amt


def check_amounts(bill: Bill, at: datetime) -> Decline | None:
    """The fault of the bill's own figures, if any."""
    total = bill.medfee_sumamt
    if bill.fund_pay_sumamt + bill.hosp_part_amt > total:
        return Decline(
            DeclineCode.FUND_ABOVE_TOTAL, "fund_pay_sumamt",
            {"fund": yuan(bill.fund_pay_sumamt + bill.hosp_part_amt), "total": yuan(total)},
        )  # fmt: skip
    outside = bill.fulamt_ownpay_amt + bill.overlmt_selfpay + bill.preselfpay_amt
    parts = outside + bill.inscp_scp_amt + bill.hosp_part_amt
    if parts != total or bill.fund_pay_sumamt > bill.inscp_scp_amt:
        if parts == total:
            parts = outside + bill.fund_pay_sumamt + bill.hosp_part_amt
        return Decline(
            DeclineCode.PARTS_DO_NOT_ADD_UP, "medfee_sumamt", {"parts": yuan(parts), "total": yuan(total)}
        )
    if bill.feedetail and (no := check_lines(bill)) is not None:
        return no
    if bill.bill_at > at + AHEAD:
        return Decline(DeclineCode.BILL_IN_FUTURE, "bill_at", {"at": at.isoformat(timespec="seconds")})
    return None


def check_lines(bill: Bill) -> Decline | None:
    """The fault of the lines, if any: each holds its parts, together they are the bill's total and its parts."""
    for n, line in enumerate(bill.feedetail):
        if sum(parts_of(line)) > line.det_item_fee_sumamt:
            return _unequal(f"feedetail.{n}.det_item_fee_sumamt", sum(parts_of(line)), line.det_item_fee_sumamt)  # fmt: skip
    total = sum(line.det_item_fee_sumamt for line in bill.feedetail)
    if total != bill.medfee_sumamt:
        return _unequal("feedetail.det_item_fee_sumamt", total, bill.medfee_sumamt)
    sums = map(sum, zip(*map(parts_of, bill.feedetail), strict=True))
    wanted = (bill.inscp_scp_amt, bill.preselfpay_amt, bill.overlmt_selfpay, bill.fulamt_ownpay_amt)
    for name, lines, part in zip(LINE_PARTS, sums, wanted, strict=True):
        if lines != part:
            return _unequal(f"feedetail.{name}", lines, part)
    return None


def _unequal(field: str, parts: int, total: int) -> Decline:
    return Decline(DeclineCode.PARTS_DO_NOT_ADD_UP, field, {"parts": yuan(parts), "total": yuan(total)})


def check_sender(institution: Institution | None, entitled: bool, source: str) -> Decline | None:
    """Is `source` the system that may bill for the institution? Whoever may not is told nothing else of it."""
    if not entitled or (institution is not None and institution.source not in (None, source)):
        return Decline(DeclineCode.NOT_YOUR_INSTITUTION, "fixmedins_code")
    return None


def check_institution(institution: Institution | None, at: datetime, *, new: bool) -> Decline | None:
    """Is the institution known, designated and not suspended?

    A suspended institution bills nothing `new`, but takes back and looks up what it billed before.
    """
    if institution is None:
        return Decline(DeclineCode.INSTITUTION_UNKNOWN, "fixmedins_code")
    if new and not institution.open_at(at):
        return Decline(DeclineCode.INSTITUTION_SUSPENDED, "fixmedins_code")
    return None


def check_patient(bill: Bill, patient: Person | None, holders: dict[bytes, str]) -> Decline | None:
    """Is the patient registered, alive on the day of the bill, insured where the bill says, and the credential the patient's own
    (钱可以共济，卡不能共用)?

    A bill from before the day after a death settles. A bill under another region than the registry's is declined: its fund parts were
    reckoned by that region's rules, and using the registry's region instead would charge other sums than the patient was told.
    A certificate (02) must be the patient's. A token (01) or card number (03) is resolved by the platform that issued it; here
    it is refused when it is known to be another person's: `holders` are registered persons by digest.
    """
    if patient is None:
        return Decline(DeclineCode.PATIENT_UNKNOWN, "psn_no")
    if patient.died is not None and bill.bill_at.astimezone(BEIJING).date() > patient.died:
        return Decline(DeclineCode.PATIENT_DECEASED, "psn_no")
    if not patient.insured_in(bill.insuplc_admdvs):
        return Decline(DeclineCode.INSURED_ELSEWHERE, "insuplc_admdvs", {"region": bill.insuplc_admdvs})
    shown = digest(bill.mdtrt_cert_no)
    if shown == patient.cert:
        return None
    if bill.mdtrt_cert_type == CITIZEN_CARD or holders.get(shown, patient.psn_no) != patient.psn_no:
        return Decline(DeclineCode.CREDENTIAL_NOT_PATIENT, "mdtrt_cert_no")
    return None
