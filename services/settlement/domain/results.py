"""The bodies that settlement sends, as JSON made once: the same bytes are published and stored.

Built from plain values because they are made thousands of times a second; tests hold them against the models of
`shared.contracts.settlement_results` and `shared.contracts.answers`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from services.settlement.domain.declines import (
    CASH_BOUND,
    CASH_DIFFERS,
    CASH_LEFT_OUT,
    CASH_NO_ACCOUNTS,
    CASH_NOT_PAYABLE,
    CASH_OWN_ONLY,
    CASH_SHARED,
    TEXTS,
    Decline,
    Why,
)
from services.settlement.domain.payable import Piece
from services.settlement.domain.quotes import Quote
from shared.contracts.base import yuan
from shared.contracts.settlement_requests import Bill

Json = dict[str, Any]
SAID_TO_BOTH = ("quoted", "hold_until", "bindings_read_to")
"""Optional fields of an allocation that the institution is told, too."""


def share(
    own: bool, psn_no: str, segment: str, amount: int, balance_after: int, admdvs: str,
    binding_id: object = None, binding_version: int | None = None, relation: str | None = None,
) -> Json:  # fmt: skip
    """One share of the allocation list."""
    return {
        "holder": "own" if own else "sponsor", "psn_no": psn_no, "segment": segment, "amount": yuan(amount),
        "balance_after": yuan(balance_after), "admdvs": admdvs,
        "binding_id": None if binding_id is None else str(binding_id), "binding_version": binding_version, "relation": relation,
    }  # fmt: skip


def left_out(binding_id: object, why: Why) -> Json:
    """One binding that took no part."""
    return {"binding_id": str(binding_id), "code": why.code, "zh": why.zh, "en": why.en}


def cash_reasons(
    cash: int, used: bool, left_out: Sequence[Why], sponsors: bool, bound: Sequence[Why] = (), unpayable: Sequence[Piece] = ()
) -> list[str]:  # fmt: skip
    """Why there is cash, in Chinese; empty where there is none. `bound`: what made a sponsor pay less than it has; `unpayable`:
    pieces that nobody may pay."""
    if not cash:
        return []
    if not used:
        return [CASH_NO_ACCOUNTS]
    reasons = []
    if unpayable:
        reasons.append(
            CASH_NOT_PAYABLE.format(what="、".join(f"{p.zh}{yuan(p.amount)}元" for p in unpayable))
        )
        if cash == sum(p.amount for p in unpayable):
            return reasons
    reasons.append(CASH_SHARED if sponsors else CASH_OWN_ONLY)
    if bound:
        reasons.append(CASH_BOUND.format(why=_words(bound)))
    if left_out:
        reasons.append(CASH_LEFT_OUT.format(why=_words(left_out)))
    return reasons


def _words(whys: Sequence[Why]) -> str:
    return "；".join(dict.fromkeys(w.zh for w in whys))


def allocation(
    bill: Bill, setl_id: str, number: int, source: str, id: str, at: datetime, acct: int, mulaid: int, cash: int,
    shares: list[Json], out: list[Json], reasons: list[str], version: str, quote: Quote | None = None,
) -> Json:  # fmt: skip
    """Body of `settled` and `quoted`. `quote`: what was quoted before, where it said otherwise."""
    body: Json = {
        "setl_id": setl_id, "number": number, "msgid": bill.msgid, "infno": bill.infno,
        "origin": {"source": source, "id": id}, "fixmedins_code": bill.fixmedins_code, "psn_no": bill.psn_no,
        "mdtrt_id": bill.mdtrt_id, "med_type": bill.med_type, "at": at,
        "medfee_sumamt": yuan(bill.medfee_sumamt), "fund_pay_sumamt": yuan(bill.fund_pay_sumamt),
        "hosp_part_amt": yuan(bill.hosp_part_amt), "acct_pay": yuan(acct), "acct_mulaid_pay": yuan(mulaid),
        "psn_cash_pay": yuan(cash), "shares": shares, "left_out": out, "cash_reasons": reasons, "policy_version": version,
    }  # fmt: skip
    if quote is not None:
        body["quoted"] = quoted = quote.said()
        if quote.sums != (acct, mulaid, cash):
            body["cash_reasons"] = [*reasons, CASH_DIFFERS.format(**quoted)]
    return body


def answer(result: Json, balc: int | None, inside: bool, fund_has_account: bool, refunded: str = "0") -> Json:
    """`answers.settlement` of an allocation: national `setlinfo`, no sponsor in it.

    `inside`: the region's `acct_pay` contains the shared part; `fund_has_account`: its `fund_pay_sumamt` contains accounts.
    """
    acct, fund = result["acct_pay"], result["fund_pay_sumamt"]
    if inside or fund_has_account:
        own, mulaid = _fen(acct), _fen(result["acct_mulaid_pay"])
        acct = yuan(own + mulaid) if inside else acct
        fund = yuan(_fen(fund) + own + mulaid) if fund_has_account else fund
    reply: Json = {
        "infcode": "0", "msgid": result["msgid"], "infno": result["infno"], "setl_id": result["setl_id"] or None,
        "fixmedins_code": result["fixmedins_code"], "mdtrt_id": result["mdtrt_id"], "setl_time": result["at"],
        "medfee_sumamt": result["medfee_sumamt"], "fund_pay_sumamt": fund, "hosp_part_amt": result["hosp_part_amt"],
        "acct_pay": acct, "acct_mulaid_pay": result["acct_mulaid_pay"], "psn_cash_pay": result["psn_cash_pay"],
        "balc": None if balc is None else yuan(balc), "refd_setl_flag": refunded, "explained": result["cash_reasons"],
    }  # fmt: skip
    for name in SAID_TO_BOTH:
        if name in result:
            reply[name] = result[name]
    return reply


def returned(
    setl_id: str, number: int, msgid: str, infno: str, source: str, id: str, fixmedins_code: str, psn_no: str,
    at: datetime, acct: int, mulaid: int, cash: int, shares: list[Json], tombstone: bool = False,
) -> Json:  # fmt: skip
    """Body of `cancelled`, `reversed` and `refunded`."""
    return {
        "setl_id": setl_id, "number": number, "msgid": msgid, "infno": infno, "origin": {"source": source, "id": id},
        "fixmedins_code": fixmedins_code, "psn_no": psn_no, "at": at, "acct_pay": yuan(acct),
        "acct_mulaid_pay": yuan(mulaid), "psn_cash_pay": yuan(cash), "shares": shares, "tombstone": tombstone,
    }  # fmt: skip


def answer_returned(result: Json, balc: int | None, inside: bool) -> Json:
    """`answers.settlement` of money given back; amounts are what went back."""
    acct = result["acct_pay"]
    if inside:
        acct = yuan(_fen(acct) + _fen(result["acct_mulaid_pay"]))
    return {
        "infcode": "0", "msgid": result["msgid"], "infno": result["infno"], "setl_id": result["setl_id"] or None,
        "fixmedins_code": result["fixmedins_code"], "setl_time": result["at"], "acct_pay": acct,
        "acct_mulaid_pay": result["acct_mulaid_pay"], "psn_cash_pay": result["psn_cash_pay"],
        "balc": None if balc is None else yuan(balc), "refd_setl_flag": "1",
    }  # fmt: skip


def declined(
    no: Decline,
    msgid: str,
    infno: str | None,
    source: str,
    id: str,
    fixmedins_code: str | None,
    psn_no: str,
    at: datetime,
) -> tuple[Json, Json]:
    """Body of `declined`, and the answer."""
    zh, en, remedy_zh, remedy_en = (part.format(**no.values) for part in TEXTS[no.code])
    body = {
        "msgid": msgid, "infno": infno, "origin": {"source": source, "id": id}, "fixmedins_code": fixmedins_code,
        "psn_no": psn_no, "at": at, "code": no.code.value, "field": no.field, "zh": zh[:500], "en": en[:500],
        "remedy_zh": remedy_zh, "remedy_en": remedy_en,
    }  # fmt: skip
    reply = {
        "infcode": "-1", "err_msg": zh[:500], "code": no.code.value, "field": no.field, "remedy": remedy_zh,
        "msgid": msgid, "infno": infno, "fixmedins_code": fixmedins_code, "setl_time": at,
    }  # fmt: skip
    return body, reply


def encode(body: Json) -> bytes:
    """JSON bytes. Times come out with their offset, as pydantic writes them."""
    return to_json(body)


def _fen(text: str) -> int:
    return int(text.replace(".", "", 1))
