"""Bills of the demo: whose account pays, and where there is cash, why."""

from typing import Any
from uuid import UUID

from deploy.demo.rows import Row
from deploy.demo.world import World, channel_name
from shared.contracts.base import fen, yuan
from shared.contracts.settlement_requests import Cancel, Query, Quote, Refund, Reverse, Settle

HOSPITAL, CLINIC, SECOND, PHARMACY = "H33010000001", "H33010000003", "H65010000002", "P33010000011"
SOURCE = {HOSPITAL: "his-first", CLINIC: "his-first", SECOND: "his-second", PHARMACY: "pharmacy-chain"}


def shares(answer: dict[str, Any]) -> str:
    """How a bill was paid, in one short text: own account, shared accounts, cash (yuan)."""
    if answer["infcode"] != "0":
        return f"declined {answer['code']}"
    return f"本人 {answer['acct_pay']} 共济 {answer['acct_mulaid_pay']} 现金 {answer['psn_cash_pay']}"


def paid(own: str, shared: str, cash: str) -> str:
    """The expected text of `shares`."""
    return f"本人 {own} 共济 {shared} 现金 {cash}"


async def settle(
    world: World,
    title: str,
    patient: str,
    total: str,
    expected: str,
    institution: str = HOSPITAL,
    **changes: Any,
) -> dict[str, Any]:
    """One bill through to its answer, as a row. `total` is yuan; the answer is what the institution reads."""
    fields = world.bill_of(world.cast[patient], fen(total), fixmedins_code=institution, **changes)
    kind = "quote" if fields["infno"] == "2206" else "settle"
    body = (Quote if kind == "quote" else Settle)(**fields)
    return await ask(world, title, institution, f"settlement.requests.{kind}", body, expected)


async def ask(
    world: World, title: str, institution: str, short: str, body: Any, expected: str
) -> dict[str, Any]:
    """Any settlement request through to its answer, as a row."""
    row = Row(channel_name(SOURCE[institution]), title, expected, about=body.msgid)
    world.ledger.bills.append(row)
    began = world.now()
    await world.channels.say(SOURCE[institution], short, body)
    try:
        answer = await world.answer(SOURCE[institution], body.msgid)
    except TimeoutError:
        row.got = "no answer"
        return {}
    row.seconds = (world.now() - began).total_seconds()
    row.got = shares(answer)
    row.why = "；".join(answer.get("explained", ())) or answer.get("err_msg") or ""
    return answer


def _message(world: World, patient: str, institution: str = HOSPITAL, **more: Any) -> dict[str, Any]:
    """Fields that every request of an institution has."""
    fields = world.bill_of(world.cast[patient], 0, fixmedins_code=institution)
    return {name: fields[name] for name in ("msgid", "fixmedins_code", "psn_no")} | more


async def everyday(world: World, elder: UUID) -> None:
    """Own account, a sponsor's, both, a cascade over two sponsors, and what none of them can pay."""
    await settle(world, "只用本人账户", "zhou-qiang", "80.00", paid("80.00", "0.00", "0.00"))
    first = await settle(
        world, "配偶门诊：由丈夫账户共济", "li-na", "300.00", paid("0.00", "200.00", "0.00"), fund=10000
    )
    await settle(
        world, "父亲先用本人账户，不足由女儿共济", "xu-laoda", "120.00", paid("50.00", "70.00", "0.00")
    )
    await settle(
        world, "孩子：母亲账户用完由父亲接着付", "aibek", "2300.00", paid("0.00", "2300.00", "0.00"), SECOND
    )
    await settle(world, "只够付一部分：其余自费", "zhao-xue", "1800.00", paid("0.00", "1500.00", "300.00"))
    await settle(
        world, "82岁老人药店购药：儿子付", "zhang-jianguo", "128.50", paid("0.00", "128.50", "0.00"), PHARMACY,
        infno="2102", med_type="41",
    )  # fmt: skip
    await settle(world, "预结算：不记账", "li-na", "66.60", paid("0.00", "66.60", "0.00"), infno="2206")
    if first.get("setl_id"):
        part = Refund(**_message(world, "li-na"), setl_id=first["setl_id"], amount=fen("50.00"))
        await ask(
            world,
            "部分退费：退回丈夫账户",
            HOSPITAL,
            "settlement.requests.refund",
            part,
            paid("0.00", "50.00", "0.00"),
        )
        again = Query(**_message(world, "li-na"), setl_id=first["setl_id"])
        await ask(
            world, "查询结算", HOSPITAL, "settlement.requests.query", again, paid("0.00", "200.00", "0.00")
        )


