"""What people read and hear, in the details that golden files do not single out: words by type, lengths, faults by name."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

import pytest

from deploy.notices.outcomes import AT, every
from services.notify import template_files
from services.notify.clients.smpp_pdu import parts
from services.notify.domain import facts, texts
from services.notify.domain import words as w
from services.notify.domain.surnames import surname
from services.notify.domain.templates import Approval, Templates
from services.notify.domain.told import DECISIONS, OFFERED, SETTLEMENTS, of_decision
from services.notify.domain.variables import CALL, KINDS, VARIABLES, fits
from shared.contracts.binding_decisions import TYPE_TO_STATE, Cause, State
from shared.contracts.binding_requests import MaterialKind, Relation, Side, Use
from shared.contracts.notices import Medium
from shared.contracts.reason_texts import REASONS
from shared.contracts.reasons import HOTLINE, Reason
from shared.policies.types import NoticeKind
from tests.unit.notify.made import state

TEMPLATES = template_files.load()
READER = texts.Reader("330100", HOTLINE)


def reason(code: str) -> Reason:
    """A reason of that code with plain words where it has placeholders."""
    plain = [re.sub(r"\{[a-z_]+\}", "三", part.replace("{hotline}", HOTLINE)) for part in REASONS[code]]
    return Reason(code=code, zh=plain[0], en=plain[1], remedy_zh=plain[2], remedy_en=plain[3])


def written(suffix: str, side: Side = Side.SPONSOR, **fields: object) -> texts.Content:
    kind = TYPE_TO_STATE[suffix] or State.APPROVED
    told = facts.of_decision(suffix, state(kind, **fields), side)  # type: ignore[arg-type]
    found = texts.write(told, READER, TEMPLATES)
    assert found.fault is None
    return found.content


def without(*names: str) -> Templates:
    return Templates((one for one in TEMPLATES if one.name not in names), "医保服务")


def test_more_reasons_than_fit_are_counted_and_the_message_centre_shows_all() -> None:
    many = tuple(reason(code) for code in list(REASONS)[5:20])
    said = written("refused", reasons=many)
    assert w.segments(said.sms) <= texts.SEGMENTS
    left = re.search(r"另有(\d+)项原因，可在申请渠道查看", said.sms)
    assert left is not None
    assert len(re.findall(r"\d+）", said.sms.replace("12393）", ""))) == len(many) - int(left[1])
    assert "15）" in said.text


def test_more_than_a_message_centre_takes_is_counted_too() -> None:
    long = reason("sponsor-not-normal").model_copy(update={"zh": "很" * 450})
    said = written("refused", reasons=(long,) * 9)
    assert len(said.text) <= texts.CENTRE_LENGTH
    assert "另有5项原因" in said.text


def test_reason_that_alone_is_too_long_is_cut_and_says_where_the_whole_is() -> None:
    long = reason("sponsor-not-normal").model_copy(update={"zh": "很" * 300})
    assert "很…，全文可在申请渠道查看。" in written("refused", reasons=(long,)).sms
    assert "很…等2项，全文可在申请渠道查看。" in written("refused", reasons=(long, long)).sms


def test_reasons_that_do_not_even_fit_cut_are_counted_by_telephone() -> None:
    long = reason("sponsor-not-normal").model_copy(update={"zh": "很" * 300})
    said = written("supplement-requested", reasons=(long,), supplement=tuple(MaterialKind))
    assert "共1项" in said.speech or "很…" in said.speech
    assert w.units(said.speech) <= texts.SPEECH_UNITS + 20


@pytest.mark.parametrize("code", sorted(REASONS))
def test_no_reason_brings_codes_or_english_into_a_text(code: str) -> None:
    assert not re.search(r"[A-Za-z]{2,}", written("refused", reasons=(reason(code),)).text)


def test_codes_become_words_and_unknown_words_a_general_sentence() -> None:
    assert w.chinese_only("可共济的亲属：spouse、maternal-grandparent", "x") == "可共济的亲属：配偶、外祖父母"
    assert w.chinese_only("field psn_no is wrong", "所填信息不符合办理条件") == "所填信息不符合办理条件"
    assert w.chinese_only("不是JPEG、PNG图片或PDF，超过20MB", "x") == "不是照片、图片或电子文档，超过20兆"


def test_every_type_of_the_contract_has_texts_and_is_told_or_deliberately_not() -> None:
    assert TYPE_TO_STATE.keys() - {"under-review"} == DECISIONS
    assert set(get_args(NoticeKind)) == DECISIONS | (SETTLEMENTS - {"transferred"}) | {OFFERED}
    assert TYPE_TO_STATE.keys() <= KINDS.keys()
    for suffix, kind in TYPE_TO_STATE.items():
        told = list(of_decision(suffix, state(kind or State.APPROVED)))
        assert [one.side for one in told] == (list(Side) if suffix in DECISIONS else [])


def test_every_code_has_a_word() -> None:
    assert w.RELATION.keys() == w.INVERSE.keys() == set(Relation)
    assert w.USE.keys() == set(Use)
    assert w.MATERIAL.keys() == set(MaterialKind)
    assert w.CAUSE.keys() == set(Cause)


def test_use_that_only_a_region_knows_is_named_as_other_and_once() -> None:
    terms = state().case.terms.model_copy(update={"scope": ("outpatient", "vaccination", "dental")})
    assert "（门诊、其他用途；" in written("approved", terms=terms).sms


def test_spoken_times_amounts_numbers_and_signs() -> None:
    assert w.spoken("11月23日9:05（3.00元）；10:00", HOTLINE) == "11月23日9点05分，3元，10点"
    assert w.spoken("请拨0571-12345。", "0571-12345") == "请拨零五七一一二三四五。"


def test_hotline_is_the_regions() -> None:
    (outcome, *_) = every("approved", Side.SPONSOR)
    said = texts.write(outcome.facts, replace(READER, hotline="0571-12345"), TEMPLATES).content
    assert said.sms.endswith("咨询请拨0571-12345。")
    assert "零五七一一二三四五" in said.speech
    assert "零五七一一二三四五" in said.opening
    assert HOTLINE not in said.sms + said.text + said.opening


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("𠮷" * 35, 1),
        ("中中" + "𠮷" * 66, 3),
    ],
)
def test_segments_are_those_that_the_link_cuts(text: str, expected: int) -> None:
    assert w.segments(text) == expected == len(parts(text, 1))


def test_no_segment_too_many_where_pairs_do_not_fill_a_part() -> None:
    pairs = reason("sponsor-not-normal").model_copy(update={"zh": "𠮷" * 60, "remedy_zh": ""})
    for count in range(1, 5):
        said = written("refused", reasons=(pairs,) * count)
        assert len(parts(said.sms, 1)) <= texts.SEGMENTS


def test_opening_asks_by_surname_or_without_and_tells_nothing() -> None:
    (outcome, *_) = every("refused", Side.SPONSOR)
    named = texts.write(outcome.facts, replace(READER, surname="欧阳"), TEMPLATES).content
    assert "请欧阳姓参保人本人接听" in named.opening
    assert "如您是本人，请按一，重听请按二" in named.opening
    unnamed = texts.write(outcome.facts, READER, TEMPLATES).content
    assert "请参保人本人接听" in unnamed.opening
    for secret in ("共济", "父母", "未通过", "原因", "11月"):
        assert secret not in named.opening
    for text in (named.text, named.sms, named.speech):
        assert "欧阳" not in text
    assert (named.opening_template, named.opening_variables) == (
        "opening.call.v1",
        {"hotline": "一二三九三", "surname": "欧阳姓参保人"},
    )


@pytest.mark.parametrize("name", ["{hotline}", "[请{due}|]", "<b>王</b>", "$" + "{x}", "%s", "&#27;"])
def test_name_that_looks_like_a_placeholder_or_markup_stays_plain(name: str) -> None:
    (outcome, *_) = every("approved", Side.SPONSOR)
    said = texts.write(outcome.facts, replace(READER, surname=name), TEMPLATES)
    assert said.fault is None
    assert f"请{name}姓参保人本人接听" in said.content.opening
    assert surname(name) is None  # so that it does not come so far


@pytest.mark.parametrize(
    ("name", "expected"),
    [("王小明", "王"), ("王伟", "王"), ("欧阳修", "欧阳"), ("诸葛孔明", "诸葛"), ("𠮷野", "𠮷"), ("阿依古丽", None), ("买买提·艾力", None), ("John Smith", None), ("王", None), ("", None)],
)  # fmt: skip
def test_surname_of_a_name(name: str, expected: str | None) -> None:
    assert surname(name) == expected


def test_reason_that_looks_like_a_template_is_not_read_again() -> None:
    tricky = reason("review-rejected").model_copy(update={"zh": "审核未通过：{}[|]{三}"})
    assert "审核未通过：{}[|]{三}" in written("refused", reasons=(tricky,)).sms


def outcome_facts(**changes: object) -> facts.Facts:
    (outcome, *_) = every("approved", Side.SPONSOR)
    values = {
        name: value for name, value in (dict(outcome.facts.values) | changes).items() if value is not ...
    }
    return replace(outcome.facts, values=values)


@pytest.mark.parametrize(
    ("told", "templates", "reason_of_fault", "what"),
    [
        (outcome_facts(), without("approved.sponsor.sms.v1"), "template-unknown", "approved.sponsor.sms"),
        (outcome_facts(), without("opening.call.v1"), "template-unknown", "opening.call"),
        (outcome_facts(relation=...), TEMPLATES, "variable-missing", "relation"),
        (outcome_facts(at="yesterday"), TEMPLATES, "variable-type", "at"),
        (outcome_facts(uses=["outpatient"]), TEMPLATES, "variable-type", "uses"),
    ],
)
def test_what_cannot_be_written_has_a_name(
    told: facts.Facts, templates: Templates, reason_of_fault: str, what: str
) -> None:
    fault = texts.write(told, READER, templates).fault
    assert fault is not None
    assert (fault.reason, fault.what) == (reason_of_fault, what)


def changed(name: str, **fields: object) -> Templates:
    one = TEMPLATES.named(name)
    assert one is not None
    return Templates([*without(name), replace(one, **fields)], "医保服务")  # type: ignore[arg-type]


def test_text_that_is_empty_or_too_long_has_a_name_too() -> None:
    for pieces, expected in (((" ",), "text-empty"), (("长" * 300,), "text-too-long")):
        fault = texts.write(outcome_facts(), READER, changed("approved.sponsor.sms.v1", pieces=pieces)).fault
        assert fault is not None
        assert (fault.reason, fault.what) == (expected, "approved.sponsor.sms.v1")


@pytest.mark.parametrize("state_", [Approval.DRAFT, Approval.SUBMITTED, Approval.WITHDRAWN])
def test_only_approved_templates_are_sent(state_: Approval) -> None:
    found = texts.write(outcome_facts(), READER, changed("approved.sponsor.sms.v1", state=state_))
    assert found.fault is not None
    assert found.fault.reason == "template-unknown"
    assert found.content.text  # what could be written is there for the staff


def names(of: Iterable[str]) -> set[str]:
    return set(of)


def test_every_variable_is_of_some_kind_and_types_are_told_apart() -> None:
    used = names(name for kind in (*KINDS.values(), *CALL.values()) for name in kind.known)
    assert used == VARIABLES.keys()
    assert fits("amount", 3)
    assert not fits("amount", True)
    assert fits("at", AT)
    assert not fits("at", AT.date())
    assert fits("until", AT.date())
    assert not fits("until", AT)
    assert fits("in_person", True)
    assert not fits("in_person", 1)


def test_last_resort_is_the_short_form_of_each_variable() -> None:
    (_, outcome, *_) = every("supplement-requested", Side.SPONSOR)
    said = texts.write(outcome.facts, replace(READER, language="en"), TEMPLATES)
    assert said.fault is None
    assert "7 kinds, see your channel" in said.content.sms
    assert "id card, household register" in said.content.text
    assert said.content.speech.startswith("您为父母申请的家庭共济")  # the voice speaks Chinese


def test_nearest_region_speaks_and_the_latest_approved_version() -> None:
    one = TEMPLATES.named("approved.sponsor.sms.v1")
    assert one is not None
    city = replace(one, region="330100", version=1)
    province = replace(one, region="330000", version=4)
    newer = replace(one, version=2)
    draft = replace(one, version=3, state=Approval.DRAFT)
    found = Templates([one, draft, newer, province, city], "医保服务")

    def name(region: str) -> str:
        best = found.find(region, "approved", Side.SPONSOR, Medium.SMS)
        assert best is not None
        return best.name

    assert name("330106") == "330100.approved.sponsor.sms.v1"
    assert name("330200") == "330000.approved.sponsor.sms.v4"
    assert name("370900") == "approved.sponsor.sms.v2"
