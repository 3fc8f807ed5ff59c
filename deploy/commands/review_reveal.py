"""`gongji review reveal`: the persons of a case, after the look and its reason are on the record."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.review_options import AsJson, Binding, Operator
from deploy.commands.review_say import tell
from deploy.reading import revealing, running

_WORDS = {
    "psn_no": "人员编号 / person number",
    "brdy": "出生日期 / date of birth",
    "insuplc_admdvs": "参保地 / insured in",
    "surv_stas": "生存状态 / survival status",
}


def reveal(
    binding_id: Binding,
    operator: Operator,
    why: Annotated[
        str,
        typer.Option(
            help="事由，至少四个字，将载入记录 / why, in at least four characters; goes on the record."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """查看案件当事人的编号与出生日期；先载入记录，后显示 / show who the parties of a case are: the look is on the record before anything is shown.

    gongji review reveal BINDING_ID --operator op-1 --why 电话核实亲属关系
    """
    seen = asyncio.run(revealing.reveal(running.find(), binding_id, operator, why))
    if seen.parties is None:
        tell(seen.told)
        return
    if as_json:
        typer.echo(json.dumps(seen.parties, ensure_ascii=False, indent=1, default=str))
        return
    table = Table("", "授权人 / sponsor", "使用人 / beneficiary")
    for name, words in _WORDS.items():
        table.add_row(
            words, *(str(seen.parties[side].get(name) or "") for side in ("sponsor", "beneficiary"))
        )
    Console().print(table)
    typer.echo(
        "本次查看已载入记录。姓名、证件、电话不在审核库中，请凭编号在经办系统查询。"
        " / The look is on the record. Audit holds no names, certificates or phones: ask the authority's own system by number."
    )
