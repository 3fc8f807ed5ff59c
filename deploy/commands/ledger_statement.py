"""`gongji ledger statement`: a person's statement of a month, on the terminal, as CSV, as PDF.

It reads with the desk's role. The look is put on the record first; the database shows nothing of a person without it, nor to an operator who may not see it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.review_options import Operator
from deploy.local.databases import DESK
from deploy.local.errors import StackError
from deploy.policy.regions import load_regions
from deploy.reading import running
from deploy.statements import csv_file, pdf_file
from deploy.statements.document import STATES, Document, Row
from services.settlement.desk import statements as reading
from services.settlement.desk.statements import Found, Look
from services.settlement.domain.statements import Relative, left_of_quota, statement, whom
from shared.clock import BEIJING
from shared.contracts.base import yuan
from shared.ids import SystemIds
from shared.policies import Policies


def statement_of(
    psn_no: Annotated[str, typer.Argument(help="人员编号 / the person.", metavar="PSN_NO")],
    month: Annotated[str, typer.Option(help="月份，如 2026-11 / the month, such as 2026-11.")],
    operator: Operator,
    why: Annotated[str, typer.Option(help="事由，至少四个字，将载入记录 / why, in at least four characters; goes on the record.")],
    csv: Annotated[Path | None, typer.Option("--csv", help="写入 CSV / write a CSV file.", dir_okay=False)] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="写入 PDF / write a PDF file.", dir_okay=False)] = None,
    family: Annotated[bool, typer.Option("--family", help="含授权给亲属的使用和可用额度 / with what each relative used and has left.")] = False,
    regions: Annotated[Path | None, typer.Option(envvar="GONGJI_REGIONS_DIR", exists=True, help="地区文件目录 / region files.")] = None,
) -> None:  # fmt: skip
    """个人对账单：余额、每笔变动、退款、按用途合计；查看先载入记录 / a person's statement of a month: balances, every movement, refunds apart, sums by use; the look goes on the record first.

    gongji ledger statement 33010000000000000001 --month 2026-11 --operator ledger-01 --why 本人申请对账
    gongji ledger statement 33010000000000000001 --month 2026-11 --operator ledger-01 --why 本人申请对账 --family --pdf november.pdf --csv november.csv
    """
    begin = _begin(month)
    if len(why) < 4:
        raise typer.BadParameter(
            "--why 至少四个字，如 本人申请对账 / four characters at least, such as 本人申请对账"
        )
    stack = running.find()
    look = Look(SystemIds().new(), psn_no, month, family, operator, why, stack.clock.now())
    found, refused = asyncio.run(_read(stack, look))
    if found is None:
        raise _nothing(operator, psn_no, refused)
    made = document(found, look, begin, load_regions(regions))
    if csv is not None:
        csv.write_text(csv_file.text(made), encoding="utf-8", newline="")
    if pdf is not None:
        pdf.write_bytes(pdf_file.render(made))
    if csv is None and pdf is None:
        _print(made)


def document(found: Found, look: Look, begin: datetime, policies: Policies) -> Document:
    """The statement with its heading. Quotas are those of the month's last second, or of now where it is not over."""
    end = (begin + timedelta(days=32)).replace(day=1) - timedelta(seconds=1)
    at = min(look.at, end)
    family = None
    if look.family:
        family = tuple(_relative(one, policies, found.admdvs, at) for one in found.relatives)
    return Document(
        found.psn_no, found.admdvs, look.month, look.at, found.version, statement(found.balances, found.movements), family,
    )  # fmt: skip


def _relative(one: Relative, policies: Policies, admdvs: str, at: datetime) -> Row:
    left = left_of_quota(one, policies.at(admdvs, at).spending, at)
    return (
        whom(one.binding.relation, one.binding.beneficiary),
        STATES.get(one.binding.state, "未生效"),
        str(one.bills),
        yuan(one.used),
        yuan(one.used_in_year),
        yuan(one.apart),
        "不限" if left is None else yuan(left),
    )


def _begin(month: str) -> datetime:
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=BEIJING)
    except ValueError:
        raise typer.BadParameter("月份如 2026-11 / a month such as 2026-11") from None


def _nothing(operator: str, psn_no: str, refused: str | None) -> StackError:
    """Why there is nothing to be seen. Who works for other regions is not told whether there is such an account."""
    if refused == "operator-role-missing":
        return StackError(f"经办人无此权限 / {operator} is no registered operator of the ledger", "Operators stand in the file that GONGJI_OPERATORS named when settlement started.")  # fmt: skip
    if refused == "operator-is-party":
        return StackError("不得查看本人账户 / nobody looks at an account of his or her own", "Ask another operator.")  # fmt: skip
    hidden = "*" * len(psn_no)
    if refused is not None:
        return StackError(f"没有账户 {hidden}，或经办人不负责其地区 / no account {hidden}, or not of a region of {operator}", "Ask an operator of the region.")  # fmt: skip
    return StackError(f"没有账户 / no account {hidden}", "Numbers are those of registry.persons.")


async def _read(stack: running.Running, look: Look) -> tuple[Found | None, str | None]:
    """What is shown, or the code of why the database shows nothing."""
    async with stack.writing(DESK) as conn:
        await reading.record(conn, look)
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            return await reading.read(conn, look.id), await reading.refusal(conn, look.id)


def _print(made: Document) -> None:
    console = Console(highlight=False)
    console.print(made.title, " ".join(f"{name} {value}" for name, value in made.about))
    for title, heading, rows in made.tables():
        table = Table(*heading, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        console.print(table)
