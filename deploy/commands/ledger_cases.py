"""`gongji ledger cases`: breaks of the reconciliation, money held, money to be recovered; and the close of a month.

It reads with the desk's role, which sees no person's number, and speaks only by messages on `ledger.verdicts`, as source `desk`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.review_options import AsJson, Note, Operator, Region, Rows
from deploy.local.errors import StackError
from deploy.reading import desk, ledger_tables, running
from services.settlement.desk import cases as reading
from shared.contracts import answers, reconciliation
from shared.contracts.base import Message, fen

app = typer.Typer(help="账务案件：差错、挂账、待追回 / cases of the ledger: breaks, held money, recoveries.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip
Case = Annotated[str, typer.Argument(help="案件编号 / the case, as `list` shows it.", metavar="CASE_ID")]
Month = Annotated[str, typer.Argument(help="月份，如 2026-11 / the month, such as 2026-11.", metavar="MONTH")]
What = Annotated[str, typer.Option(help="break、held 或 recovery；空：全部 / break, held or recovery; empty: all.")]  # fmt: skip


@app.command("list")
def list_(
    region: Region = "",
    what: What = "",
    month: Annotated[str, typer.Option(help="妨碍哪个月的月结 / in the way of closing this month.")] = "",
    overdue: Annotated[
        bool, typer.Option("--overdue", help="已过期限 / only those past the deadline.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="也列已处理的 / closed ones, too.")] = False,
    rows: Rows = 50,
    as_json: AsJson = False,
) -> None:
    """列出案件，先到期的在前 / cases, what is due first first.

    gongji ledger cases list
    gongji ledger cases list --region 33 --what break --overdue
    gongji ledger cases list --month 2026-11 --json
    """
    stack = running.find()
    states = ("open", "closed") if all_ else ("open",)
    wanted = reading.Wanted(region, what, states, stack.clock.now() if overdue else None, month, rows)
    found = [dict(row) for row in asyncio.run(desk.ask(stack, lambda conn: reading.listed(conn, wanted)))]
    if as_json:
        _json(found)
    else:
        Console().print(ledger_tables.cases(found))


@app.command()
def show(case_id: Case, as_json: AsJson = False) -> None:
    """一件案件：双方金额、期限、处理经过 / one case: what either side has, its deadline, what was decided.

    gongji ledger cases show break-5f0c1a7e9b3d4c2a
    """
    told = _found(case_id)
    if as_json:
        _json(told)
        return
    Console().print(ledger_tables.cases([told]))
    if told["what"] == "break":
        days = f"{told['begins']} - {told['ends']}"
        heading = f"{told['insutype']} / {told['clr_type']} / {told['setl_optins']}"
        lines = Table(show_header=False, box=None)
        for name in ("msgid", "setl_id", "resolution", "closed_by"):
            if told[name]:
                lines.add_row(f"[bold]{name}[/bold]", str(told[name]))
        Console().print(f"{days}，{heading}")
        Console().print(lines, ledger_tables.figures(told))
    for one in told["verdicts"]:
        Console().print(f"{one['at']}: {one['kind']} {one['resolution'] or ''} ({one['operator_id']}) {one['note'] or ''}")  # fmt: skip


@app.command()
def close(
    case_id: Case,
    operator: Operator,
    resolution: Annotated[str, typer.Option(help="差错：处理结果，如 institution-corrected / of a break: how it was resolved.")] = "",
    to: Annotated[str, typer.Option(help="挂账：转出去向，如 heir-account / of held money: where it goes.")] = "",
    amount: Annotated[str, typer.Option(help="追回：到账金额（元） / of a recovery: what came in, yuan, such as 12.50.")] = "",
    note: Note = "",
) -> None:  # fmt: skip
    """处理一件案件 / close a case: a break by its resolution, held money by where it goes, a recovery by what came in.

    gongji ledger cases close break-5f0c1a7e9b3d4c2a --operator ledger-01 --resolution institution-corrected
    gongji ledger cases close held-01a2…-e202bdcd --operator ledger-01 --to heir-account
    gongji ledger cases close correction-C-7 --operator ledger-01 --amount 12.50
    """
    what = _found(case_id)["what"]
    given = {"break": resolution, "held": to, "recovery": amount}[what]
    option = {"break": "--resolution", "held": "--to", "recovery": "--amount"}[what]
    if not given or [resolution, to, amount].count("") != 2:
        raise typer.BadParameter(f"{ledger_tables.WHAT[what]}: {option}")
    said: dict[str, Any] = {"case_id": case_id, "operator_id": operator, "note": note or None}
    if what == "break":
        say("break-closed", reconciliation.BreakClosed(**said, resolution=resolution))
    elif what == "held":
        say("held-released", reconciliation.HeldReleased(**said, to=to))
    else:
        try:
            sum_ = fen(amount)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        say("recovery-settled", reconciliation.RecoverySettled(**said, amount=sum_))


def close_month(
    month: Month,
    operator: Operator,
    region: Annotated[str, typer.Option(help="统筹区代码，如 330100 / the pooling region, such as 330100.")],
    note: Note = "",
) -> None:
    """月结：之后该月不再变更 / close a month of a region: nothing in it changes afterwards.

    gongji ledger close 2026-11 --region 330100 --operator ledger-01
    """
    said = {"case_id": f"period-{region}-{month}", "operator_id": operator, "note": note or None}
    try:
        body = reconciliation.PeriodClosed(**said, month=month, admdvs=region)
    except ValueError:
        raise typer.BadParameter("月份如 2026-11，统筹区如 330100 / a month such as 2026-11, a region such as 330100") from None  # fmt: skip
    say("period-closed", body)


def clearing(month: Month, region: Region = "", as_json: AsJson = False) -> None:
    """清算：一个已月结月份各地账户应付各地机构的金额 / what accounts of each region owe the institutions of another for a closed month.

    gongji ledger clearing 2026-11
    gongji ledger clearing 2026-11 --region 33 --json
    """
    rows = asyncio.run(desk.ask(running.find(), lambda conn: reading.clearing(conn, month, region)))
    found = [dict(row) for row in rows]
    if as_json:
        _json(found)
    else:
        Console().print(ledger_tables.clearing(found))


def say(type: str, body: Message) -> None:
    """Publishes a verdict, waits for its answer and prints it. Status 1 when it was not used, 3 when no answer came."""
    told = asyncio.run(desk.say(running.find(), f"ledger.verdicts.{type}", body, service="settlement"))
    if told is None:
        typer.echo("已发布，暂无应答 / published; no answer yet. Look with `gongji dead-letters list`.")
        raise typer.Exit(3)
    for reason in getattr(told, "reasons", ()):
        typer.echo(f"未采用 / not used: {reason.code}: {reason.zh} ({reason.en})")
    if not isinstance(told, answers.LedgerVerdict) or not told.accepted:
        raise typer.Exit(1)
    typer.echo(f"accepted: {told.case_id} {told.state}")


def _found(case_id: str) -> dict[str, Any]:
    told = asyncio.run(desk.ask(running.find(), lambda conn: reading.show(conn, case_id)))
    if told is None:
        raise StackError(f"没有案件 / no case {case_id}", "List cases with `gongji ledger cases list`.")
    return told


def _json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
