"""Full samples of what outsiders write: channels, institutions, the tax office, the authority, operators."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from shared.contracts import (
    account_credits,
    account_transfers,
    beneficiary_requests,
    binding_requests,
    notices,
    premium_requests,
    reconciliation,
    registry,
    review_verdicts,
    settlement_requests,
)
from shared.contracts.base import Message
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.testing import messages as m
from shared.testing.proofs import commitment, counter, face_check, material
from shared.testing.samples import family as f

Bodies = Iterator[tuple[str, str, Message]]
"""Short type, source, body."""


def of_channels() -> Bodies:
    yield from _of_sponsor()
    yield from _of_beneficiary()
    yield "notice.receipts.acknowledged", "zheliban", notices.Acknowledged(notice_id=f.NOTICE, at=f.SOON)
    money = {"premium_id": f.PREMIUM, "payer_psn_no": f.SPONSOR.psn_no}
    insured = {
        "psn_no": f.MOTHER.psn_no,
        "insutype": "390",
        "year": 2027,
        "amount": 40_000,
        "binding_id": f.BINDING,
    }
    yield "premium.requests.pay", "zheliban", premium_requests.Pay(**money, **insured)
    yield "premium.requests.cancel", "zheliban", premium_requests.Cancel(**money)
    yield "premium.requests.remitted", "tax-office", premium_requests.Remitted(**money, at=f.SOON)
    giver, taker = {"from_psn_no": f.SPONSOR.psn_no}, {"to_psn_no": f.MOTHER.psn_no}
    offer = {"binding_id": f.BINDING, "amount": 100_000}
    t = account_transfers
    yield (
        "account.transfers.offered",
        "zheliban",
        t.Offered(transfer_id=f.TRANSFER, **giver, **taker, **offer),
    )
    yield "account.transfers.accepted", "zheliban", t.Accepted(transfer_id=f.TRANSFER, **taker)
    yield "account.transfers.declined", "zheliban", t.Declined(transfer_id=f.TRANSFER, **taker)
    yield "account.transfers.withdrawn", "zheliban", t.Withdrawn(transfer_id=f.TRANSFER, **giver)


def _of_sponsor() -> Bodies:
    b, at = binding_requests, f.AT
    mine: dict[str, Any] = {"binding_id": f.BINDING, "sponsor_psn_no": f.SPONSOR.psn_no}
    proof = {"face_check": face_check(f.SPONSOR, at), "counter": counter()}
    submitted = m.submitted(
        f.SPONSOR,
        f.MOTHER,
        relation=Relation.PARENT,
        channel=ChannelKind.COUNTER,
        terms=f.TERMS.model_copy(update={"earmark": None}),
        real_name_level=3,
        materials=f.PROOFS,
        earlier_binding_id=f.SECOND_BINDING,
        face_check=face_check(f.SPONSOR, at - timedelta(minutes=1)),
    )
    bodies: dict[str, Message] = {
        "submitted": submitted,
        "supplemented": b.Supplemented(
            **mine, materials=(material("household-register"),), note="已补户口本"
        ),
        "withdrawn": b.Withdrawn(**mine, note="填错了关系"),
        "unbind-requested": b.UnbindRequested(**mine, **proof, channel=ChannelKind.APP, note="不再需要"),
        "scope-changed": b.ScopeChanged(**mine, scope=("outpatient", "pharmacy", "resident-premium")),
        "quota-changed": b.QuotaChanged(**mine, quota=200_000, earmark=250_000),
        "dates-changed": b.DatesChanged(**mine, begndate=at.date(), enddate=date(2027, 12, 31)),
        "rank-changed": b.RankChanged(sponsor_psn_no=f.SPONSOR.psn_no, ranked=(f.BINDING, f.SECOND_BINDING)),
        "account-opened": b.AccountOpened(
            sponsor_psn_no=f.SPONSOR.psn_no, admdvs=f.SPONSOR.admdvs, commitment=commitment(at)
        ),
    }
    for suffix, body in bodies.items():
        yield f"binding.requests.{suffix}", "zheliban", body


def _of_beneficiary() -> Bodies:
    b = beneficiary_requests
    mine: dict[str, Any] = {
        "beneficiary_psn_no": f.MOTHER.psn_no,
        "binding_id": f.BINDING,
        "short_code": "7K2M9QXA",
        "sponsor": f.SPONSOR.certificate(),
        "channel": ChannelKind.APP,
        "note": "本人办理",
    }
    proof = {"face_check": face_check(f.MOTHER, f.AT), "counter": counter(beneficiary_present=True)}
    yield "beneficiary.requests.consented", "zheliban", b.Consented(**mine, **proof)
    yield "beneficiary.requests.declined", "zheliban", b.Declined(**mine)
    yield "beneficiary.requests.unbind-requested", "zheliban", b.UnbindRequested(**mine, **proof)
    ordered = (f.SECOND_BINDING, f.BINDING)
    order = b.OrderChanged(beneficiary_psn_no=f.MOTHER.psn_no, ordered=ordered)
    yield "beneficiary.requests.order-changed", "zheliban", order


def of_institutions() -> Bodies:
    s = settlement_requests
    parts: dict[str, Any] = {
        "fund": 6_000,
        "inscp_scp_amt": 8_800,
        "fulamt_ownpay_amt": 1_000,
        "overlmt_selfpay": 500,
        "preselfpay_amt": 1_500,
        "hosp_part_amt": 200,
        "insutype": "390",
        "clr_type": "11",
        "clr_optins": "330100",
        "acct_used_flag": "1",
        "feedetail": _lines(),
    }
    bodies: dict[str, Message] = {
        "quote": m.quote(f.MOTHER, 12_000, hold_minutes=60, **parts),
        "settle": m.settle(f.MOTHER, 12_000, number=2, **parts),
        "cancel": s.Cancel(**_request(3), infno="2208", setl_id="S0000000000000000000000001"),
        "reverse": s.Reverse(**_request(4), infno="2601", omsgid=m.msgid(number=2), oinfno="2207"),
        "refund": s.Refund(**_request(5), setl_id="S0000000000000000000000001", amount=2_000),
        "query": s.Query(**_request(6), setl_id="S0000000000000000000000001", omsgid=m.msgid(number=2)),
    }
    for suffix, body in bodies.items():
        yield f"settlement.requests.{suffix}", "his-first", body
    yield from _reconciliation()


def _lines() -> tuple[settlement_requests.FeeDetail, ...]:
    """The bill of 120 yuan in lines: what the hospital bears is no part of them."""
    s = settlement_requests
    drug = s.FeeDetail(
        feedetl_sn="1",
        med_chrgitm_type="09",
        det_item_fee_sumamt=9_200,
        inscp_scp_amt=6_000,
        preselfpay_amt=1_500,
        fulamt_ownpay_amt=1_000,
        overlmt_amt=500,
    )
    device = s.FeeDetail(
        feedetl_sn="2", category=s.ItemCategory.DEVICE, det_item_fee_sumamt=2_800, inscp_scp_amt=2_800
    )
    return drug, device


def _request(number: int) -> dict[str, Any]:
    code = "H33010000001"
    return {"msgid": m.msgid(code, number), "fixmedins_code": code, "psn_no": f.MOTHER.psn_no}


def _reconciliation() -> Bodies:
    r = reconciliation
    statement: dict[str, Any] = {
        "fixmedins_code": "H33010000001",
        "insutype": "390",
        "clr_type": "11",
        "setl_optins": "330100",
        "stmt_begndate": date(2026, 11, 1),
        "stmt_enddate": date(2026, 11, 30),
    }
    money = {"medfee_sumamt": 12_000, "acct_pay": 1_000, "acct_mulaid_pay": 5_000}
    row = r.DetailRow(
        setl_id="S0000000000000000000000001", msgid=m.msgid(number=2), refd_setl_flag="0", **money
    )
    totals = {"fund_pay_sumamt": 6_000, "fixmedins_setl_cnt": 1} | money
    bodies: dict[str, Message] = {
        "totals": r.Totals(msgid=m.msgid(number=7), **statement, **totals),
        "detail": r.Detail(
            msgid=m.msgid(number=8), **statement, rows=(row,), file_qury_no="D202611-1", part=1, parts=2
        ),
        "clear": r.Clear(msgid=m.msgid(number=9), **statement),
        "uncleared": r.Uncleared(msgid=m.msgid(number=10), **statement),
    }
    for suffix, body in bodies.items():
        yield f"reconciliation.requests.{suffix}", "his-first", body


def of_the_authority() -> Bodies:
    c = account_credits
    entry: dict[str, Any] = {"psn_no": f.SPONSOR.psn_no, "at": f.AT, "note": "2026年11月划入"}
    bodies: dict[str, Message] = {
        "credited": c.Credited(
            **entry, entry_id="C-1", admdvs="330100", amount=50_000, segment=c.Segment.CURRENT
        ),
        "corrected": c.Corrected(
            **entry, entry_id="C-2", amount=-1_000, segment=c.Segment.CURRENT, corrects="C-1"
        ),
        "year-turned": c.YearTurned(**entry, entry_id="C-3", year=2026),
        "frozen": c.Frozen(**entry, entry_id="C-4"),
        "unfrozen": c.Unfrozen(**entry, entry_id="C-5"),
        "closed": c.Closed(**entry, entry_id="C-6"),
    }
    for suffix, body in bodies.items():
        yield f"account.credits.{suffix}", "authority", body
    yield "registry.persons.recorded", "authority", _full_person()
    related = m.related(f.SPONSOR, f.MOTHER, Relation.PARENT, ended=False)
    yield "registry.relations.recorded", "authority", related
    closed: dict[str, Any] = {
        "suspended_from": f.AT,
        "suspended_to": f.AT + timedelta(days=90),
        "source": "his-first",
    }
    yield "registry.institutions.recorded", "authority", m.institution(designated=True, **closed)


def _full_person(**changes: Any) -> registry.PersonRecorded:
    row = f.SPONSOR.insurances[0].model_copy(update={"psn_type": "11", "begndate": date(2001, 7, 1)})
    resident = f.MOTHER.insurances[0].model_copy(update={"arrears": True})
    return f.SPONSOR.recorded(
        no_sms=True,
        optional_notices=True,
        e_credential=True,
        language="zh",
        insurances=(row, resident),
        filings=(
            registry.Filing(mdtrtarea_admdvs="310000", begndate=date(2026, 9, 1), enddate=date(2027, 8, 31)),
        ),
        **changes,
    )


def of_operators() -> Bodies:
    v = review_verdicts
    case: dict[str, Any] = {"binding_id": f.BINDING, "operator_id": "reviewer-0001", "note": "材料清晰"}
    document: dict[str, Any] = {
        "document": "杭医保决〔2026〕12号",
        "effective_at": f.AT,
        "reason": "核查期间暂停",
    }
    person: dict[str, Any] = {"psn_no": f.SPONSOR.psn_no, "operator_id": "reviewer-0001", **document}
    given = v.VerdictGiven(
        **case,
        decision=v.Decision.SUPPLEMENT,
        reason_codes=("materials-missing",),
        materials=("household-register",),
        evidence_seen=("id-card-0002",),
    )
    bodies: dict[str, Message] = {
        "claimed": v.Claimed(**case),
        "released": v.Released(**case),
        "taken-over": v.TakenOver(**case | {"note": "原经办人请假，案件将逾期"}),
        "verdict-given": given,
        "revealed": v.Revealed(**case),
        "suspended": v.Suspended(**case, **document, until=f.AT + timedelta(days=30)),
        "resumed": v.Resumed(**case, **document),
        "ended-by-authority": v.EndedByAuthority(**case, **document),
        "person-suspended": v.PersonSuspended(**person, until=f.AT + timedelta(days=30)),
        "person-resumed": v.PersonResumed(**person),
        "person-ended": v.PersonEnded(**person),
    }
    for suffix, body in bodies.items():
        yield f"review.verdicts.{suffix}", "desk", body
    yield from _ledger()


def _ledger() -> Bodies:
    r = reconciliation
    case: dict[str, Any] = {"case_id": "CASE-0001", "operator_id": "ledger-0001", "note": "已核对"}
    yield "ledger.verdicts.break-closed", "desk", r.BreakClosed(**case, resolution="institution-corrected")
    yield "ledger.verdicts.period-closed", "desk", r.PeriodClosed(**case, month="2026-10", admdvs="330100")
    yield "ledger.verdicts.held-released", "desk", r.HeldReleased(**case, to="heir-account")
    yield "ledger.verdicts.recovery-settled", "desk", r.RecoverySettled(**case, amount=5_000)


def others() -> Iterator[tuple[str, str, Message, str]]:
    """Samples beside minimal and full, with their names: what cannot stand in one message with the rest."""
    dead = _full_person(surv_stas="2", death_date=date(2026, 11, 20))
    yield "registry.persons.recorded", "authority", dead, "deceased"
    divorced = m.related(f.SPONSOR, f.SISTER, Relation.SPOUSE, version=2, ended=True)
    yield "registry.relations.recorded", "authority", divorced, "ended"
    app = m.submitted(f.SPONSOR, f.SON, relation=Relation.CHILD, number=2)
    yield "binding.requests.submitted", "zheliban", app, "app"
