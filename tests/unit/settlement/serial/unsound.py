"""Lines of bills, and what institutions get wrong in a bill."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

Body = dict[str, Any]
PARTS = ("inscp_scp_amt", "preselfpay_amt", "overlmt_amt", "fulamt_ownpay_amt")
KINDS: tuple[Body, ...] = (
    {"category": "drug"}, {"category": "device"}, {"category": "fitness"}, {"category": "wellness"}, {"med_chrgitm_type": "09"},
    {"med_chrgitm_type": "01"}, {"med_chrgitm_type": "77"}, {},
)  # fmt: skip


def lines(rolled: random.Random, parts: list[int], hospital: int) -> list[Body]:
    """One to three lines that are the parts of a bill together; the hospital's part stands in the first one's sum."""
    left = parts
    made: list[Body] = []
    for n in range(rolled.randint(1, 3), 0, -1):
        here = [rolled.randint(0, amount) if n > 1 else amount for amount in left]
        left = [a - b for a, b in zip(left, here, strict=True)]
        total = sum(here) + (0 if made else hospital)
        kind = rolled.choice(KINDS)
        made.append(
            {"feedetl_sn": str(len(made)), "det_item_fee_sumamt": _yuan(total)}
            | {name: _yuan(amount) for name, amount in zip(PARTS, here, strict=True)} | kind
        )  # fmt: skip
    return made


def spoil(life: Any, body: Body) -> str | None:
    """Makes one fault; the source that sends it, where that is the fault."""
    roll: random.Random = life.random
    fault = roll.choice(
        ("fund", "scope", "parts", "line", "lines", "line-parts", "future", "nobody", "elsewhere", "card", "card", "stranger", "unknown", "msgid")
    )  # fmt: skip
    changes: dict[str, Body] = {
        "fund": {"fund_pay_sumamt": "999.00"},
        "scope": {
            "inscp_scp_amt": "0.00",
            "fulamt_ownpay_amt": body["medfee_sumamt"],
            "fund_pay_sumamt": "0.01",
        },
        "parts": {roll.choice(("preselfpay_amt", "hosp_part_amt", "medfee_sumamt")): "61.23"},
        "future": {"bill_at": life.now + timedelta(minutes=roll.choice((4, 6, 600)))},
        "nobody": {"psn_no": "nobody"},
        "elsewhere": {"insuplc_admdvs": roll.choice(("650100", "330106"))},
        "card": {"mdtrt_cert_no": roll.choice((f"P{roll.choice(life.people)}", "K123456"))},
        "unknown": {"fixmedins_code": "H65010000002", "msgid": "H65010000002" + body["msgid"][12:]},
        "msgid": {"msgid": "P37090000012" + body["msgid"][12:]},
    }
    body |= changes.get(fault, {})
    if fault.startswith("line") and body.get("feedetail"):
        line = roll.choice(body["feedetail"])
        line |= {
            "line": {"det_item_fee_sumamt": "0.01"}, "lines": {"det_item_fee_sumamt": "99.99"}, "line-parts": {roll.choice(PARTS): "0.07"},
        }[fault]  # fmt: skip
    return {"stranger": "pharmacy-chain", "unknown": "his-second"}.get(fault)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
