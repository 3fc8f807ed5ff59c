"""Arguments and options that several of the commands for notices take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from services.notify.domain.course import State
from shared.clock import BEIJING
from shared.contracts.notices import Medium

NoticeId = Annotated[UUID, typer.Argument(help="通知编号 / the notice: its notice_id.", metavar="NOTICE_ID")]
Operator = Annotated[
    str, typer.Option(envvar="GONGJI_OPERATOR", help="经办人编号 / your operator id, such as op-1.")
]
Why = Annotated[
    str,
    typer.Option(help="事由，至少四个字，将载入记录 / why, in at least four characters; goes on the record."),
]
Region = Annotated[
    str, typer.Option(help="统筹区代码前几位，如 33 / first digits of the region, such as 33.")
]
States = Annotated[
    list[State],
    typer.Option(
        help="状态，缺省为转人工、结果不明、待回执 / states; handed-to-staff, unknown and pending if none."
    ),
]
About = Annotated[str, typer.Option(help="绑定或结算编号 / of this binding_id or setl_id only.")]
By = Annotated[Medium | None, typer.Option(help="方式 / only what went or goes by this medium.")]
Since = Annotated[
    str,
    typer.Option(
        help="此后产生的，如 2026-03-02 或 2026-03-02T09:30 / made since then, Beijing time unless it has a zone."
    ),
]
All = Annotated[
    bool, typer.Option("--all", help="所有状态，含已办结的 / every state, also what the staff have seen to.")
]
Counts = Annotated[bool, typer.Option("--counts", help="只看数量 / how many, instead of which.")]
Rows = Annotated[int, typer.Option(min=1, max=1000, help="最多几条 / at most so many.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]
Text = Annotated[
    bool,
    typer.Option(
        "--text", help="含通知内容，不含姓名 / with the words, which name nobody; needs notify's keys."
    ),
]


def moment(text: str) -> datetime | None:
    """A day or a time as an option has it; `None` for none. Raises `typer.BadParameter`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}: expected a day or a time, for example 2026-03-02 or 2026-03-02T09:30",
            param_hint="--since",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)
