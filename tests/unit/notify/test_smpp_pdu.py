"""Texts in parts, answers and receipts of SMPP as values."""

from types import SimpleNamespace

import pytest

from services.notify.clients.numbers import dialable, digits
from services.notify.clients.smpp_pdu import Answer, answer_of, parts, receipt_of
from services.notify.domain.receipts import Fate, Receipt


@pytest.mark.parametrize(("characters", "count"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (268, 4)])
def test_parts_of_67_characters_once_70_are_passed(characters: int, count: int) -> None:
    cut = parts("医" * characters, 7)
    assert len(cut) == count
    assert all(len(part) <= 140 for part in cut)
    if count > 1:
        assert [part[:6] for part in cut] == [bytes((5, 0, 3, 7, count, n)) for n in range(1, count + 1)]
        assert b"".join(part[6:] for part in cut).decode("utf-16-be") == "医" * characters


def test_surrogate_pair_stays_together() -> None:
    cut = parts("医" * 66 + "😀" + "保" * 20, 1)
    assert [part[6:].decode("utf-16-be") for part in cut] == ["医" * 66, "😀" + "保" * 20]


def test_text_that_no_header_can_count_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 255"):
        parts("医" * 67 * 256, 1)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (0, Answer.ACCEPTED),
        (0x58, Answer.THROTTLED),
        (0x14, Answer.THROTTLED),
        (0x0B, Answer.PERMANENT),
        (0x08, Answer.TECHNICAL),
    ],
)
def test_class_of_a_submits_answer(status: int, answer: Answer) -> None:
    assert answer_of(status) is answer


def pdu(text: bytes, esm: int = 4, **tlvs: object) -> SimpleNamespace:
    return SimpleNamespace(esm_class=esm, sm_length=len(text), short_message=text, **tlvs)


RECEIPT = b"id:42 sub:001 dlvrd:001 submit date:2611230210 done date:2611230210 stat:%b err:013 text:"


@pytest.mark.parametrize(
    ("word", "fate"),
    [
        (b"DELIVRD", Fate.DELIVERED),
        (b"EXPIRED", Fate.TEMPORARY),
        (b"UNDELIV", Fate.PERMANENT),
        (b"REJECTD", Fate.PERMANENT),
        (b"ENROUTE", Fate.PENDING),
    ],
)
def test_receipt_by_its_words(word: bytes, fate: Fate) -> None:
    found = receipt_of(pdu(RECEIPT % word))
    assert found is not None
    assert (found.provider_id, found.fate) == ("42", fate)
    assert found.code.endswith(":013")


def test_tlvs_win_over_the_words() -> None:
    found = receipt_of(pdu(RECEIPT % b"ENROUTE", receipted_message_id=b"a7\0", message_state=2))
    assert found == Receipt("a7", Fate.DELIVERED, "2:013")


@pytest.mark.parametrize(
    "other",
    [pdu(b"TD", esm=0), pdu(b"nothing that is known"), pdu(b"id:1 stat:STRANGE"), pdu(b"", message_state=2)],
)
def test_what_is_no_receipt_is_none(other: SimpleNamespace) -> None:
    assert receipt_of(other) is None


@pytest.mark.parametrize("length", [0, 90])
def test_text_that_is_not_as_long_as_it_says_is_no_receipt_of_another(length: int) -> None:
    cut = pdu(RECEIPT % b"DELIVRD")
    cut.sm_length = length
    with pytest.raises(ValueError, match="not as long"):
        receipt_of(cut)


@pytest.mark.parametrize("number", ["+8613957100001", "12393", "110"])
def test_numbers_that_may_leave(number: str) -> None:
    assert digits(number).isdigit()


@pytest.mark.parametrize(
    "number", ["", "11", "+86 139", "139;transport=tcp", "1" * 16, "१२३४", "13957100001\n"]
)
def test_numbers_that_may_not(number: str) -> None:
    assert not dialable(number)
    with pytest.raises(ValueError, match="not a dialable number") as told:
        digits(number)
    assert not number or number not in str(told.value)
