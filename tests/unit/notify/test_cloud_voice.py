"""Calls by the clouds: what their reports mean, how calls are named, and what may be said to whoever answers."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from services.notify import template_files
from services.notify.clients.numbers import national
from services.notify.domain.receipts import Fate
from services.notify.providers.alibaba_voice import AlibabaVoice
from services.notify.providers.interface import Around, Forged, Posted
from services.notify.providers.options import AlibabaVoiceSettings, TencentVoiceSettings
from services.notify.providers.tencent_voice import TencentVoice

KEY = "report-key-of-the-cloud"
REFERENCE = "0192f0c15a0070008000000000000001001"


async def nowhere(receipts: object) -> None:
    """Keeps nothing."""


AROUND = Around(lambda _: nowhere, lambda template, provider: None)
ALIBABA = AlibabaVoice(
    "alibaba-voice",
    AlibabaVoiceSettings(
        access_key_id="k", access_key_secret=SecretStr("s"), report_key=SecretStr(KEY), caller="057112345678"
    ),
    AROUND,
)
TENCENT = TencentVoice(
    "tencent-voice",
    TencentVoiceSettings(
        secret_id="k", secret_key=SecretStr("s"), sdk_app_id="1400000000", report_key=SecretStr(KEY)
    ),
    AROUND,
)


def posted(body: Any, key: str = KEY) -> Posted:
    return Posted("POST", "/receipts/x", {"key": key}, {}, json.dumps(body).encode())


def alibaba(**row: str) -> list[tuple[str, Fate]]:
    return [(one.provider_id, one.fate) for one in ALIBABA.read(posted([{"out_id": "A", **row}]))]


def tencent(kind: str, **row: object) -> list[tuple[str, Fate]]:
    return [(one.provider_id, one.fate) for one in TENCENT.read(posted({kind: {"callid": "c", **row}}))]


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("200001", Fate.TEMPORARY),
        ("200002", Fate.TEMPORARY),
        ("200003", Fate.TEMPORARY),
        ("200005", Fate.TEMPORARY),
        ("200007", Fate.TEMPORARY),
        ("200008", Fate.TEMPORARY),
        ("200010", Fate.TEMPORARY),
        ("200004", Fate.PERMANENT),
        ("200011", Fate.PERMANENT),
        ("200118", Fate.THROTTLED),
        ("200119", Fate.THROTTLED),
        ("200121", Fate.THROTTLED),
        ("200006", Fate.TECHNICAL),
        ("999999", Fate.TECHNICAL),
        ("a code of tomorrow", Fate.TEMPORARY),
    ],
)
def test_alibabas_words_for_the_end_of_a_call(status: str, fate: Fate) -> None:
    assert alibaba(status_code=status) == [("A", fate)]


def test_a_call_of_alibaba_has_told_only_with_the_key_and_heard_to_its_end() -> None:
    both = [("A", Fate.DELIVERED), ("A#1", Fate.DELIVERED)]
    assert alibaba(status_code="200000", dtmf="1") == both
    assert alibaba(status_code="200000", dtmf="21") == both
    assert alibaba(status_code="200000", dtmf="2") == [("A", Fate.TEMPORARY)]
    # the key may be reported by itself, before or after
    assert alibaba(status_code="200000") == [("A", Fate.DELIVERED)]
    assert alibaba(status_code="300000", dtmf="1") == [("A#1", Fate.DELIVERED)]
    assert alibaba(status_code="300000", dtmf="2") == []
    # the key was pressed, and the phone hung up before the details were over
    assert alibaba(status_code="200001", dtmf="1")[0] == ("A", Fate.TEMPORARY)


def test_what_alibaba_reports_on_the_way_says_nothing_yet() -> None:
    assert [alibaba(status_code=one) for one in ("200100", "200101", "200102", "200103", "200201")] == [
        []
    ] * 5


def test_an_attempt_has_a_name_of_at_most_15_characters_that_is_known_before_the_call() -> None:
    call, key = ALIBABA.names(REFERENCE)
    assert (len(call), call.isascii(), call.isalnum(), key) == (15, True, True, f"{call}#1")
    assert ALIBABA.names(REFERENCE) == (call, key)
    assert ALIBABA.names(REFERENCE[:-1] + "2")[0] != call


def test_tencents_callbacks_say_together_what_became_of_a_call() -> None:
    assert tencent("voiceprompt_callback", result="0") == [("c", Fate.DELIVERED)]
    assert tencent("voicekey_callback", keypress="1") == [("c#1", Fate.HINTED)]
    assert tencent("voicekey_callback", keypress="7") == []
    assert tencent("voiceprompt_callback", result="1") == [("c", Fate.PENDING)]
    assert tencent("voiceprompt_callback", result="2") == [("c", Fate.PENDING)]


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        (1, Fate.TEMPORARY),  # switched off
        (2, Fate.TEMPORARY),  # on the phone
        (5, Fate.TEMPORARY),  # no answer
        (7, Fate.PERMANENT),  # out of service
        (8, Fate.PERMANENT),  # not given out
        (15, Fate.PERMANENT),  # no such number
        (11, Fate.TEMPORARY),  # other
    ],
)
def test_tencents_causes_of_failure(code: int, fate: Fate) -> None:
    assert tencent("voice_failure_callback", failure_code=code) == [("c", fate)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [{"status_code": "200000"}],
        [{"out_id": "A"}],
        [{"out_id": 1, "status_code": "200000"}],
        [{"out_id": "A", "status_code": 200000}],
        ["x"],
        None,
    ],
)
def test_a_report_that_is_none_of_alibabas_is_told_with_the_fields_it_needs(body: object) -> None:
    with pytest.raises(ValueError, match=r"out_id|JSON array"):
        ALIBABA.read(posted(body))


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"voiceprompt_callback": {"result": "0"}},
        {"voiceprompt_callback": {"callid": "c", "result": "9"}},
        {"voiceprompt_callback": "x"},
        {"voicecode_callback": {"callid": "c", "result": "0"}},
        {"voice_failure_callback": {"callid": "c"}},
        {"voice_failure_callback": {"callid": "c", "failure_code": "8"}},
    ],
)
def test_a_callback_that_is_none_of_tencents_is_told_with_the_fields_it_needs(body: object) -> None:
    with pytest.raises(ValueError, match=r"callid|result|failure_code|JSON object"):
        TENCENT.read(posted(body))


def test_a_report_without_the_key_is_forged() -> None:
    for provider in (ALIBABA, TENCENT):
        for key in ("", "another-key-of-another"):
            with pytest.raises(Forged):
                provider.read(posted([], key))


def test_numbers_as_they_are_dialled_within_the_mainland() -> None:
    assert national("+8613957100001") == "13957100001"
    assert national("+8657188773344") == "057188773344"
    assert national("+861088773344") == "01088773344"
    for other in ("+85291234567", "13957100001", "+86", "+86139571000012345", "+861395710000a"):
        with pytest.raises(ValueError, match="not a number of the mainland") as raised:
            national(other)
        assert other not in str(raised.value) or other == "+86"


def test_the_words_of_a_call_without_a_menu_say_whom_to_ring_and_nothing_of_the_matter() -> None:
    hint = template_files.load().named("hint.call.v1")
    assert hint is not None
    text = hint.for_provider("{%s}")
    assert "请致电{hotline}" in text
    assert "原办理渠道" in text
    assert "请按二" not in text
    for secret in ("共济", "父母", "通过", "原因", "{reasons}"):
        assert secret not in text
