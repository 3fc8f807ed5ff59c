"""Reads the golden files as the person would who gets the notice: what was decided, why, what to do, by when, whom to call."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from deploy.notices.outcomes import AT, Outcome, all_places, every
from services.notify import template_files
from services.notify.domain import words as w
from services.notify.domain.templates import PROVIDER_UNITS
from services.notify.domain.texts import SEGMENTS, SPEECH_UNITS
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium
from shared.contracts.reasons import HOTLINE, Reason
from tests.unit.notify import golden

TEMPLATES = template_files.load()
DECIDED: Final = {
    "received": "收到|申请让您使用",
    "consent-requested": "须对方同意|申请让您使用其医保个人账户",
    "under-review": "转人工审核",
    "supplement-requested": "审核，(对方)?需要补充：",
    "approved": "审核通过",
    "refused": "未通过",
    "rejected": "经人工审核未通过",
    "withdrawn": "撤回",
    "expired": "因逾期已于.+终止",
    "changed": "变更，使用条件为：",
    "suspended": "起暂停使用",
    "resumed": "起恢复使用",
    "ended": "已于.+解除",
    "settled": "就医购药支付[0-9.]+元",
    "premium-paid": "缴纳2027年度医保费，支付[0-9.]+元",
    "premium-cancelled": "2027年度医保费的缴纳已撤销，于.+退回您的医保个人账户[0-9.]+元",
    "cancelled": "结算已撤销，于.+退回您的医保个人账户[0-9.]+元",
    "reversed": "结算未成功，于.+退回您的医保个人账户[0-9.]+元",
    "refunded": "已退费，于.+退回您的医保个人账户[0-9.]+元",
    "transfer-offered": "向您划拨医保个人账户资金[0-9.]+元",
}
TO_DO: Final = {
    "received": "无需",
    "consent-requested": "请提醒对方|办理同意.+不同意可拒绝",
    "under-review": "无需办理",
    "supplement-requested": "补交，可.+|请提醒对方.*补交",
    "approved": "如非本人意愿，请尽快联系医保部门",
    "refused": "重新申请",
    "rejected": "重新申请",
    "withdrawn": "重新申请",
    "expired": "重新申请",
    "changed": "请您核对|如非本人意愿，请尽快联系医保部门",
    "suspended": "请自行支付",
    "resumed": "可照常结算",
    "ended": "重新申请|提出异议",
    "settled": "如有疑问请尽快联系医保部门",
    "premium-paid": "如有疑问请尽快联系医保部门",
    "premium-cancelled": "无需办理",
    "cancelled": "无需办理",
    "reversed": "无需办理",
    "refunded": "无需办理",
    "transfer-offered": "办理接收，逾期自动退回对方，不需要可拒收",
}
SILENT: Final = {("supplement-requested", Side.BENEFICIARY), ("refused", Side.BENEFICIARY),
                 ("rejected", Side.BENEFICIARY), ("expired", Side.BENEFICIARY)}  # fmt: skip
"""A relative who did not apply does not hear what is wrong with the applicant: he is told to ask him."""


class Told(NamedTuple):
    """One outcome as the golden file has it."""

    outcome: Outcome
    centre: str
    sms: str
    parts: int
    speech: str
    variables: dict[str, str]

    @property
    def texts(self) -> tuple[str, ...]:
        return self.centre, self.sms, self.speech


def read(kind: str, side: Side) -> Iterator[Told]:
    """The outcomes of a golden file, as they stand there."""
    blocks = (golden.FOLDER / f"{kind}.{side}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    for outcome, block in zip(every(kind, side), blocks, strict=True):
        title, centre, sms, call, variables = block.split("\n")
        assert title == f"【{outcome.name}】"
        assert [line.split("｜")[0] for line in (centre, sms, call, variables)] == [
            golden.CENTRE, golden.SMS, golden.CALL, golden.VARIABLES
        ]  # fmt: skip
        parts, text = sms.split("｜")[1:]
        pairs = dict(pair.split("＝", 1) for pair in variables.split("｜")[1:])
        yield Told(
            outcome,
            "｜".join(centre.split("｜")[1:]),
            text,
            int(parts.rstrip("条")),
            call.split("｜", 1)[1],
            pairs,
        )


FILES: Final = [pytest.param(kind, side, id=f"{kind}.{side}") for kind, side in all_places()]


def test_golden_files_are_what_the_templates_say() -> None:
    wanted = golden.files(TEMPLATES)
    there = {path.name: path.read_text(encoding="utf-8") for path in golden.FOLDER.glob("*.txt")}
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    assert stale == [], "python -m tests.unit.notify.golden writes them; read the difference"


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_text_says_what_was_decided_and_when(kind: str, side: Side) -> None:
    for told in read(kind, side):
        values = told.outcome.facts.values
        when = {"consent-requested": "requested"}.get(kind, "at") if side is Side.BENEFICIARY else "at"
        moments = [values[name] for name in (when, "since") if name in values]
        for text in told.texts:
            assert re.search(DECIDED[kind], text), text
            assert any(said(w.moment(at, AT.year), told, text) in text for at in moments), text


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_text_gives_all_reasons_or_the_first_and_how_many_more(kind: str, side: Side) -> None:
    for told in read(kind, side):
        if (kind, side) in SILENT:
            assert all("原因" not in text or "原因已告知对方" in text for text in told.texts)
            continue
        reasons: tuple[Reason, ...] = told.outcome.facts.values.get("reasons", ())
        for text in told.texts:
            shown = sum(said(_what(one), told, text) in text for one in reasons)
            counted = re.search(r"另有(\d+)项原因，可(在申请渠道查看|到受理窗口查询)", text)
            cut = re.search(r"…，全文可(在申请渠道查看|到受理窗口查询)", text)
            assert shown + (int(counted[1]) if counted else 0) + (1 if cut else 0) == len(reasons), text
        if "长" not in told.outcome.name:
            assert all(_what(one) in told.centre for one in reasons)


def _what(reason: Reason) -> str:
    return w.chinese_only(reason.zh, "所填信息不符合办理条件").rstrip("。")


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_text_says_what_to_do_and_by_when(kind: str, side: Side) -> None:
    for told in read(kind, side):
        values = told.outcome.facts.values
        for text in told.texts:
            assert re.search(TO_DO[kind], text), text
            if due := values.get("due"):
                assert f"{said(w.moment(due, AT.year), told, text)}前" in text, text
            for material in values.get("materials", ()):
                assert w.MATERIAL[material] in text, text
            if ends := values.get("ends"):
                assert kind == "changed"
                assert said(w.moment(ends, AT.year), told, text) in text, text


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_text_says_whom_to_call_at_its_end(kind: str, side: Side) -> None:
    for told in read(kind, side):
        assert told.sms.endswith(f"咨询请拨{HOTLINE}。")
        assert told.centre.endswith(f"咨询请拨{HOTLINE}。")
        assert told.speech.endswith(f"咨询请拨{w.digits(HOTLINE)}。重听请按二，如已听清，请按一。")


def said(text: str, told: Told, where: str) -> str:
    """A text as it is said there: on paper, or by telephone."""
    return w.spoken(text, HOTLINE) if where is told.speech else text


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_no_text_has_codes_english_names_or_anything_unfilled(kind: str, side: Side) -> None:
    for told in read(kind, side):
        for text in (*told.texts, *told.variables.values()):
            assert not re.search(r"[A-Za-zＡ-Ｚａ-ｚ]", text), text
            assert not re.search(r"[{}\[\]|$<>_%#&]", text), text
            assert not re.search("None|null|[。，；：]{2}", text), text
            assert "330100" not in text
            assert "330100000" not in text


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_text_message_fits_and_says_its_parts(kind: str, side: Side) -> None:
    for told in read(kind, side):
        assert told.sms.startswith("【医保服务】")
        assert told.parts == w.segments(told.sms) <= SEGMENTS
        assert w.units(told.speech) <= SPEECH_UNITS + 30  # digits are read one by one, and the closing


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_every_variable_fits_a_provider_of_approved_templates(kind: str, side: Side) -> None:
    one = TEMPLATES.find(golden.REGION, kind, side, Medium.SMS)
    assert one is not None
    for told in read(kind, side):
        assert all(1 <= w.units(value) <= PROVIDER_UNITS for value in told.variables.values()), told.variables
        filled = one.for_provider("${%s}")
        for name, value in told.variables.items():
            assert f"${{{name}}}" in filled
            filled = filled.replace(f"${{{name}}}", value)
        assert "$" not in filled
        if len(told.outcome.facts.values.get("reasons", ())) < 2 and "limits" not in told.variables:
            assert (
                kind in ("rejected", "refused", "supplement-requested") or f"【医保服务】{filled}" == told.sms
            )


@pytest.mark.parametrize(("kind", "side"), FILES)
def test_english_text_says_by_when_and_whom_to_call_and_fits(kind: str, side: Side) -> None:
    blocks = (golden.FOLDER / f"{kind}.{side}.en.txt").read_text(encoding="utf-8").strip().split("\n\n")
    for outcome, block in zip(every(kind, side), blocks, strict=True):
        _, centre, sms, variables = block.split("\n")
        text = sms.split("｜", 2)[2]
        assert w.segments(text) <= SEGMENTS
        for one in (centre, text):
            assert one.endswith(f"Questions: {HOTLINE}.")
            assert not re.search(r"[{}\[\]|$<>_#]|None", one), one
            if outcome.facts.values.get("due"):
                assert re.search("by (7 Dec 18:00|8 Jan 2027 18:00|24 Nov 6:00)", one), one
            assert re.search("23 Nov (10|9):05|22 Nov 10:05", one), one
        for reason in outcome.facts.values.get("reasons", ()) if (kind, side) not in SILENT else ():
            assert reason.en.rstrip(".") in centre or "长" in outcome.name
        pairs = [pair.split("＝", 1)[1] for pair in variables.split("｜")[1:]]
        assert all(1 <= w.units(value) <= PROVIDER_UNITS for value in pairs), pairs


def test_what_a_call_says_before_a_key_is_pressed_tells_a_stranger_nothing() -> None:
    text = (golden.FOLDER / "opening.call.txt").read_text(encoding="utf-8")
    for block in text.strip().split("\n\n"):
        _, opening, hint = block.split("\n")
        assert "如您是本人，请按一" in opening
        assert "重听请按二" in opening
        assert "详情请致电一二三九三" in hint
        assert "请按二" not in hint
        for spoken in (opening, hint):
            assert not re.search(r"共济|申请|通过|原因|父母|子女|[0-9]|元", spoken)
