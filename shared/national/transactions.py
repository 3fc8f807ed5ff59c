"""The transactions that gongji reads and writes: number, message, the wrapper of their body, and its fields.

Source: 2102 and 2206 to 2305 settlement and cancel, 2601 reversal (冲正), 5203 query, 3201 to 3204 statements (对账) and clearing (清算).
"""

from typing import Final, NamedTuple

from shared.contracts import reconciliation as statements
from shared.contracts import settlement_requests as requests
from shared.contracts.base import Message
from shared.national.fields import Field
from shared.national.scalars import AMOUNT, CODE2, COUNT, DAY, MOMENT


class Transaction(NamedTuple):
    """`short`: our message's type; `wrapper`: where the body stands in `input`; `lines`: wrapper and fields of its rows."""

    infno: str
    short: str
    model: type[Message]
    wrapper: str
    fields: tuple[Field, ...]
    lines: tuple[str, str, tuple[Field, ...]] | None = None


PATIENT: Final = (Field("psn_no"),)
SETTLEMENT: Final = (*PATIENT, Field("setl_id"))
BILL: Final = (
    *PATIENT, Field("mdtrt_id"), Field("mdtrt_cert_type", CODE2), Field("mdtrt_cert_no"), Field("med_type"),
    Field("begntime", MOMENT, "bill_at", ("setl_time",)),
    Field("medfee_sumamt", AMOUNT), Field("fund_pay_sumamt", AMOUNT), Field("hosp_part_amt", AMOUNT),
    Field("fulamt_ownpay_amt", AMOUNT), Field("overlmt_selfpay", AMOUNT, also=("overlmt_amt",)),
    Field("preselfpay_amt", AMOUNT), Field("inscp_scp_amt", AMOUNT), Field("insutype"), Field("clr_type"),
    Field("clr_optins"), Field("acct_used_flag"),
)  # fmt: skip
FEE_DETAIL: Final = (
    Field("feedetl_sn"), Field("med_chrgitm_type", CODE2), Field("category"), Field("det_item_fee_sumamt", AMOUNT),
    Field("fulamt_ownpay_amt", AMOUNT), Field("overlmt_amt", AMOUNT, also=("overlmt_selfpay",)),
    Field("preselfpay_amt", AMOUNT), Field("inscp_scp_amt", AMOUNT),
)  # fmt: skip
STATEMENT: Final = (
    Field("insutype"), Field("clr_type"), Field("setl_optins"), Field("stmt_begndate", DAY, also=("begndate",)),
    Field("stmt_enddate", DAY, also=("enddate",)),
)  # fmt: skip
TOTALS: Final = (
    *STATEMENT, Field("medfee_sumamt", AMOUNT), Field("fund_pay_sumamt", AMOUNT), Field("acct_pay", AMOUNT),
    Field("acct_mulaid_pay", AMOUNT), Field("fixmedins_setl_cnt", COUNT),
)  # fmt: skip
DETAIL_ROW: Final = (
    Field("setl_id"), Field("msgid"), Field("medfee_sumamt", AMOUNT), Field("acct_pay", AMOUNT),
    Field("acct_mulaid_pay", AMOUNT), Field("refd_setl_flag"),
)  # fmt: skip


def _bill(infno: str, wrapper: str = "data", lines: str = "feedetail") -> Transaction:
    short, model = ("quote", requests.Quote) if infno == "2206" else ("settle", requests.Settle)
    return Transaction(
        infno, f"settlement.requests.{short}", model, wrapper, BILL, (lines, "feedetail", FEE_DETAIL)
    )


def _cancel(infno: str) -> Transaction:
    return Transaction(infno, "settlement.requests.cancel", requests.Cancel, "data", SETTLEMENT)


def _statement(
    infno: str, short: str, model: type[Message], fields: tuple[Field, ...] = STATEMENT,
    lines: tuple[str, str, tuple[Field, ...]] | None = None,
) -> Transaction:  # fmt: skip
    return Transaction(infno, f"reconciliation.requests.{short}", model, "data", fields, lines)


TRANSACTIONS: Final = {
    one.infno: one
    for one in (
        _bill("2102", "druginfo", "drugdetail"), _bill("2206"), _bill("2207"), _bill("2304"),
        _cancel("2103"), _cancel("2208"), _cancel("2305"),
        Transaction("2601", "settlement.requests.reverse", requests.Reverse, "data",
                    (*PATIENT, Field("omsgid"), Field("oinfno"))),
        Transaction("5203", "settlement.requests.query", requests.Query, "data",
                    (*SETTLEMENT, Field("omsgid", also=("medins_setl_id",)))),
        _statement("3201", "totals", statements.Totals, TOTALS),
        _statement("3202", "detail", statements.Detail,
                   (*STATEMENT, Field("file_qury_no"), Field("part", COUNT), Field("parts", COUNT)),
                   ("detail", "rows", DETAIL_ROW)),
        _statement("3203", "clear", statements.Clear),
        _statement("3204", "uncleared", statements.Uncleared),
    )
}  # fmt: skip
"""By transaction number. A partial refund has no number of its own in the national interface and is a message of ours only."""
