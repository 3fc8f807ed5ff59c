"""What one message says, in a few words: Chinese first, English beside it. No name, certificate or phone number, not even masked."""

from collections.abc import Callable, Iterable
from typing import Any

from deploy.reading.words import MEDIA, RELATIONS, SIDES, STATES, Words
from shared.clock import BEIJING
from shared.contracts import (
    account_credits,
    answers,
    binding_decisions,
    binding_requests,
    binding_screenings,
    notices,
    registry,
    review_verdicts,
    settlement_requests,
    settlement_results,
)
from shared.contracts.base import Message, datetime, yuan
from shared.contracts.reasons import Reason

NOTHING = Words("", "")


def details(body: Message) -> Words:
    """A few words on a message of any type; empty where its title says it all."""
    for kind, say in _SAY:
        if isinstance(body, kind):
            return say(body)
    return NOTHING


def reasons(body: Message | None) -> tuple[Reason, ...]:
    """The reasons that a message carries; none for messages that carry none."""
    return tuple(r for r in getattr(body, "reasons", ()) if isinstance(r, Reason))


def beijing(moment: datetime | None) -> str:
    """A time for people: Beijing, to the minute."""
    return moment.astimezone(BEIJING).strftime("%m-%d %H:%M") if moment else ""


def _listed(found: Iterable[Reason]) -> Words:
    rows = list(found)
    return Words("；".join(r.zh for r in rows), "; ".join(r.en for r in rows))


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _submitted(m: Any) -> Words:
    relation = RELATIONS[m.relation]
    return Words(
        _joined(f"授权人 {m.sponsor.psn_no} 为其{relation}申请", m.admdvs, m.channel.value),
        _joined(f"sponsor {m.sponsor.psn_no} for a {m.relation.value}", m.admdvs, m.channel.value),
    )


def _refused(m: Any) -> Words:
    found = _listed(m.reasons)
    where = f"（第{m.round}轮）" if getattr(m, "round", 1) > 1 else ""
    return Words(found.zh + where, found.en)


def _passed(m: Any) -> Words:
    proof = ", ".join(m.proven_by)
    return Words(
        _joined(f"第{m.round}轮" if m.round > 1 else "", f"关系证明 {proof}" if proof else ""), proof
    )


def _consent(m: Any) -> Words:
    until = beijing(m.expires_at)
    return Words(f"须于 {until} 前同意", f"until {until}")


def _condition(m: Any) -> Words:
    found = _listed(m.reasons)
    return Words(_joined(m.effect.value, found.zh), _joined(m.effect.value, found.en))


def _state(m: Any) -> Words:
    found = _listed(m.reasons)
    papers, due = ", ".join(m.supplement), beijing(m.due_at)
    return Words(
        _joined(
            f"{STATES[m.state]} v{m.version}",
            found.zh,
            f"需补 {papers}" if papers else "",
            f"期限 {due}" if due else "",
        ),
        _joined(f"{m.state.value} v{m.version}", found.en, papers, f"due {due}" if due else ""),
    )


def _screened(m: Any) -> Words:
    found = _listed(m.reasons)
    return Words(_joined(m.step.value, m.outcome, found.zh), _joined(m.outcome, found.en))


def _answer_binding(m: Any) -> Words:
    state = _state(m)
    return Words(_joined(m.step.value, state.zh), state.en)


def _verdict_answer(m: Any) -> Words:
    found = _listed(m.reasons)
    return Words(
        _joined("已采用" if m.accepted else "未采用", found.zh),
        _joined("used" if m.accepted else "not used", found.en),
    )


def _verdict(m: Any) -> Words:
    more = ", ".join((*m.reason_codes, *m.materials))
    return Words(_joined(m.decision.value, more), _joined(m.decision.value, more))


def _bill(m: Any) -> Words:
    return Words(
        f"{m.fixmedins_code} 总额 {yuan(m.medfee_sumamt)} 基金 {yuan(m.fund_pay_sumamt)}",
        f"{m.fixmedins_code} total {yuan(m.medfee_sumamt)} fund {yuan(m.fund_pay_sumamt)}",
    )


