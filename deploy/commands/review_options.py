"""Arguments and options that several of the desk's commands take."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from shared.contracts.binding_decisions import State

Binding = Annotated[
    UUID, typer.Argument(help="案件的绑定编号 / the case: its binding_id.", metavar="BINDING_ID")
]
Operator = Annotated[
    str, typer.Option(envvar="GONGJI_OPERATOR", help="经办人编号 / your operator id, such as op-1.")
]
Region = Annotated[
    str, typer.Option(help="统筹区代码前几位，如 33 / first digits of the region, such as 33.")
]
States = Annotated[
    list[State], typer.Option(help="状态，缺省为审核中 / states to show; under-review if none is given.")
]
ClaimedBy = Annotated[str, typer.Option(help="在该经办人手中 / only cases in this operator's hands.")]
Overdue = Annotated[bool, typer.Option("--overdue", help="已逾期 / only cases past their due date.")]
Pending = Annotated[
    bool, typer.Option("--pending", help="含材料核验中的 / also cases whose documents are being verified.")
]
Free = Annotated[bool, typer.Option("--free", help="无人领取 / only cases that nobody has in hand.")]
Marked = Annotated[
    bool, typer.Option("--marked", help="有提示的 / only cases marked for a person to look at.")
]
Counter = Annotated[
    bool, typer.Option("--counter", help="窗口件 / only cases of those who came to a window.")
]
Counts = Annotated[bool, typer.Option("--counts", help="只看数量 / how many, instead of which.")]
Rows = Annotated[int, typer.Option(min=1, max=1000, help="最多几件 / at most so many.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]
Note = Annotated[str, typer.Option(help="备注，勿写个人信息 / a remark, without personal data.")]
Seen = Annotated[
    list[str],
    typer.Option(
        help="已阅材料的引用，可多个，将载入记录 / reference of a document that you have seen, see `gongji review show`; may be repeated; goes on the record."
    ),
]
Document = Annotated[str, typer.Option(help="文书编号 / number of the authority's document.")]
Why = Annotated[
    str,
    typer.Option(
        "--reason", help="事由，勿写个人信息，将载入记录 / why, without personal data; goes on the record."
    ),
]
Until = Annotated[
    str,
    typer.Option(
        "--until", help="止，缺省为恢复前一直有效 / ISO time with zone until which; empty: until resumed."
    ),
]
From = Annotated[
    str,
    typer.Option("--from", help="生效时间，缺省为现在 / ISO time with zone from which it holds; empty: now."),
]
