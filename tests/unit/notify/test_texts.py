"""What people read and hear: every decision in Chinese, all reasons, what to do, by when, whom to call."""

import re
from datetime import date

import pytest

from services.notify.domain import texts
from services.notify.domain import words as w
from services.notify.domain.told import DECISIONS, of_decision
from shared.contracts.binding_decisions import TYPE_TO_STATE, Cause, DatedTerms, Period, State
from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation, Side, Terms, Use
from shared.contracts.reason_texts import REASONS
from shared.contracts.reasons import HOTLINE, Reason
from shared.testing.messages import MONDAY
from tests.unit.notify.made import state


def reason(code: str) -> Reason:
    """A reason of that code with plain words where it has placeholders."""
    plain = [re.sub(r"\{[a-z_]+\}", "三", part.replace("{hotline}", HOTLINE)) for part in REASONS[code]]
    return Reason(code=code, zh=plain[0], en=plain[1], remedy_zh=plain[2], remedy_en=plain[3])


def written(suffix: str, side: Side = Side.SPONSOR, **fields: object) -> texts.Content:
    kind = TYPE_TO_STATE[suffix] or State.APPROVED
    return texts.content(texts.decision(suffix, state(kind, **fields), side), "医保服务")  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [suffix for suffix, sides in DECISIONS.items() if sides])
@pytest.mark.parametrize("side", list(Side))
def test_no_text_has_foreign_words_and_all_name_time_and_hotline(suffix: str, side: Side) -> None:
    said = written(
        suffix, side, reasons=(reason("sponsor-not-normal"),), supplement=(MaterialKind.HOUSEHOLD_REGISTER,),
        due_at=MONDAY, cause=Cause.INSURANCE, short_code="48213759",
    )  # fmt: skip
    for text in (said.text, said.sms, said.speech):
        assert not re.search(r"[A-Za-z]", text), text
        assert "23日" in text
    assert "12393" in said.sms
    assert "一二三九三" in said.speech
    assert said.sms.startswith("【医保服务】")
    assert said.speech.endswith("如已听清，请按一。")
    assert texts.units(said.sms) <= texts.SMS_UNITS


def test_approved_says_to_whom_from_when_for_what() -> None:
    terms = Terms(scope=(Use.OUTPATIENT, Use.PHARMACY), quota=200_000, enddate=date(2027, 6, 30))
    said = written("approved", terms=terms, effective=(Period(begin=MONDAY),))
    assert (
        "您为父母申请的家庭共济已于11月23日10:00审核通过，自11月23日起对方可使用（门诊、药店购药，年度限额2000.00元，至6月30日止）"
        in said.text
    )
    assert "您的子女为您申请的家庭共济" in written("approved", Side.BENEFICIARY).text


def test_refusal_lists_all_reasons_with_remedies_in_order() -> None:
    said = written("refused", reasons=(reason("sponsor-not-normal"), reason("in-law-not-allowed")))
    first, second = (
        said.text.index("1）授权人职工医保状态不正常，请先恢复正常参保缴费"),
        said.text.index("2）配偶的父母"),
    )
    assert first < second
    assert "更正后可重新申请" in said.text


def test_single_reason_has_no_number() -> None:
    assert (
        "原因：授权人职工医保状态不正常，请先恢复正常参保缴费。"
        in written("refused", reasons=(reason("sponsor-not-normal"),)).sms
    )


def test_more_reasons_than_fit_are_counted_and_the_message_centre_shows_all() -> None:
    many = tuple(reason(code) for code in list(REASONS)[5:20])
    said = written("refused", reasons=many)
    assert texts.units(said.sms) <= texts.SMS_UNITS
    left = re.search(r"另有(\d+)项原因", said.sms)
    assert left is not None
    assert len(re.findall(r"\d+）", said.sms.replace("12393）", ""))) == len(many) - int(left[1])
    assert "15）" in said.text


def test_reason_that_alone_is_too_long_is_counted() -> None:
    long = reason("sponsor-not-normal").model_copy(update={"zh": "很" * 300})
    assert "共1项原因，可在申请渠道查看" in written("refused", reasons=(long,)).sms


def test_supplement_says_which_papers_by_when_and_where_to() -> None:
    papers = (MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.MARRIAGE_CERTIFICATE)
    app = written("supplement-requested", supplement=papers, due_at=MONDAY.replace(day=30))
    assert "需要补充：户口本、结婚证。请在11月30日10:00前通过原申请渠道补交" in app.sms
    counter = written(
        "supplement-requested", supplement=papers, due_at=MONDAY.replace(day=30), channel=ChannelKind.COUNTER
    )
    assert "请在11月30日10点前带到受理窗口，可由家人代送" in counter.speech


def test_supplement_without_list_or_date_still_says_what_to_do() -> None:
    assert "需要补充：证明材料。请尽快" in written("supplement-requested").sms


def test_consent_names_the_code_and_warns_of_fraud() -> None:
    said = written(
        "consent-requested", Side.BENEFICIARY, due_at=MONDAY.replace(day=30), short_code="48213759"
    )
    assert "短码48213759" in said.sms
    assert "不会向您索要验证码" in said.sms


@pytest.mark.parametrize("cause", list(Cause))
def test_end_names_its_cause(cause: Cause) -> None:
    assert w.CAUSE[cause] in written("ended", cause=cause).sms


def test_change_tells_the_terms_now_in_force() -> None:
    dated = (
        DatedTerms(since=MONDAY, terms=Terms()),
        DatedTerms(since=MONDAY, terms=Terms(scope=(Use.INPATIENT,))),
    )
    changed = state().model_copy(update={"terms": dated})
    said = texts.content(texts.decision("changed", changed, Side.SPONSOR), "医保服务")
    assert "使用条件变更为：住院。" in said.sms


@pytest.mark.parametrize("code", sorted(REASONS))
def test_no_reason_brings_codes_or_english_into_a_text(code: str) -> None:
    assert not re.search(r"[A-Za-z]{2,}", written("refused", reasons=(reason(code),)).text)


def test_codes_become_words_and_unknown_words_a_general_sentence() -> None:
    assert w.chinese_only("可共济的亲属：spouse、maternal-grandparent", "x") == "可共济的亲属：配偶、外祖父母"
    assert w.chinese_only("field psn_no is wrong", "所填信息不符合办理条件") == "所填信息不符合办理条件"


def test_every_type_of_the_contract_is_told_or_deliberately_not() -> None:
    assert DECISIONS.keys() == TYPE_TO_STATE.keys()
    for suffix, sides in DECISIONS.items():
        told = list(of_decision(suffix, state(TYPE_TO_STATE[suffix] or State.APPROVED)))
        assert [one.side for one in told] == list(sides)


def test_every_code_has_a_word() -> None:
    assert w.RELATION.keys() == w.INVERSE.keys() == set(Relation)
    assert w.USE.keys() == set(Use)
    assert w.MATERIAL.keys() == set(MaterialKind)
    assert w.CAUSE.keys() == set(Cause)


def test_spoken_times_amounts_and_signs() -> None:
    assert w.spoken("11月23日9:05（3.00元）；10:00") == "11月23日9点05分，3元，10点"
