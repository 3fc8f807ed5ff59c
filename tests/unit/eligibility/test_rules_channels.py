"""Kinds of channel: which are taken, what each must prove, and for whom the counter comes first."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.channels import proofs_of
from services.eligibility.domain.person import Person
from shared.contracts.binding_requests import ChannelKind, CounterProof
from shared.contracts.reasons import MAX_TEXT
from shared.policies.values import RegionPolicy
from shared.testing.identities import adult
from shared.testing.messages import MONDAY
from shared.testing.proofs import commitment, counter
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy

ONLINE = ("app", "official-account", "mini-program", "website")
STAFFED = ("counter", "institution-counter", "telephone")
BARE: dict[str, Any] = {"commitment": None, "face_check": None, "counter": None, "real_name_level": None}
PROOFS = {
    "face-check-missing": "face-check",
    "commitment-missing": "commitment",
    "real-name-level-too-low": "real-name",
    "e-credential-missing": "e-credential",
    "counter-proof-missing": "operator",
}


def all_asked(**more: Any) -> RegionPolicy:
    """A region that takes every channel and asks for every proof."""
    return policy(channels=None, face_check=True, real_name_level=3, e_credential=True, **more)


def asked(channel: str, **more: Any) -> set[str]:
    """The proofs that somebody without any lacks at this channel."""
    lacking = codes(inquiry(request=BARE | {"channel": channel}, policy=all_asked(**more)))
    return {PROOFS[code] for code in lacking}


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_channel_is_one_of_the_regions_and_the_halls_counter_is_open_to_everybody(
    channel: ChannelKind,
) -> None:
    ready: dict[str, Any] = {"channel": channel, "counter": counter()}
    reasons = found(inquiry(request=ready, policy=policy(channels=frozenset()))).reasons
    assert [r.code for r in reasons] == ["channel-not-allowed"] * (channel != "counter")
    for reason in reasons:
        assert "医保经办大厅窗口(counter)" in reason.remedy_zh
        assert "app" not in reason.remedy_zh
    assert codes(inquiry(request=ready, policy=policy(channels=frozenset({channel})))) == []
    assert codes(inquiry(request=ready, policy=policy(channels=None))) == []


@pytest.mark.parametrize("channel", ONLINE)
def test_online_face_letter_real_name_and_e_credential_are_proven(channel: str) -> None:
    assert asked(channel) == {"face-check", "commitment", "real-name", "e-credential"}


@pytest.mark.parametrize("channel", STAFFED)
def test_where_staff_take_the_request_their_word_is_enough(channel: str) -> None:
    assert asked(channel) == {"operator"}


def test_a_region_says_what_a_channel_proves_and_others_stay_as_usual() -> None:
    proofs = {ChannelKind.TELEPHONE: frozenset({"operator", "commitment"}), ChannelKind.APP: frozenset()}
    assert asked("telephone", channel_proofs=proofs) == {"operator", "commitment"}
    assert asked("app", channel_proofs=proofs) == set()
    assert asked("website", channel_proofs=proofs) == asked("website")


def test_what_only_users_of_an_app_have_is_never_asked_at_a_counter() -> None:
    everything = dict.fromkeys(ChannelKind, frozenset(PROOFS.values()))
    assert asked("counter", channel_proofs=everything) == {"face-check", "commitment", "operator"}
    assert asked("institution-counter", channel_proofs=everything) == {
        "face-check",
        "commitment",
        "operator",
    }
    assert asked("telephone", channel_proofs=everything) == set(PROOFS.values())


def test_a_proof_is_asked_only_where_its_own_key_asks_for_it() -> None:
    for channel in ChannelKind:
        lax = policy(
            channels=None, face_check=False, real_name_level=None, e_credential=False, commitment=None
        )
        q = inquiry(request=BARE | {"channel": channel}, policy=lax)
        assert codes(q) == ["counter-proof-missing"] * ("operator" in q.proofs)
        assert q.proofs == proofs_of(lax.binding, channel)


@pytest.mark.parametrize(("given", "low"), [(None, True), (2, True), (3, False), (4, False)])
def test_the_real_name_level_is_at_least_the_regions(given: int | None, low: bool) -> None:
    reasons = found(inquiry(request={"real_name_level": given}, policy=policy(real_name_level=3))).reasons
    assert [r.code for r in reasons] == ["real-name-level-too-low"] * low
    for reason in reasons:
        assert "3" in reason.zh


@pytest.mark.parametrize(("given", "low"), [(None, True), (0, False)])
def test_a_level_of_zero_still_wants_the_channel_to_say_one(given: int | None, low: bool) -> None:
    q = inquiry(request={"real_name_level": given}, policy=policy(real_name_level=0))
    assert codes(q) == ["real-name-level-too-low"] * low


@pytest.mark.parametrize(
    ("first", "second", "active"),
    [(True, None, True), (None, True, True), (False, True, True), (False, None, False), (None, None, False)],
)
def test_the_e_credential_is_active_on_some_record(
    first: bool | None, second: bool | None, active: bool
) -> None:
    records = SPONSOR.recorded(e_credential=first), SPONSOR.recorded(psn_no="33019", e_credential=second)
    me = Person(person(SPONSOR).key, records)
    q = inquiry(sponsor=me, policy=policy(e_credential=True))
    assert codes(q) == ["e-credential-missing"] * (not active)
    assert codes(inquiry(sponsor=me, policy=policy(e_credential=False))) == []


def test_nothing_is_said_of_the_e_credential_of_an_unknown_sponsor() -> None:
    assert codes(inquiry(sponsor=None, policy=policy(e_credential=True))) == ["sponsor-unknown"]


@pytest.mark.parametrize(
    ("channel", "form", "seen", "complete"),
    [
        ("counter", True, True, True),
        ("counter", True, False, False),
        ("counter", False, True, False),
        ("institution-counter", True, False, False),
        ("telephone", True, False, True),  # nobody sees originals by telephone
        ("telephone", False, False, False),
    ],
)
def test_staff_vouch_for_the_form_and_for_originals_where_they_see_them(
    channel: str, form: bool, seen: bool, complete: bool
) -> None:
    word = CounterProof(operator_id="clerk-0001", form_complete=form, originals_seen=seen)
    q = inquiry(request={"channel": channel, "counter": word}, policy=policy(channels=None))
    assert codes(q) == ["counter-incomplete"] * (not complete)


def test_a_letter_that_is_there_is_judged_at_a_counter_too() -> None:
    old = {"channel": "counter", "commitment": commitment(MONDAY, version="0")}
    assert codes(inquiry(request=old)) == ["commitment-outdated"]


BARE_APP = {"channel": "app", "face_check": None, "real_name_level": 1}


def remedies(born: date, **options: Any) -> dict[str, tuple[str, str]]:
    """Remedies by code for a sponsor born then who lacks everything."""
    me = adult(1, born=born)
    lacking = policy(counter_preferred_from_age=60, real_name_level=3, e_credential=True)
    fields: dict[str, Any] = {"request": BARE_APP | {"commitment": None}, "policy": lacking}
    q = replace(inquiry(me, CHILD, **(fields | options)), relation=None)
    reasons = found(q).reasons
    return {r.code: (r.remedy_zh, r.remedy_en) for r in reasons}


@pytest.mark.parametrize(("days", "first"), [(-1, True), (0, True), (1, False)])
def test_from_an_age_on_remedies_name_the_counter_first(days: int, first: bool) -> None:
    said = remedies(date(1966, 11, 23) + timedelta(days=days))
    proofs = {
        "materials-missing",
        "face-check-missing",
        "real-name-level-too-low",
        "e-credential-missing",
    }
    assert said.keys() == proofs | {"commitment-missing"}
    for code, (zh, en) in said.items():
        counter_first = first and code in proofs
        assert zh.startswith("建议优先到医保经办大厅窗口办理（咨询12393）") is counter_first
        assert en.startswith("best done at a counter (ask 12393)") is counter_first
        assert max(len(zh), len(en)) <= MAX_TEXT


def test_nobody_is_sent_to_the_counter_who_is_there_or_whom_nobody_knows() -> None:
    old = date(1946, 1, 1)
    there = remedies(old, request={"channel": "counter"})
    assert there.keys() == {"materials-missing"}
    assert not there["materials-missing"][0].startswith("建议")
    unknown = remedies(old, sponsor=None)
    assert not any(zh.startswith("建议") for zh, _ in unknown.values())
    without = remedies(old, policy=policy(counter_preferred_from_age=None))
    assert not any(zh.startswith("建议") for zh, _ in without.values())


def test_the_counter_is_named_first_too_where_the_channel_is_not_taken() -> None:
    only = policy(channels=frozenset({"website"}), counter_preferred_from_age=0)
    (reason,) = found(inquiry(policy=only)).reasons
    assert reason.code == "channel-not-allowed"
    assert reason.remedy_zh.startswith("建议优先到医保经办大厅窗口办理")
    assert "网上服务大厅(website)" in reason.remedy_zh


def test_an_age_of_zero_means_everybody() -> None:
    q = inquiry(request={"face_check": None}, policy=policy(counter_preferred_from_age=0))
    assert found(q).reasons[0].remedy_zh.startswith("建议优先")
