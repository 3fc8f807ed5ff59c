"""How what came out otherwise is told: field, expected, found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from shared.contracts.base import yuan

FIELDS_ZH = {
    "outcome": "结果", "code": "拒绝代码", "field": "字段", "reasons": "理由", "shares": "分担", "told": "机构所知的分担", "cash": "现金",
    "left_out": "未参与的绑定", "differs": "与预结算不同", "tombstone": "冲正先于原交易", "answer": "应答", "text": "文字", "balances": "余额",
    "held": "挂账", "recoveries": "追回", "opening": "期初", "movements": "变动", "refunds": "退款", "closing": "期末", "lines": "事项",
    "uses": "用途", "case": "案例", "message": "报文", "decision": "处理", "ledger": "账本",
}  # fmt: skip
"""What a field is called where it is told as different."""


class Different(NamedTuple):
    """One thing that is not as expected."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {self.found}"

    @property
    def told(self) -> str:
        """The same in both languages."""
        name = FIELDS_ZH.get(self.field.partition(".")[0], "")
        return f"{name} {self.field}：应为 expected {self.expected}；实为 found {self.found}".lstrip()


def listed(values: Iterable[Any]) -> str:
    """Values side by side."""
    return ", ".join(map(str, values)) or "none"


def pairs(values: Mapping[str, Any]) -> str:
    """Names with what is said of each, in order of name."""
    return ", ".join(f"{k}: {v}" for k, v in sorted(values.items())) or "none"


def amounts(name: str, wanted: int | Mapping[str, int], found: Mapping[str, int]) -> Iterator[Different]:
    """Fen that are not as expected: of the parts that are named, or of all together."""
    if isinstance(wanted, Mapping):
        for part, amount in wanted.items():
            if amount != found[part]:
                yield Different(f"{name}.{part}", yuan(amount), yuan(found[part]))
    elif wanted != (whole := sum(found.values())):
        yield Different(name, yuan(wanted), yuan(whole))
