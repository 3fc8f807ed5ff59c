"""What operators read of notices: words for every code, nothing that names a person, refusals that say what to do."""

from deploy.reading import notice_tables, notice_words
from deploy.reading.notice_letter import letter
from services.notify.domain.acts import Refusal
from services.notify.domain.course import State
from services.notify.domain.texts import Content
from services.notify.domain.variables import KINDS
from shared.testing.messages import MONDAY, uid


def test_every_state_and_kind_has_a_name() -> None:
    assert set(notice_words.STATES) == set(State)
    for kind in KINDS:
        words = notice_words.kind(kind)
        assert words.zh
        assert words.zh != "未知消息", kind


def test_reasons_read_as_words_and_unknown_codes_as_they_are() -> None:
    assert notice_words.why("call-no-answer") == ("电话无人接听", "call: no answer")
    assert notice_words.why("sms-silence") == ("短信没有回执", "sms: no receipt")
    assert notice_words.why("no-number").zh == "没有联系电话"
    assert notice_words.why("strange") == ("strange", "strange")
    assert notice_words.why(None) == ("", "")


def test_same_attempts_in_a_row_are_counted() -> None:
    assert (
        notice_words.tried(["sms expired", "call temporary-failure", "call temporary-failure"])
        == "短信无回执、电话未送达×2"
    )
    assert notice_words.tried([]) == "未尝试 none"


def test_a_refusal_says_what_to_do() -> None:
    for reason in ("no-such-notice", "not-known-yet", "under-way", "not-for-staff", "told-already", "sent-again", "arrived-late",
                   "overtaken", "no-medium", "no-words", "stripped"):  # fmt: skip
        error = notice_words.refused(Refusal(reason, "x-1"))
        assert " / " in error.what, reason
        assert error.remedy, reason
        assert "{" not in str(error), reason


def test_surname_of_an_opening_is_not_shown() -> None:
    opening = "您好，这里是医保服务中心，电话12393，有一条通知，请欧阳姓参保人本人接听。"
    content = Content(
        "t", "x", "s", "p", opening=opening, opening_variables={"hotline": "12393", "person": "欧阳姓参保人"}
    )
    assert notice_tables.texts(content)["opening"] == opening.replace("欧阳姓参保人", "*")
    assert "欧阳" not in notice_tables.texts(Content("t", "x", "s", "p", opening=opening))["opening"]
    assert (
        notice_tables.texts(Content("t", "x", "s", "p", opening="王", opening_variables={"a": "李"}))[
            "opening"
        ]
        == "<…>"
    )


def test_a_printed_notice_is_plain_text_whatever_a_value_looks_like() -> None:
    content = Content("未通过", "原因：<b>&{sign}", "", "", sign="医保服务")
    sheet = letter(uid(1), content, "P-1", "王", now=MONDAY, html=True)
    assert "&lt;b&gt;&amp;{sign}" in sheet
    plain = letter(uid(1), content, "P-1", None, now=MONDAY, html=False)
    assert "原因：<b>&{sign}" in plain
    assert "参保人（人员编号 P-1）" in plain
    assert "2026年11月23日" in plain
