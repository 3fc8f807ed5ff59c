"""Words for notices: kinds, states, why it did not arrive, and why the desk says no."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from deploy.local.errors import StackError
from deploy.reading.words import MEDIA, SIDES, Words, title
from services.notify.domain.acts import Refusal
from services.notify.domain.told import OFFERED
from shared.contracts.topics import TYPES

STATES: dict[str, str] = {
    "created": "待发送", "sending": "发送中", "pending": "已发出，待回执", "unknown": "结果不明，查询中", "delivered": "已送达",
    "handed-to-staff": "转人工", "permanent-failure": "无法送达", "temporary-failure": "未送达", "technical-failure": "技术故障",
    "expired": "不再发送",
}  # fmt: skip
_ATTEMPTS = STATES | {"expired": "无回执", "pending": "待回执", "unknown": "结果不明"}
_WHY: dict[str, Words] = {
    "person-unknown": Words("登记中查无此人", "the registry does not know the person"),
    "deceased": Words("登记为已故", "registered as deceased"),
    "child": Words("未满十四周岁，由授权人转告", "a child under 14"),
    "no-number": Words("没有联系电话", "no telephone number"),
    "number-invalid": Words("电话号码有误", "the number is not valid"),
    "number-foreign": Words("境外号码", "a foreign number"),
    "number-not-personal": Words("不是个人号码", "not a person's number"),
    "number-landline": Words("座机不能收短信", "a landline takes no texts"),
    "no-sms": Words("本人不收短信", "wants no texts"),
    "no-medium": Words("没有可用的通知方式", "no medium is left"),
    "no-hours": Words("没有可用时段", "no decent hour comes"),
    "too-old": Words("决定时间过久，不自动发送", "too old to be sent by itself"),
    "before-rebuild": Words("数据库重建前的决定", "decided before the database was rebuilt"),
    "template-unknown": Words("没有可用的文案", "no approved text"),
    "variable-missing": Words("文案缺少内容", "the text lacks a value"),
    "variable-type": Words("文案内容形式不符", "a value has the wrong form"),
    "text-empty": Words("文案为空", "the text is empty"),
    "text-too-long": Words("文案过长", "the text is too long"),
    "overtaken": Words("已有后续决定", "a later decision is there"),
    "erased": Words("登记已删除此人", "the registry erased the person"),
}  # fmt: skip
_OUTCOMES: dict[str, Words] = {
    "permanent": Words("号码无法送达", "can never reach the number"),
    "temporary": Words("暂时无法送达", "cannot reach it now"),
    "silence": Words("没有回执", "no receipt"),
    "unknown": Words("结果不明", "nobody knows"),
    "busy": Words("占线", "busy"),
    "no-answer": Words("无人接听", "no answer"),
    "declined": Words("拒接", "declined"),
    "not-confirmed": Words("接听后未按一确认", "answered, key 1 was not pressed"),
    "hung-up": Words("未听完即挂断", "hung up before the end"),
    "unavailable": Words("无法接通", "unavailable"),
    "invalid": Words("空号", "no such number"),
    "technical": Words("技术故障", "technical failure"),
    "hinted": Words("只请其致电咨询，未说内容", "was asked to ring the hotline, not told more"),
    "throttled": Words("服务商限流", "held back by the provider"),
    "template-not-approved": Words("服务商未批准该文案", "the provider has not approved the text"),
    "cap": Words("超过频次上限", "held back by the caps"),
    "fault": Words("程序出错", "our own fault"),
    "not-configured": Words("未配置服务商", "no provider"),
}
_NO: dict[str, tuple[str, str]] = {
    "no-such-notice": ("没有这条通知 / no such notice", "List notices with `gongji notice list`."),
    "not-known-yet": (
        "结果不明，仍在向服务商查询，可能已经送达 / it may have arrived: the provider is still being asked",
        "Wait: it ends by itself as delivered or handed to staff. See `gongji notice show`.",
    ),
    "under-way": (
        "通知仍在进行中（{of}） / the notice is still under way ({of})",
        "Wait: whatever cannot be sent comes to the staff by itself.",
    ),
    "not-for-staff": (
        "不是转人工的通知，状态：{of} / it was not handed to staff, its state is {of}",
        "Only notices that are for the staff are told or sent again: `gongji notice staff`.",
    ),
    "told-already": (
        "已由 {of} 告知本人 / the person was told already, by {of}",
        "Nobody is told twice. See `gongji notice show`.",
    ),
    "sent-again": (
        "已重新发送为 {of} / it was sent again already, as {of}",
        "See that one: `gongji notice show {of}`.",
    ),
    "arrived-late": (
        "转人工之后回执显示已送达 / its receipts came late: it did arrive",
        "Nothing is sent twice. Close it: `gongji notice done NOTICE_ID --note 迟到回执显示已送达`.",
    ),
    "overtaken": (
        "同一绑定已有后续决定 / a later decision about the same binding has been told or will be",
        "See `gongji notice list --about {of} --all`; tell the person the last state, then `gongji notice done`.",
    ),
    "no-medium": (
        "没有可发送的方式 / there is no text and no call in its course",
        "Tell the person: `gongji notice print`, then `gongji notice done`.",
    ),
    "no-words": (
        "文案当时未能写成 / it could not be put into words when it was made",
        "Correct the template for later ones (`gongji notice preview`); tell this person yourself, then `gongji notice done`.",
    ),
    "stripped": (
        "内容已过保存期或已删除 / its words are gone: kept long enough, or erased",
        "See the decision with `gongji trace`; tell the person yourself, then `gongji notice done`.",
    ),
}  # fmt: skip


def kind(short: str) -> Words:
    """What a kind of notice is called."""
    if short == OFFERED:  # a state of a transfer, no type of message
        return Words("转账待接受", "money that waits to be accepted")
    topic = "binding.decisions" if f"binding.decisions.{short}" in TYPES else "settlement.results"
    return title(f"{topic}.{short}")


def why(code: str | None) -> Words:
    """A reason in words; a code that is not known stays as it is."""
    if not code:
        return Words("", "")
    if code in _WHY:
        return _WHY[code]
    medium = next((one for one in MEDIA if code.startswith(f"{one}-")), None)
    words = _OUTCOMES.get(code.removeprefix(f"{medium}-")) if medium else None
    return Words(f"{MEDIA[medium]}{words.zh}", f"{medium}: {words.en}") if medium and words else Words(code, code)  # fmt: skip


def side(name: str) -> str:
    """授权人 or 使用人."""
    return SIDES.get(name, name)


def tried(attempts: Sequence[str]) -> str:
    """Attempts (`sms expired`) in a line; the same ones in a row are counted."""
    told = []
    for one, same in groupby(attempts):
        medium, _, state = one.partition(" ")
        times = len(list(same))
        told.append(f"{MEDIA.get(medium, medium)}{_ATTEMPTS.get(state, state)}" + (f"×{times}" if times > 1 else ""))  # fmt: skip
    return "、".join(told) or "未尝试 none"


def attempt_state(state: str) -> str:
    """The state of an attempt in Chinese."""
    return _ATTEMPTS.get(state, state)


def refused(refusal: Refusal) -> StackError:
    """What an operator reads."""
    what, remedy = _NO[refusal.reason]
    return StackError(what.format(of=refusal.of), remedy.format(of=refusal.of))