async def bound_and_still_cash(world: World) -> None:
    """绑定了还是自费: bills that a person complains about, each explained."""
    answers = [
        await settle(world, "住院不在授权范围：自费", "zhang-xiaoming", "500.00", paid("0.00", "0.00", "500.00"), infno="2304", med_type="21"),
        await settle(world, "解绑之后：本人账户付，其余自费", "gao-ling", "150.00", paid("100.00", "0.00", "50.00")),
        await settle(world, "没有绑定：自费", "wang-guilan", "45.00", paid("0.00", "0.00", "45.00")),
    ]  # fmt: skip
    told = [bool(answer.get("explained")) for answer in answers]
    world.ledger.check(
        "每一笔自费都有说明 / each bill with cash says why", all(told), f"{sum(told)} of {len(told)}"
    )


async def undone(world: World) -> None:
    """Cancelled, reversed before it arrived, repeated, declined."""
    before = await settle(world, "门诊，随后撤销", "li-na", "50.00", paid("0.00", "50.00", "0.00"))
    if before.get("setl_id"):
        cancel = Cancel(**_message(world, "li-na"), infno="2208", setl_id=before["setl_id"])
        await ask(
            world,
            "撤销：原路退回",
            HOSPITAL,
            "settlement.requests.cancel",
            cancel,
            paid("0.00", "50.00", "0.00"),
        )
    late = Settle(**world.bill_of(world.cast["li-na"], fen("77.00"), fixmedins_code=HOSPITAL))
    undo = Reverse(**_message(world, "li-na"), omsgid=late.msgid, oinfno="2207")
    await ask(
        world,
        "冲正先于原交易到达",
        HOSPITAL,
        "settlement.requests.reverse",
        undo,
        paid("0.00", "0.00", "0.00"),
    )
    await ask(
        world,
        "原交易随后到达：不再记账",
        HOSPITAL,
        "settlement.requests.settle",
        late,
        "declined reversed-before",
    )
    wrong = world.bill_of(
        world.cast["li-na"], fen("90.00"), fixmedins_code=HOSPITAL, inscp_scp_amt=fen("80.00")
    )
    await ask(world, "分项与总额不符：拒绝", HOSPITAL, "settlement.requests.settle", Settle(**wrong), "declined parts-do-not-add-up")  # fmt: skip
    await settle(world, "机构已暂停联网：拒绝", "li-na", "20.00", "declined institution-suspended", CLINIC)
    await repeated(world)


async def repeated(world: World) -> None:
    """A hospital that lost the answer asks again under a new message id: same answer, one booking."""
    body = Settle(**world.bill_of(world.cast["li-na"], fen("12.34"), fixmedins_code=HOSPITAL))
    first = await ask(world, "医院未收到应答，重发同一报文", HOSPITAL, "settlement.requests.settle", body, paid("0.00", "12.34", "0.00"))  # fmt: skip
    await world.channels.say("his-first", "settlement.requests.settle", body)

    def second() -> Any:
        found = world.follower.named(body.msgid, "answers.his-first")
        return found[1] if len(found) > 1 else None

    seen = await world.follower.until(second, "the stored answer once more")
    booked = [
        s
        for s in world.follower.named(body.msgid, "settlement.results")
        if s.spec and s.spec.short.endswith("settled")
    ]
    world.ledger.check(
        "重发同一报文：同一应答，只记一次账 / the same msgid again: the stored answer, one booking",
        seen.raw == first and len(booked) == 1,
        f"{len(booked)} booking, setl_id {'same' if seen.raw.get('setl_id') == first.get('setl_id') else 'differs'}",
    )


def total_cash_and_shares(world: World) -> tuple[str, str]:
    """Sums over all results so far, yuan: what accounts paid net of what they got back, and cash."""
    signs = {"settled": 1, "cancelled": -1, "reversed": -1, "refunded": -1}
    accounts = cash = 0
    once = {
        seen.id: seen for seen in world.follower.by_topic["settlement.results"]
    }  # a killed relay says some twice
    for seen in once.values():
        sign = signs.get(seen.spec.short.rsplit(".", 1)[1], 0) if seen.spec else 0
        if sign:
            accounts += sign * (fen(seen.raw["acct_pay"]) + fen(seen.raw["acct_mulaid_pay"]))
            cash += sign * fen(seen.raw["psn_cash_pay"])
    return yuan(accounts), yuan(cash)
