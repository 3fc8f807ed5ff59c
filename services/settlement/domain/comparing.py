"""From differences between a statement and the ledger to cases: which are new, which are mended, what the institution is told. Pure.

A break is known by what differs and by both figures: found again it is the same case; with other figures it is a new one and the old
one is closed, since it is not found any more. What an operator has explained stays closed while the figures stay.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.settlement.domain.reconciled import Break, Found, Json, Statement
from shared.contracts.base import yuan

TOTALS, DETAIL = "totals", "detail"
BY_STATEMENT = "statement"
AGREED = "statement-agrees"
COUNT = "fixmedins_setl_cnt"
SUMS = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")

KINDS: Mapping[str, str] = {
    "missing-here": "中心端没有",
    "missing-there": "机构端没有",
    "amount-differs": "金额不一致",
    "count-differs": "笔数不一致",
    "status-differs": "状态不一致",
    "other-institution": "不是本机构的结算",
}
NAMES: Mapping[str, str] = {
    "medfee_sumamt": "医疗费总额", "fund_pay_sumamt": "基金支付总额", "acct_pay": "个人账户支付", "acct_mulaid_pay": "共济支付",
    COUNT: "结算笔数",
}  # fmt: skip


class Place(NamedTuple):
    """Where a statement's breaks belong: the region that closes the month, the month that they keep open, and when they are due."""

    admdvs: str
    month: str
    deadline: datetime


def totals_found(theirs: Mapping[str, int], ours: Mapping[str, int]) -> list[Found]:
    """The differences of totals: one for the sums, one for the number."""
    found = []
    if any(theirs[name] != ours[name] for name in SUMS):
        sums = [{name: side[name] for name in SUMS} for side in (ours, theirs)]
        found.append(Found(TOTALS, "amount-differs", None, None, *sums))
    if theirs[COUNT] != ours[COUNT]:
        found.append(Found(TOTALS, "count-differs", None, None, {COUNT: ours[COUNT]}, {COUNT: theirs[COUNT]}))
    return found


def judge(
    statement: Statement, found: Sequence[Found], known: Iterable[Break], place: Place, at: datetime
) -> list[Break]:
    """The breaks of this statement, open or explained; of `known` those that it mends are closed. New ones are returned as well.

    `known` are the institution's breaks within the statement's days. An equal detail list closes the breaks of totals too.
    """
    mine = {b.case_id: b for b in known if b.group == statement.group}
    shown = {}
    for one in found:
        id = case_id(statement, one)
        case = mine.get(id)
        if case is None:
            case = _new(id, statement, one, place, at)
        elif case.state == "closed" and case.closed_by == BY_STATEMENT:
            case.state, case.closed_at, case.closed_by, case.resolution = "open", None, None, None
            case.deadline, case.changed = place.deadline, True
        shown[id] = case
    for id, case in mine.items():
        if case.state == "open" and id not in shown and _covers(statement, case, equal=not found):
            case.state, case.closed_at, case.closed_by, case.resolution = "closed", at, BY_STATEMENT, AGREED
            case.changed = True
    return list(shown.values())


def _covers(statement: Statement, case: Break, *, equal: bool) -> bool:
    if case.scope == TOTALS and statement.kind == TOTALS:
        return (case.begins, case.ends) == (statement.begins, statement.ends)
    within = statement.begins <= case.begins and case.ends <= statement.ends
    return within and statement.kind == DETAIL and (case.scope == DETAIL or equal)


def _new(id: str, statement: Statement, one: Found, place: Place, at: datetime) -> Break:
    return Break(
        id, statement.fixmedins_code, place.admdvs, statement.group, statement.begins, statement.ends,
        place.month, one.scope, one.kind, one.msgid, one.setl_id, one.ours, one.theirs,
        "open", place.deadline, at, changed=True,
    )  # fmt: skip


def case_id(statement: Statement, one: Found) -> str:
    """The same difference has the same id, whichever message tells of it."""
    text = repr((statement.fixmedins_code, statement.group, statement.begins, statement.ends, *one))
    return f"break-{hashlib.blake2b(text.encode(), digest_size=12, person=b'gongji-break').hexdigest()}"


def described(found: Sequence[Found]) -> str:
    """What differs, in Chinese: totals with both figures, rows by their number."""
    lines = []
    for one in found:
        if one.scope == TOTALS and one.ours and one.theirs:
            lines.extend(_figures(one.ours, one.theirs))
    kinds = Counter(one.kind for one in found if one.scope == DETAIL)
    lines.extend(f"{KINDS[kind]} {n} 笔" for kind, n in kinds.items())
    return "；".join(lines)


def _figures(ours: Json, theirs: Json) -> list[str]:
    return [
        f"{NAMES[name]}：机构 {_said(name, theirs[name])}，中心 {_said(name, ours[name])}"
        for name in theirs
        if theirs[name] != ours[name]
    ]


def _said(name: str, value: int) -> str:
    return str(value) if name == COUNT else yuan(value)
