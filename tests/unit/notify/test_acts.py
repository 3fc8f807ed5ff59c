"""What people may do with a notice that came to the staff."""

from typing import Any

import pytest

from services.notify.domain.acts import (
    Refusal,
    again_name,
    doubtful,
    may_be_sent_again,
    may_be_told,
)
from services.notify.domain.texts import Content

CONTENT = Content("未通过", "您的申请未通过。", "【医保服务】您的申请未通过。", "您的申请未通过。")


def notice(**changes: Any) -> dict[str, Any]:
    usual = {
        "state": "handed-to-staff",
        "told_at": None,
        "told_by": None,
        "sent_again_as": None,
        "later_decision": False,
        "kind": "refused",
        "about": "b-1",
        "media": ["message-centre", "sms", "call"],
        "psn_no": "P1",
    }
    return usual | changes


def attempt(number: int = 1, medium: str = "sms", state: str = "permanent-failure", parts: int = 1) -> dict[str, Any]:  # fmt: skip
    return {"number": number, "medium": medium, "state": state, "parts": parts}


def again(row: dict[str, Any], *attempts: dict[str, Any], content: Content | None = CONTENT, fates: tuple[str, ...] = ()) -> str | None:  # fmt: skip
    refusal = may_be_sent_again(row, content, attempts, [{"number": 1, "fate": one} for one in fates])
    return refusal.reason if refusal else None


def test_what_is_for_the_staff_may_be_sent_again() -> None:
    assert again(notice(), attempt(), attempt(2, "call", "temporary-failure")) is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"state": "delivered"}, "not-for-staff"),
        ({"state": "expired"}, "not-for-staff"),
        ({"state": "pending"}, "under-way"),
        ({"state": "created"}, "under-way"),
        ({"state": "unknown"}, "not-known-yet"),
        ({"told_at": 1, "told_by": "op-1"}, "told-already"),
        ({"sent_again_as": "n-2"}, "sent-again"),
        ({"later_decision": True}, "overtaken"),
        ({"media": ["message-centre"]}, "no-medium"),
        ({"psn_no": None}, "stripped"),
    ],
)
def test_nobody_is_told_twice_or_what_is_over(row: dict[str, Any], reason: str) -> None:
    assert again(notice(**row)) == reason


def test_a_sum_of_money_is_told_even_after_a_later_one() -> None:
    assert again(notice(later_decision=True, kind="settled")) is None


def test_receipts_that_came_when_it_was_the_staffs_already_count() -> None:
    waiting = attempt(state="expired", parts=2)
    assert again(notice(), waiting, fates=("delivered",)) is None
    assert again(notice(), waiting, fates=("delivered", "delivered")) == "arrived-late"


def test_what_was_never_put_into_words_or_has_been_taken_out_is_not_sent() -> None:
    assert again(notice(), content=Content("", "", "", "")) == "no-words"
    assert again(notice(media=["sms"]), content=Content("", "", "", "")) == "no-words"
    assert again(notice(), content=None) == "stripped"


def test_the_staff_tell_a_person_once_and_not_what_is_being_sent_again() -> None:
    assert may_be_told(notice()) is None
    assert may_be_told(notice(state="delivered")) == Refusal("not-for-staff", "delivered")
    assert may_be_told(notice(told_at=1, told_by="op-1")) == Refusal("told-already", "op-1")
    assert may_be_told(notice(sent_again_as="n-2")) == Refusal("sent-again", "n-2")


def test_each_sending_has_a_name_of_its_own() -> None:
    assert again_name("refused") == "refused.again-1"
    assert again_name("refused.again-1") == "refused.again-2"
    assert again_name("premium-paid.again-9") == "premium-paid.again-10"


def test_media_that_may_have_reached_the_person_are_named() -> None:
    tried = [attempt(state="expired"), attempt(2, "call", "temporary-failure"), attempt(3, "call", "unknown")]
    assert doubtful(tried) == ["call", "sms"]
    assert doubtful([attempt(), attempt(2, "sms", "technical-failure")]) == []
