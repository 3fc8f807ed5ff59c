"""Full samples of what the services write."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from shared.contracts import binding_decisions, binding_screenings, notices, settlement_results
from shared.contracts.account_credits import Segment
from shared.contracts.base import Message
from shared.contracts.binding_decisions import TYPE_TO_STATE, Cause, DatedTerms, Period, State
from shared.contracts.binding_requests import MaterialKind, Relation, Side
from shared.contracts.reasons import reason
from shared.testing import messages as m
from shared.testing.samples import family as f

Bodies = Iterator[tuple[str, str, Message]]
SETL_ID = "S0000000000000000000000001"


def of_eligibility() -> Bodies:
    s = binding_screenings
    case: dict[str, Any] = {
        "binding_id": f.BINDING,
        "round": 1,
        "origin": f.CHANNEL,
        "case": f.CASE,
        "policy_version": f.POLICY,
        "marks": ("odd-age",),
    }
    about: dict[str, Any] = {"binding_id": f.BINDING, "origin": f.CHANNEL, "at": f.SOON}
    end = {"by": Side.SPONSOR, "reasons": (f.BY_SPONSOR,), "effective_at": f.SOON}
    change = {"effect": s.Effect.END, "side": Side.SPONSOR, "reasons": (reason("ended-by-death"),)}
    waits = {"expires_at": f.AT + timedelta(days=7), "short_code": "7K2M9QXA"}
    papers = (MaterialKind.HOUSEHOLD_REGISTER,)
    late = (reason("consent-declined"),)
    bodies: dict[str, Message] = {
        "passed": s.Passed(**case, proven_by=("registry", "materials"), facts=f.FACTS),
        "refused": s.Refused(**case, reasons=(f.PAPERS,), supplement=papers, facts=f.FACTS),
        "consent-needed": s.ConsentNeeded(**case, **waits),
        "consent-expired": s.ConsentExpired(**about, declined=True, reasons=late),
        "withdrawn": s.Withdrawn(**about),
        "unbind-checked": s.UnbindChecked(**about, **end),
        "change-checked": s.ChangeChecked(**about, terms=f.TERMS, order=1, rank=2),
        "condition-changed": s.ConditionChanged(**about, **change),
    }
    for suffix, body in bodies.items():
        yield f"binding.screenings.{suffix}", "gongji-eligibility", body


def of_audit() -> Bodies:
    for version, (suffix, state) in enumerate(TYPE_TO_STATE.items(), 1):
        body = _binding_state(version, state or State.APPROVED)
        yield f"binding.decisions.{suffix}", "gongji-audit", body


_WAITS = {State.AWAITING_CONSENT, State.UNDER_REVIEW, State.SUPPLEMENT_REQUESTED}
_WAS_EFFECTIVE = {State.APPROVED, State.SUSPENDED, State.ENDED}
_REASONS = {
    State.REFUSED: (f.IN_LAW, f.PAPERS),
    State.SUPPLEMENT_REQUESTED: (f.PAPERS,),
    State.REJECTED: (reason("review-rejected", note="材料与登记不符"),),
    State.EXPIRED: (reason("consent-expired", days=7),),
    State.ENDED: (f.BY_SPONSOR,),
}


def _binding_state(version: int, state: State) -> binding_decisions.BindingState:
    ended, asked = state is State.ENDED, state is State.SUPPLEMENT_REQUESTED
    effective, paused = (
        Period(begin=f.AT, end=f.SOON if ended else None),
        Period(begin=f.AT, end=f.SOON, by="authority"),
    )
    return binding_decisions.BindingState(
        binding_id=f.BINDING,
        version=version,
        state=state,
        at=f.SOON,
        origin=f.CHANNEL,
        round=1,
        case=f.CASE,
        effective=(effective,) if state in _WAS_EFFECTIVE else (),
        suspended=(paused,) if state in _WAS_EFFECTIVE else (),
        terms=(DatedTerms(since=f.AT, terms=f.TERMS, order=1, rank=1),),
        reasons=_REASONS.get(state, ()),
        cause=Cause.SPONSOR if ended else None,
        supplement=(MaterialKind.HOUSEHOLD_REGISTER,) if asked else (),
        due_at=f.AT + timedelta(days=3) if state in _WAITS else None,
        due_basis="official-calendar" if state in _WAITS else None,
        since=f.AT if state is State.UNDER_REVIEW else None,
        second_eyes=state is State.UNDER_REVIEW,
        short_code="7K2M9QXA",
        reviewer="auto" if state is State.APPROVED else "reviewer-0001",
        policy_version=f.POLICY,
    )


def of_notify() -> Bodies:
    for attempt, suffix in enumerate(("sent", "delivered", "failed", "handed-to-staff"), 1):
        body = notices.Notice(
            notice_id=f.NOTICE,
            about=str(f.BINDING),
            version=3,
            template="approved",
            recipient=Side.SPONSOR,
            medium=notices.Medium.SMS,
            attempt=attempt,
            at=f.SOON,
            reason="number-unreachable" if attempt > 2 else "receipt",
            decided_at=f.AT,
        )
        yield f"binding.notices.{suffix}", "gongji-notify", body


def of_settlement() -> Bodies:
    s = settlement_results
    back = s.Returned.model_fields.keys() - {"tombstone"}
    given_back = {name: value for name, value in allocation().items() if name in back}
    declined = {
        "code": "parts-do-not-add-up",
        "field": "medfee_sumamt",
        "zh": "费用总额与各部分之和不一致",
        "en": "the parts do not add up to the total",
        "remedy_zh": "请核对各部分金额后重新上传",
        "remedy_en": "correct the parts and send again",
    }
    asked = {
        name: allocation()[name] for name in ("msgid", "infno", "origin", "fixmedins_code", "psn_no", "at")
    }
    bodies: dict[str, Message] = {
        "quoted": s.Quoted(**allocation()),
        "settled": s.Settled(**allocation()),
        "declined": s.Declined(**asked, **declined),
        "cancelled": s.Cancelled(**given_back, tombstone=False),
        "reversed": s.Reversed(**given_back, tombstone=True),
        "refunded": s.Refunded(**given_back, tombstone=False),
        "premium-paid": s.PremiumPaid(**_premium()),
        "premium-cancelled": s.PremiumCancelled(**_premium()),
        "found": s.Found(**allocation(), refd_setl_flag="0"),
        "transferred": _transfer(),
    }
    for suffix, body in bodies.items():
        yield f"settlement.results.{suffix}", "gongji-settlement", body


def _share(amount: int, holder: str = "sponsor") -> settlement_results.Share:
    own = holder == "own"
    through: dict[str, Any] = {"binding_id": f.BINDING, "binding_version": 3, "relation": Relation.PARENT}
    return settlement_results.Share(
        holder=settlement_results.Holder(holder),
        psn_no=f.MOTHER.psn_no if own else f.SPONSOR.psn_no,
        segment=Segment.HISTORIC,
        amount=amount,
        balance_after=0 if own else 245_000,
        admdvs="330100",
        **({} if own else through),
    )


def allocation() -> dict[str, Any]:
    left_out = settlement_results.LeftOut(
        binding_id=f.SECOND_BINDING, code="suspended", zh="该绑定已暂停", en="the binding is suspended"
    )
    return {
        "setl_id": SETL_ID,
        "number": 1,
        "msgid": m.msgid(number=2),
        "infno": "2207",
        "origin": f.HOSPITAL,
        "fixmedins_code": "H33010000001",
        "psn_no": f.MOTHER.psn_no,
        "mdtrt_id": "M000000000002",
        "med_type": "11",
        "at": f.SOON,
        "medfee_sumamt": 12_000,
        "fund_pay_sumamt": 6_000,
        "hosp_part_amt": 200,
        "acct_pay": 300,
        "acct_mulaid_pay": 4_500,
        "psn_cash_pay": 1_000,
        "shares": (_share(300, "own"), _share(4_500)),
        "left_out": (left_out,),
        "cash_reasons": ("全自费金额不能由个人账户支付",),
        "policy_version": f.POLICY,
        "quoted": settlement_results.QuotedBefore(
            msgid=m.msgid(), acct_pay=300, acct_mulaid_pay=5_500, psn_cash_pay=0
        ),
        "hold_until": f.SOON + timedelta(hours=1),
        "bindings_read_to": f.AT,
    }


def _premium() -> dict[str, Any]:
    return {
        "premium_id": f.PREMIUM,
        "psn_no": f.MOTHER.psn_no,
        "insutype": "390",
        "year": 2027,
        "origin": f.CHANNEL,
        "at": f.SOON,
        "amount": 40_000,
        "shares": (_share(40_000),),
    }


def _transfer() -> settlement_results.Transferred:
    return settlement_results.Transferred(
        transfer_id=f.TRANSFER,
        psn_no=f.MOTHER.psn_no,
        from_psn_no=f.SPONSOR.psn_no,
        amount=100_000,
        state="offered",
        binding_id=f.BINDING,
        until=f.SOON + timedelta(hours=12),
        origin=f.CHANNEL,
        at=f.SOON,
        admdvs="330100",
        relation=Relation.CHILD,
    )
