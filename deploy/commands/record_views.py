"""`gongji record views`: who saw personal data of which case and why, and what operators said without deciding."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from deploy.reading import desk, running
from services.audit import desk as reading

KINDS = {
    "view": "查看个人信息 / saw personal data",
    "takeover": "督导接管 / took over from {before}",
    "first-approval": "首次通过 / approved first, of two",
    "agreed": "复看同意 / agreed at a second look",
    "disagreed": "复看不同意 / disagreed at a second look",
    "suspended": "依文件暂停 / suspended by document {document}",
    "resumed": "依文件恢复 / resumed by document {document}",
    "ended-by-authority": "依文件解除 / ended by document {document}",
    "person-suspended": "依文件暂停个人全部绑定 / suspended with all bindings of a party by document {document}",
    "person-resumed": "依文件恢复个人全部绑定 / resumed with all bindings of a party by document {document}",
    "person-ended": "依文件解除个人全部绑定 / ended with all bindings of a party by document {document}",
}
"""What an entry of the desk's chain says; of a look, by what was said."""


def views(
    binding: Annotated[UUID | None, typer.Option(help="只看该绑定 / only of this binding.")] = None,
    operator: Annotated[str, typer.Option(help="只看该经办人 / only by this operator.")] = "",
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="最多几条 / at most so many.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
    ] = False,
) -> None:
    """查看个人信息等的记录，最近的在前 / who saw personal data and why, takeovers and second looks; the last ones first.

    gongji record views
    gongji record views --operator op-1
    gongji record views --binding 0192f0c1-5a00-7000-8000-000000000001 --json
    """
    ask = desk.ask(running.find(), lambda conn: reading.views(conn, binding, operator or None, rows))
    found = [{"position": row["position"], **json.loads(row["body"])} for row in asyncio.run(ask)]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("序号 / #", "时间 / at", "经办人 / by", "绑定 / binding", "事项 / what", "事由 / why")
    for one in found:
        kind = KINDS[one.get("said") or one["kind"]].format(
            before=one.get("before", ""), document=one.get("document", "")
        )
        table.add_row(str(one["position"]), one["at"], one["by"], one["binding_id"], kind, one["why"])
    Console().print(table)