def _paid(m: Any) -> Words:
    out = "；".join(row.zh for row in getattr(m, "left_out", ()))
    cash = "；".join(getattr(m, "cash_reasons", ()) or getattr(m, "explained", ()))
    own, shared, rest = yuan(m.acct_pay or 0), yuan(m.acct_mulaid_pay or 0), yuan(m.psn_cash_pay or 0)
    return Words(
        _joined(f"本人账户 {own} 共济 {shared} 现金 {rest}", cash, out),
        _joined(
            f"own {own} shared {shared} cash {rest}", "; ".join(row.en for row in getattr(m, "left_out", ()))
        ),
    )


def _declined(m: Any) -> Words:
    return Words(m.zh, m.en)


def _answer_settlement(m: Any) -> Words:
    if m.infcode == "-1":
        return Words(m.err_msg or m.code or "", m.code or "")
    return _paid(m) if m.medfee_sumamt is not None else NOTHING


def _notice(m: Any) -> Words:
    attempt = f"第{m.attempt}次" if m.attempt else ""
    reason = m.reason or ""
    return Words(
        _joined(f"{MEDIA[m.medium]}致{SIDES[m.recipient]}", attempt, reason),
        _joined(
            f"{m.medium.value} to the {m.recipient.value}",
            f"attempt {m.attempt}" if m.attempt else "",
            reason,
        ),
    )


def _on_account(m: Any) -> Words:
    amount = yuan(m.amount) if hasattr(m, "amount") else ""
    return Words(_joined(f"账户 {m.psn_no}", amount), _joined(f"account {m.psn_no}", amount))


def _person(m: Any) -> Words:
    rows = ", ".join(
        f"{row.insutype}/{row.psn_insu_stas.value}@{row.insuplc_admdvs}{' 欠费' if row.arrears else ''}"
        for row in m.insurances
    )
    gone = " 已故" if m.surv_stas == "2" else ""
    return Words(f"{m.psn_no} v{m.version}{gone} {rows}".strip(), f"{m.psn_no} v{m.version} {rows}".strip())


def _relation(m: Any) -> Words:
    ended = " 已终止" if m.ended else ""
    return Words(f"{m.other_psn_no} 是 {m.psn_no} 的{RELATIONS[m.other_is]}{ended}", m.other_is.value)


def _institution(m: Any) -> Words:
    return Words(f"{m.fixmedins_code} {m.fixmedins_name}", m.fixmedins_code)


def _listed_answer(m: Any) -> Words:
    found = _listed(m.reasons)
    return Words(
        _joined(getattr(m, "state", "") or "", found.zh), _joined(getattr(m, "state", "") or "", found.en)
    )


_SAY: tuple[tuple[type | tuple[type, ...], Callable[[Any], Words]], ...] = (
    (binding_requests.Submitted, _submitted),
    (binding_screenings.Passed, _passed),
    (binding_screenings.ConsentNeeded, _consent),
    (binding_screenings.ConditionChanged, _condition),
    ((binding_screenings.Refused, binding_screenings.ConsentExpired), _refused),
    (binding_decisions.BindingState, _state),
    (answers.Screened, _screened),
    (answers.Binding, _answer_binding),
    (answers.Verdict, _verdict_answer),
    (answers.Settlement, _answer_settlement),
    ((answers.Refused, answers.Premium, answers.Transfer), _listed_answer),
    (review_verdicts.VerdictGiven, _verdict),
    (settlement_requests.Bill, _bill),
    ((settlement_results.Allocation, settlement_results.Returned), _paid),
    (settlement_results.Declined, _declined),
    (notices.Notice, _notice),
    (
        (
            account_credits.Credited, account_credits.Corrected, account_credits.YearTurned,
            account_credits.Frozen, account_credits.Unfrozen, account_credits.Closed,
        ),
        _on_account,
    ),
    (registry.PersonRecorded, _person),
    (registry.RelationRecorded, _relation),
    (registry.InstitutionRecorded, _institution),
)  # fmt: skip
