"""`gongji notice reveal|print|done|resend`: the staff tell a person, or have it sent once more. Every act names an operator and is kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands.notice_options import AsJson, NoticeId, Operator, Why
from deploy.reading import notice_letter, notices, running
from deploy.reading import notice_words as words
from deploy.reading.details import beijing
from deploy.reading.notice_words import refused
from deploy.reading.running import Running
from services.notify import desk, desk_acts
from services.notify.desk import Shown
from services.notify.domain.acts import Refusal, doubtful
from services.notify.domain.contact import Person
from services.notify.domain.texts import Content
from services.notify.sealing import Seal
from shared.ids import SystemIds

app = typer.Typer()


@app.command()
def reveal(notice_id: NoticeId, operator: Operator, why: Why, as_json: AsJson = False) -> None:
    """查看通知对象的编号、电话与通知内容；先载入记录，后显示 / whom a notice is for, and what to say: the view is on the record first.

    gongji notice reveal NOTICE_ID --operator op-1 --why 电话告知审核结果
    """
    content, psn_no, person = _seen(notice_id, "reveal", operator, why)
    told = {
        "人员编号 psn_no": psn_no,
        "姓 surname": person and person.surname,
        "电话 tel": person and person.tel,
        "不收短信 no_sms": person and person.no_sms,
        "已故 deceased": person and person.dead,
        "语言 language": person and person.language,
        "内容 text": content and content.text,
    }
    if as_json:
        names = [name.split()[-1] for name in told]
        typer.echo(json.dumps(dict(zip(names, told.values(), strict=True)), ensure_ascii=False, indent=1))
        return
    for name, value in told.items():
        if value not in (None, "", False):
            typer.echo(f"{name}: {value}")
    if person is None:
        typer.echo(
            "登记未告知此人信息，请凭编号在经办系统查询 / ask the authority's own system by this number"
        )
    typer.echo("本次查看已载入记录 / the view is on the record. 告知后 / afterwards: gongji notice done")


@app.command("print")
def print_(
    notice_id: NoticeId,
    operator: Operator,
    why: Why,
    out: Annotated[
        Path,
        typer.Option(dir_okay=False, help="新文件，.html 为网页 / a new file; HTML if it is called .html."),
    ],
) -> None:
    """可打印的书面通知，交没有电话的本人；先载入记录 / a sheet for a person without a telephone; the view is on the record first.

    gongji notice print NOTICE_ID --out notice.html --operator op-1 --why 本人无电话，书面送达
    """
    notice_letter.check(out)
    content, psn_no, person = _seen(notice_id, "print", operator, why)
    if content is None or not content.text:
        raise refused(Refusal("no-words" if content else "stripped"))
    now, html = running.find().clock.now(), out.suffix in (".html", ".htm")
    sheet = notice_letter.letter(
        notice_id, content, psn_no, person.surname if person else None, now=now, html=html
    )
    notice_letter.write(out, sheet)
    typer.echo(f"{out}: 含个人信息，用后删除 / it holds personal data: delete it afterwards")


@app.command()
def done(
    notice_id: NoticeId,
    operator: Operator,
    note: Annotated[
        str, typer.Option(help="如何告知，勿写个人信息 / how it was told, without personal data.")
    ],
) -> None:
    """已由人工告知本人；通知状态不变，不再列为待告知 / the staff have told the person: it is no longer listed as left to do.

    gongji notice done NOTICE_ID --operator op-1 --note 已上门告知并签收
    """
    text = notices.reason(note, "--note")
    stack = running.find()
    found = _found(stack, notice_id)
    notices.allowed(operator, found.row["region"])
    now = stack.clock.now()
    asyncio.run(
        notices.act(stack, lambda c: desk_acts.told(c, notice_id, operator=operator, note=text, now=now))
    )
    typer.echo("已登记：本人已由人工告知 / noted: told by staff")


@app.command()
def resend(
    notice_id: NoticeId,
    operator: Operator,
    why: Why,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do it without asking.")] = False,
) -> None:
    """转人工的通知再发一次，内容不变，走正常流程 / sends a notice once more that was handed to staff: same words, normal course.

    Never one that arrived, may still arrive, was told by staff, or that a later decision has made pointless.

    gongji notice resend NOTICE_ID --operator op-1 --why 本人已更正手机号码
    """
    text, stack = notices.reason(why, "--why"), running.find()
    found, seal = _found(stack, notice_id), notices.seal()
    notices.allowed(operator, found.row["region"])
    if (refusal := desk_acts.refused_again(found, seal)) is not None:
        raise refused(refusal)
    for line in _announced(found):
        typer.echo(line)
    if not yes:
        typer.confirm("发送 / send it?", abort=True)
    asyncio.run(_resend(stack, notice_id, seal, operator, text))


async def _resend(stack: Running, notice_id: UUID, seal: Seal, operator: str, why: str) -> None:
    new, now = SystemIds().new(), stack.clock.now()
    await notices.act(
        stack, lambda conn: desk_acts.again(conn, notice_id, new, seal, operator=operator, why=why, now=now)
    )
    typer.echo(f"新通知 / new notice {new}: gongji notice show {new}")


def _announced(found: Shown) -> list[str]:
    """What is about to happen."""
    row = found.row
    kind, media = words.kind(row["kind"]), [one for one in row["media"] if one != "message-centre"]
    told = [
        f"将再次发送 / will be sent once more: {kind.zh} {kind.en}，{words.side(row['side'])} {row['person']}，"
        f"决定于 decided {beijing(row['decided_at'])}",
        f"依次以 by {' → '.join(media)}；时段与频次照常 / hours and caps hold as always",
    ]
    if unsure := doubtful([dict(one) for one in found.attempts]):
        told.append(
            f"注意：此前 {', '.join(unsure)} 结果不明，本人可能已经收到"
            f" / beware: {', '.join(unsure)} may have arrived: the person may hear it twice"
        )
    return told


def _found(stack: Running, notice_id: UUID) -> Shown:
    found = asyncio.run(notices.ask(stack, lambda conn: desk.show(conn, notice_id)))
    if found is None:
        raise refused(Refusal("no-such-notice"))
    return found


def _seen(notice_id: UUID, what: str, operator: str, why: str) -> tuple[Content | None, str, Person | None]:
    """Words, number and person (`None`: the registry has not told), read after the view is on the record. Raises `StackError`."""
    text, stack = notices.reason(why, "--why"), running.find()
    found, seal = _found(stack, notice_id), notices.seal()
    notices.allowed(operator, found.row["region"])
    if found.row["psn_no"] is None:
        raise refused(Refusal("stripped"))

    async def look() -> Person | None:
        now = stack.clock.now()
        await notices.act(
            stack, lambda c: desk_acts.view(c, notice_id, what=what, operator=operator, why=text, now=now)
        )
        return await notices.ask(stack, lambda conn: desk.person(conn, found, seal))

    person = asyncio.run(look())
    return desk.content_of(found.row, seal), found.row["psn_no"], person
