"""What stands in a statement, as rows of text: the same for the CSV and the PDF. Amounts are exact decimals in yuan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.settlement.domain.statements import POTS, SEGMENTS, Line, Statement
from shared.clock import BEIJING
from shared.contracts.base import yuan

Row = tuple[str, ...]
COLUMNS = ("当年", "历年", "另存", "挂账")
"""The four columns of money; the third is what is set apart or was received."""
MOVED = ("时间", "事项", "机构", "亲属", *COLUMNS, "账户余额")
CODE = "机构编号"
"""What a file for programs has behind these: names may be alike, codes are not."""
BALANCES = ("款项", "资金分段", "期初", "期末")
SUMS = ("", *COLUMNS, "合计")
USES = ("用途", "笔数", "支出", "退回", "净额")
FAMILY = ("亲属", "状态", "本月笔数", "本月使用", "本年使用", "共济额度余额", "可用额度")
STATES = {"approved": "有效", "suspended": "暂停", "ended": "已解除"}
"""What a binding is called; one that is none of these is not in force yet."""
NOTE = "“另存”为预留的共济额度、预结算保留和收到的划转；“账户余额”为当年与历年之和。按业务发生时间归月，晚到的业务会改变已过月份的对账单。"


@dataclass(frozen=True, slots=True)
class Document:
    """A statement with what stands above it. `psn_no` is masked; `version`: number of entries of the account, to tell later ones apart."""

    psn_no: str
    admdvs: str
    month: str
    made_at: datetime
    version: int
    statement: Statement
    family: tuple[Row, ...] | None = None

    @property
    def title(self) -> str:
        """The heading."""
        return "医保个人账户家庭共济对账单" if self.family is not None else "医保个人账户对账单"

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Name and value of what stands above the tables."""
        year, month = self.month.split("-")
        return (
            ("人员编号", self.psn_no),
            ("账户统筹区", self.admdvs),
            ("月份", f"{year}年{int(month)}月"),
            ("制表时间", beijing(self.made_at)),
            ("账户记账序号", str(self.version)),
        )

    def balances(self) -> list[Row]:
        """Each place of the money before and after."""
        rows = [
            (POTS[b.pot], SEGMENTS[b.segment], yuan(b.opening), yuan(b.closing))
            for b in self.statement.balances
        ]
        opening, closing = sum(self.statement.opening), sum(self.statement.closing)
        return [*rows, ("合计", "", yuan(opening), yuan(closing))]

    def moved(self, *, refunds: bool, codes: bool = False) -> list[Row]:
        """Movements, or refunds, in the order of time."""
        lines = [line for line in self.statement.lines if line.refund is refunds]
        return [(*_line(one), one.moved.fixmedins_code or "") if codes else _line(one) for one in lines]

    def sums(self) -> list[Row]:
        """Opening, movements, refunds and closing by column."""
        one = self.statement
        rows = (
            ("期初", one.opening),
            ("变动", one.total(refunds=False)),
            ("退款", one.total(refunds=True)),
            ("期末", one.closing),
        )
        return [(name, *map(yuan, sums), yuan(sum(sums))) for name, sums in rows]

    def uses(self) -> list[Row]:
        """Sums by use."""
        return [
            (u.what, str(u.times), yuan(u.paid), yuan(u.back), yuan(u.paid - u.back))
            for u in self.statement.uses
        ]

    def tables(self, *, codes: bool = False) -> list[tuple[str, Row, Sequence[Row]]]:
        """Every table with its heading, in the order of reading; movements with the institution's code behind them if `codes`."""
        heading = (*MOVED, CODE) if codes else MOVED
        found: list[tuple[str, Row, Sequence[Row]]] = [
            ("余额", BALANCES, self.balances()),
            ("变动", heading, self.moved(refunds=False, codes=codes)),
            ("退款", heading, self.moved(refunds=True, codes=codes)),
            ("收支核对", SUMS, self.sums()),
            ("按用途合计", USES, self.uses()),
        ]
        if self.family is not None:
            found.append(("家庭共济", FAMILY, self.family))
        return found


def beijing(at: datetime) -> str:
    """`2026-11-23 10:00`, Beijing time."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _line(line: Line) -> Row:
    one = line.moved
    money = (one.current, one.historic, one.apart, one.held)
    return (beijing(one.at), line.what, line.where, line.whom, *map(yuan, money), yuan(line.after))
