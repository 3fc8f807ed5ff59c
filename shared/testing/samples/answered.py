"""Full samples of the answers that a source reads on its own topic."""

from collections.abc import Iterator
from datetime import timedelta

from shared.contracts import answers
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import Cause, State, Step
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.reasons import reason
from shared.testing import messages as m
from shared.testing.samples import family as f
from shared.testing.samples import results


def of_answers() -> Iterator[tuple[str, str, Message, Origin]]:
    """Answers with the request that each answers."""
    a, zheliban = answers, "gongji-eligibility"
    invalid = reason(
        "field-invalid", field="relation", problem="未知的取值 / not one of the values", example='"parent"'
    )
    refused = a.Refused(request_type="binding.requests.submitted", binding_id=f.BINDING, reasons=(invalid,))
    yield "answers.refused", zheliban, refused, f.CHANNEL
    yield "answers.screened", zheliban, _screened(), f.CHANNEL
    yield "answers.binding", "gongji-audit", _binding(), f.CHANNEL
    yield "answers.settlement", "gongji-settlement", _settlement(), f.HOSPITAL
    money = {"amount": 40_000, "reasons": (reason("account-frozen"),), "at": f.SOON}
    premium = a.Premium(premium_id=f.PREMIUM, state="declined", **money)
    yield "answers.premium", "gongji-settlement", premium, f.CHANNEL
    small = reason("transfer-too-small", rule="transfer.amount", field="amount", least="500.00")
    until = f.SOON + timedelta(hours=12)
    transfer = a.Transfer(
        transfer_id=f.TRANSFER, state="refused", amount=40_000, until=until, reasons=(small,), at=f.SOON
    )
    yield "answers.transfer", "gongji-settlement", transfer, f.CHANNEL
    yield "answers.reconciliation", "gongji-settlement", _reconciliation(), f.HOSPITAL
    yield "answers.ledger-verdict", "gongji-settlement", _ledger_verdict(), f.DESK
    yield "answers.verdict", "gongji-audit", _verdict(), f.DESK
    yield "answers.person-verdict", "gongji-audit", _person_verdict(), f.DESK
    yield "answers.message", "gongji-notify", _message(), f.CHANNEL


def _screened() -> answers.Screened:
    return answers.Screened(
        binding_id=f.BINDING,
        outcome="refused",
        step=Step.DECIDED,
        reasons=(f.IN_LAW, f.PAPERS),
        reasons_gone=("commitment-missing",),
        at=f.SOON,
        policy_version=f.POLICY,
    )


def _binding() -> answers.Binding:
    return answers.Binding(
        binding_id=f.BINDING,
        version=3,
        state=State.SUPPLEMENT_REQUESTED,
        step=Step.ACCEPTED,
        reasons=(f.PAPERS,),
        supplement=(MaterialKind.HOUSEHOLD_REGISTER,),
        due_at=f.AT + timedelta(days=14),
        due_basis="official-calendar",
        at=f.SOON,
    )


def _ended() -> answers.Binding:
    return answers.Binding(
        binding_id=f.BINDING,
        version=4,
        state=State.ENDED,
        step=Step.DECIDED,
        reasons=(f.BY_SPONSOR,),
        effective_from=f.AT,
        cause=Cause.SPONSOR,
        at=f.SOON,
    )


def _settlement() -> answers.Settlement:
    shown = answers.Settlement.model_fields.keys()
    money = {name: value for name, value in results.allocation().items() if name in shown}
    money["shares"] = tuple(
        answers.OpenShare(holder=s.holder, amount=s.amount, relation=s.relation) for s in money["shares"]
    )
    explained = ("全自费金额不能由个人账户支付",)
    rest = {"setl_time": f.SOON, "balc": 0, "refd_setl_flag": "0", "insutype": "390", "clr_type": "11"}
    rest |= {"clr_optins": "330100"}
    return answers.Settlement(infcode="0", explained=explained, **money, **rest)


def _declined() -> answers.Settlement:
    return answers.Settlement(
        infcode="-1",
        msgid=m.msgid(number=2),
        infno="2207",
        err_msg="费用总额与各部分之和不一致",
        code="parts-do-not-add-up",
        field="medfee_sumamt",
        remedy="请核对各部分金额后重新上传",
    )


def _reconciliation() -> answers.Reconciliation:
    a, ours = answers, {"medfee_sumamt": 12_000, "fund_pay_sumamt": 6_000, "acct_pay": 1_000}
    found = a.StatementBreak(
        case_id="break-5f0c1a7e9b3d4c2a",
        kind=a.BreakKind.AMOUNT,
        msgid=m.msgid(number=2),
        setl_id="S0000000000000000000000001",
        state="open",
        deadline=f.AT + timedelta(days=5),
        ours=a.StatementFigures(**ours, acct_mulaid_pay=4_500, fixmedins_setl_cnt=1, refd_setl_flag="0"),
        theirs=a.StatementFigures(**ours, acct_mulaid_pay=5_000, fixmedins_setl_cnt=1, refd_setl_flag="0"),
    )
    return a.Reconciliation(
        msgid=m.msgid(number=7),
        stmt_rslt="1",
        stmt_rslt_dscr="金额不一致 1 处",
        breaks=(found,),
        breaks_open=1,
        parts_missing=(2,),
        clearing="requested",
        lines=(a.ClearingLine(admdvs="330100", acct_pay=1_000, acct_mulaid_pay=4_500),),
        at=f.SOON,
    )


def _ledger_verdict() -> answers.LedgerVerdict:
    return answers.LedgerVerdict(
        case_id="CASE-0001",
        accepted=False,
        state="open",
        left=3_000,
        reasons=(reason("case-closed"),),
        at=f.SOON,
    )


def _verdict() -> answers.Verdict:
    return answers.Verdict(
        binding_id=f.BINDING,
        accepted=False,
        state=State.APPROVED,
        version=3,
        reasons=(reason("already-decided"),),
        at=f.SOON,
    )


def _person_verdict() -> answers.PersonVerdict:
    changed = answers.ConcernedBinding(binding_id=f.BINDING, state=State.SUSPENDED, version=4)
    left = answers.LeftBinding(binding_id=f.SECOND_BINDING, reasons=(reason("operator-region"),))
    wider = reason("person-hold-stands", region="330000", document="浙医保决〔2026〕3号")
    return answers.PersonVerdict(
        request_id="verdict-0001",
        accepted=True,
        concerned=(changed,),
        left=(left,),
        waiting=1,
        reasons=(wider,),
        at=f.SOON,
    )


def _message() -> answers.CentreMessage:
    return answers.CentreMessage(
        notice_id=f.NOTICE,
        binding_id=f.BINDING,
        title="家庭共济办理结果",
        text="您提交的家庭共济申请已办结：审核通过。",
        at=f.SOON,
    )


def others() -> Iterator[tuple[str, str, Message, str, Origin]]:
    """Answers beside minimal and full, with their names."""
    yield "answers.settlement", "gongji-settlement", _declined(), "declined", f.HOSPITAL
    yield "answers.binding", "gongji-audit", _ended(), "ended", f.CHANNEL
    accepted = answers.Verdict(
        binding_id=f.BINDING, accepted=True, state=State.APPROVED, version=3, at=f.SOON
    )
    yield "answers.verdict", "gongji-audit", accepted, "accepted", f.DESK
    in_order = answers.Screened(
        binding_id=f.BINDING, outcome="passed", step=Step.ACCEPTED, at=f.SOON, policy_version=f.POLICY
    )
    yield "answers.screened", "gongji-eligibility", in_order, "passed", f.CHANNEL
