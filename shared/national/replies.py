"""Answers to institutions: from our answer to the national one, and from a national one to ours. Pure.

An answer says what the region's convention says already (settlement shapes it), so the figures are only renamed here.
Known in the wild: `pdn_cash_pay` for `psn_cash_pay`; in 5203 `psn_pay` and `cash_payamt`; null in `acct_mulaid_pay` and `hosp_part_amt`
of a cancel; negative amounts in the rows of a refund.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.clock import BEIJING
from shared.contracts.answers import Reconciliation, Settlement
from shared.national import fields as table
from shared.national import shares
from shared.national.convention import Convention
from shared.national.fields import Fault, Field, Untranslatable
from shared.national.scalars import AMOUNT, MOMENT

LONGEST_ERROR: Final = 200
AMOUNTS: Final = (
    Field("medfee_sumamt", AMOUNT), Field("fund_pay_sumamt", AMOUNT), Field("hosp_part_amt", AMOUNT),
    Field("acct_pay", AMOUNT), Field("acct_mulaid_pay", AMOUNT),
    Field("psn_cash_pay", AMOUNT, also=("pdn_cash_pay", "cash_payamt")), Field("balc", AMOUNT),
)  # fmt: skip
SETLINFO: Final = (
    Field("setl_id"), Field("mdtrt_id"), *AMOUNTS, Field("setl_time", MOMENT), Field("medins_setl_id", ours="msgid"),
    Field("refd_setl_flag"), Field("insutype"), Field("clr_type"), Field("clr_optins"),
)  # fmt: skip


def write_settlement(
    answer: Settlement, convention: Convention, reference: str, at: datetime
) -> dict[str, Any]:
    """The national answer to 2102-2305, 2601 and 5203. `reference` is the centre's own `inf_refmsgid`, 30 characters."""
    envelope = _envelope(answer.infcode, answer.err_msg, reference, at)
    if answer.infcode != "0":
        return envelope | {"output": {}}
    info = table.write(SETLINFO, {name: getattr(answer, name) for name in Settlement.model_fields})
    if answer.psn_cash_pay is not None:
        accounts = convention.accounts(answer.acct_pay or 0, answer.acct_mulaid_pay or 0)
        info["psn_part_amt"] = AMOUNT.write(accounts + answer.psn_cash_pay)
    output: dict[str, Any] = {"setlinfo": info, "setldetail": []}
    if answer.shares:
        output[shares.LIST] = shares.write_shares(answer.shares)
    return envelope | {"output": output}


def write_statement(answer: Reconciliation, reference: str, at: datetime) -> dict[str, Any]:
    """The national answer to 3201-3204. `stmt_rslt`: 0 balanced, 1 not."""
    info = {"stmt_rslt": answer.stmt_rslt or "", "stmt_rslt_dscr": answer.stmt_rslt_dscr}
    return _envelope("0", None, reference, at) | {"output": {"stmtinfo": info}}


def write_refusal(error: Untranslatable, reference: str, at: datetime) -> dict[str, Any]:
    """The national answer to a request that could not be translated: every field that is wrong, without its value."""
    return _envelope("-1", str(error), reference, at) | {"output": {}}


def _envelope(infcode: str, complaint: str | None, reference: str, at: datetime) -> dict[str, Any]:
    moment = at.astimezone(BEIJING)
    stamp = moment.strftime("%Y%m%d%H%M%S") + f"{moment.microsecond // 1000:03d}"
    text = complaint or ""
    return {
        "infcode": infcode, "inf_refmsgid": reference, "refmsg_time": stamp, "respond_time": stamp,
        "err_msg": text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…",
    }  # fmt: skip


def read_settlement(given: Mapping[str, Any], infno: str, msgid: str) -> Settlement:
    """Our answer of a national one. Raises `Untranslatable` with every fault."""
    faults: list[Fault] = []
    if str(given.get("infcode", "")) != "0":
        said = str(given.get("err_msg") or "")[:500] or None
        return Settlement(infcode="-1", err_msg=said, msgid=msgid, infno=infno)
    output = given.get("output")
    info = output.get("setlinfo", output) if isinstance(output, Mapping) else None
    values = table.read(SETLINFO, info, "output.setlinfo", faults)
    rows = output.get(shares.LIST) if isinstance(output, Mapping) else None
    paid = shares.read_shares(rows, f"output.{shares.LIST}", faults)
    if values.get("refd_setl_flag") == "1":
        values |= {f.here: abs(values[f.here]) for f in AMOUNTS if f.here in values}
        paid = [row | {"amount": abs(row["amount"])} for row in paid]
    values = {"msgid": msgid} | values | {"infcode": "0", "infno": infno, "shares": paid}
    return table.build(
        Settlement, values, {f.here: f"output.setlinfo.{f.name}" for f in SETLINFO}, faults, SETLINFO
    )
