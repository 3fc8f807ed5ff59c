"""What the demo shows at its end: a table of requests, of verdicts, of bills, of texts and calls, and the checks."""

from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.peers import Peers
from deploy.demo.rows import Ledger, Row
from shared.contracts.pii import mask


def show(console: Console, ledger: Ledger, peers: Peers, heard: dict[str, tuple[float, str]]) -> None:
    """Prints everything. `heard` maps a WAV's name to how much of the speech sent is in it (0..1) and to that speech's text."""
    console.print(_rows("申请 / Requests", ledger.requests, notices=True))
    console.print(_rows("审核台、账务台 / Desks", ledger.verdicts, notices=False))
    console.print(_rows("账单 / Bills", ledger.bills, notices=False))
    console.print(_texts(peers.texts()))
    console.print(_calls(peers.calls(), heard))
    console.print(_checks(ledger))


def _rows(title: str, rows: list[Row], *, notices: bool) -> Table:
    table = Table(title=f"{title}（{len(rows)}）", title_justify="left", expand=False)
    for heading in ("#", "渠道 / channel", "情形 / case", "结果 / outcome", "理由 / why"):
        table.add_column(heading, overflow="fold", max_width=46)
    if notices:
        table.add_column("通知 / notice", overflow="fold")
    table.add_column("秒 / s", justify="right")
    table.add_column("")
    for number, row in enumerate(rows, 1):
        mark = (
            "[green]✓[/]" if row.as_expected else f"[red]✗ expected {row.expected} {row.notice_expected}[/]"
        )
        notice = (row.notice or "-",) if notices else ()
        table.add_row(
            str(number), row.channel, row.title, row.got, row.why or "-", *notice, f"{row.seconds:.2f}", mark
        )
    return table


def _texts(texts: list[dict[str, Any]]) -> Table:
    table = Table(
        title=f"短信中心收到的短信 / Text messages that arrived（{len(texts)}）", title_justify="left"
    )
    table.add_column("号码 / number")
    table.add_column("内容 / text", overflow="fold", max_width=110)
    table.add_column("条 / parts", justify="right")
    for text in texts:
        table.add_row(mask(text["number"], "phone"), text["text"], str(text["parts"]))
    return table


def _calls(calls: list[dict[str, Any]], heard: dict[str, tuple[float, str]]) -> Table:
    table = Table(title=f"电话 / Calls（{len(calls)}）", title_justify="left")
    for heading in (
        "号码 / number",
        "结果 / fate",
        "秒 / s",
        "相符度 / likeness",
        "听到的话 / what was heard",
    ):
        table.add_column(heading, overflow="fold", max_width=90)
    for call in calls:
        likeness, text = heard.get(call["wav"] or "", (0.0, ""))
        shown = f"{likeness:.4f}" if call["wav"] else "-"
        table.add_row(
            mask(call["number"], "phone"), call["fate"], f"{call['seconds']:.1f}", shown, text or "-"
        )
    return table


def _checks(ledger: Ledger) -> Table:
    table = Table(title="核对 / Checks", title_justify="left")
    table.add_column("")
    table.add_column("核对 / check", overflow="fold", max_width=80)
    table.add_column("所见 / seen", overflow="fold", max_width=70)
    for check in ledger.checks:
        table.add_row("[green]✓[/]" if check.holds else "[red]✗[/]", check.title, check.seen)
    return table
