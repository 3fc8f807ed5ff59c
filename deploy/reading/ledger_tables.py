"""Cases of the ledger and the clearing of a month as a person reads them. Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from deploy.reading.details import beijing
from shared.contracts.base import yuan

WHAT: Mapping[str, str] = {
    "break": "差错 / break",
    "held": "挂账 / held",
    "recovery": "待追回 / to be recovered",
}
KINDS: Mapping[str, str] = {
    "missing-here": "中心没有 / missing here",
    "missing-there": "机构没有 / missing there",
    "amount-differs": "金额不一致 / amount differs",
    "count-differs": "笔数不一致 / count differs",
    "status-differs": "状态不一致 / status differs",
    "other-institution": "他机构结算 / another institution's",
    "held": "账户已销户 / account closed",
    "paid-after-end": "解除后支付 / paid after the end",
    "premium-after-end": "解除后缴费 / premium after the end",
    "corrected-below-zero": "更正后不足 / corrected below zero",
}
STATES: Mapping[str, str] = {"open": "[yellow]待处理 / open[/yellow]", "closed": "已处理 / closed"}
NAMES: Mapping[str, str] = {
    "medfee_sumamt": "医疗费总额", "fund_pay_sumamt": "基金支付总额", "acct_pay": "个人账户支付", "acct_mulaid_pay": "共济支付",
    "fixmedins_setl_cnt": "结算笔数", "refd_setl_flag": "退费标志",
}  # fmt: skip
_MONEY = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")
_CASES = ("case", "类别 / what", "种类 / kind", "地区 / region", "机构、人员 / whose", "月份 / month", "金额 / amount", "尚余 / left", "期限 / due", "状态 / state")  # fmt: skip


def cases(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line a case; persons masked, amounts in yuan."""
    table = Table(*_CASES)
    for row in rows:
        table.add_row(
            row["case_id"], WHAT.get(row["what"], row["what"]), KINDS.get(row["kind"], row["kind"]), row["admdvs"],
            row["fixmedins_code"] or row["psn_no"] or "", row["month"] or "", _yuan(row["amount"]), _yuan(row["open"]),
            beijing(row["deadline"]) if row["deadline"] else "", STATES.get(row["state"], row["state"]),
        )  # fmt: skip
    return table


def figures(told: Mapping[str, Any]) -> Table:
    """Both sides of a break, one line a figure."""
    table = Table("", "中心 / here", "机构 / there")
    ours, theirs = told["ours"] or {}, told["theirs"] or {}
    for name in dict.fromkeys((*ours, *theirs)):
        table.add_row(f"{NAMES.get(name, name)} {name}", *(_shown(name, side.get(name)) for side in (ours, theirs)))  # fmt: skip
    return table


def clearing(rows: Sequence[Mapping[str, Any]]) -> Table:
    """What accounts of one region owe institutions of another, yuan; the last line is the sum."""
    table = Table("机构所在地 / institution's region", "账户所在地 / account's region", "险种 / insutype", "清算类别 / clr_type", "本人账户 / own", "共济 / shared", "合计 / sum")  # fmt: skip
    for row in rows:
        table.add_row(
            row["admdvs"], row["payer"], row["insutype"], row["clr_type"], yuan(row["own"]), yuan(row["shared"]),
            yuan(row["own"] + row["shared"]),
        )  # fmt: skip
    own, shared = (sum(row[name] for row in rows) for name in ("own", "shared"))
    table.add_row("合计 / sum", "", "", "", yuan(own), yuan(shared), yuan(own + shared))
    return table


def _yuan(value: int | None) -> str:
    return "" if value is None else yuan(value)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    return yuan(value) if name in _MONEY else str(value)
