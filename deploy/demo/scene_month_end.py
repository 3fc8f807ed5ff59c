"""The month's end: a pharmacy's list differs in one figure; the break is listed, the month stays open, the break is closed, the month too."""

import json
from pathlib import Path
from typing import Any

from deploy.demo.program import Said, gongji
from deploy.demo.rows import Row
from deploy.demo.scenes_bills import PHARMACY, SOURCE
from deploy.demo.world import World
from shared.contracts.base import fen, yuan
from shared.contracts.reason_texts import REASONS
from shared.contracts.reconciliation import Detail, DetailRow
from shared.testing.messages import msgid

MONTH, DAY, REGION, OPERATOR = "2026-11", "2026-11-30", "330100", "ledger-01"
PLANTED = fen("10.00")
"""By so much the pharmacy's figure is too low."""


async def closed_after_the_break(world: World, home: Path) -> None:
    """Each line is one run of `gongji ledger`; the list comes from the pharmacy's own system over Kafka."""
    told = await _listed(world)
    breaks = json.loads((await gongji(home, "ledger", "cases", "list", "--month", MONTH, "--json")).text)
    (case,) = breaks if len(breaks) == 1 else ({"case_id": "none", "kind": f"{len(breaks)} breaks"},)
    month = ("ledger", "close", MONTH, "--region", REGION, "--operator", OPERATOR)
    await _at_the_desk(world, "有未处理差错：该月不能月结", home, month, False, "breaks-open")
    mend = (
        "ledger",
        "cases",
        "close",
        case["case_id"],
        "--operator",
        OPERATOR,
        "--resolution",
        "institution-corrected",
    )
    await _at_the_desk(world, "查明：药店少报共济支付，差错关闭", home, mend, True)
    await _at_the_desk(world, "无未处理差错：月结", home, month, True)
    left = json.loads((await gongji(home, "ledger", "cases", "list", "--month", MONTH, "--json")).text)
    low = fen(told["ours"]["acct_mulaid_pay"]) - fen(told["theirs"]["acct_mulaid_pay"])
    world.ledger.check(
        "对账：一处差错列出、处理后月结 / the one planted break is listed and closed, then the month closes",
        (case["case_id"], case["kind"]) == (told["case_id"], "amount-differs") and low == PLANTED and not left,
        f"{case['case_id']}: {case['kind']}, {told['ours']['acct_mulaid_pay']} here, {told['theirs']['acct_mulaid_pay']} there",
    )  # fmt: skip


async def _listed(world: World) -> dict[str, Any]:
    """The pharmacy's detail of the month's last day (3202), with one figure too low; the only break in the answer."""
    source = SOURCE[PHARMACY]
    once = {seen.id: seen.raw for seen in world.follower.by_topic[f"answers.{source}"]}
    first, *_ = bills = [answer for answer in once.values() if answer.get("setl_id")]
    rows = [
        DetailRow(
            setl_id=bill["setl_id"], msgid=bill["msgid"], medfee_sumamt=fen(bill["medfee_sumamt"]),
            acct_pay=fen(bill["acct_pay"]), acct_mulaid_pay=fen(bill["acct_mulaid_pay"]) - PLANTED * (bill is first),
        )
        for bill in bills
    ]  # fmt: skip
    body = Detail(
        fixmedins_code=PHARMACY, msgid=msgid(PHARMACY, 1, world.now()), insutype=first["insutype"], clr_type=first["clr_type"],
        setl_optins=first["clr_optins"], stmt_begndate=DAY, stmt_enddate=DAY, rows=tuple(rows),
    )  # fmt: skip
    row = Row(
        "连锁药店系统", f"月末对明细账 3202：一笔少报{yuan(PLANTED)}元", "amount-differs", about=body.msgid
    )
    world.ledger.bills.append(row)
    began = world.now()
    await world.channels.say(source, "reconciliation.requests.detail", body)
    answer = await world.answer(source, body.msgid)
    row.seconds = (world.now() - began).total_seconds()
    row.got = " ".join(one["kind"] for one in answer["breaks"])
    row.why = answer.get("stmt_rslt_dscr", "")
    return dict(answer["breaks"][0])


async def _at_the_desk(
    world: World, title: str, home: Path, words: tuple[str, ...], accepted: bool, reason: str = ""
) -> Said:
    row = Row(f"账务台 {OPERATOR}", title, "采用" if accepted else "不采用")
    world.ledger.verdicts.append(row)
    began = world.now()
    said = await gongji(home, *words)
    row.seconds = (world.now() - began).total_seconds()
    row.got = "采用" if said.status == 0 else "不采用"
    row.why = ", ".join(code for code in REASONS if said.names(code))
    if row.why != reason:
        row.got += f" ({said.text.strip()[:200]})"
    return said
