"""Signatures of face checks: verified once, in the decoding step."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.eligibility.domain import certificates, signatures
from services.eligibility.handler import Eligibility
from shared.contracts.binding_requests import FaceCheck
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, submitted, uid, unbind_requested
from shared.testing.proofs import face_check
from tests.unit.eligibility.demo import demo_policies, provider_keys
from tests.unit.eligibility.rules import codes, inquiry


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing is remembered from another test."""
    signatures.signed.cache_clear()
    yield
    signatures.signed.cache_clear()


@pytest.mark.parametrize("provider", ["face-one", "face-two"])
def test_a_signature_holds_for_one_text_and_one_providers_keys(provider: str) -> None:
    keys = provider_keys()
    given = face_check(adult(1), MONDAY, provider=provider)
    assert signatures.signed(given, keys[provider])
    assert not signatures.signed(given, ())
    other = next(name for name in keys if name != provider)
    assert not signatures.signed(given, keys[other])
    assert signatures.signed(given, (*keys[other], *keys[provider]))
    for changed in ({"transaction_no": "T1"}, {"checked_at": "x"}, {"subject_sha256": "0" * 64}):
        assert not signatures.signed(given.model_copy(update=changed), keys[provider])


@pytest.mark.parametrize("text", ["", "!!", "AAAA", "A" * 84 + "==", "A" * 88, "é"])
def test_what_is_no_signature_is_none(text: str) -> None:
    for provider in ("face-one", "face-two"):
        given = face_check(adult(1), MONDAY, provider=provider).model_copy(update={"signature": text})
        assert not signatures.signed(given, provider_keys()[provider])


def test_the_decoding_step_verifies_and_the_rules_only_read_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[bytes] = []
    real = signatures._verifies

    def counted(key: Any, signature: bytes, text: bytes) -> bool:
        verified.append(signature)
        return real(key, signature, text)

    monkeypatch.setattr(signatures, "_verifies", counted)
    handler = Eligibility(demo_policies(), provider_keys())
    q = inquiry()
    handler.prepare(q.request)
    assert len(verified) == 1
    assert codes(q) == codes(q) == []
    assert len(verified) == 1
    again = type(q.request).model_validate_json(q.request.model_dump_json())  # the batch is read once more
    handler.prepare(again)
    assert len(verified) == 1
    handler.prepare(consented(child(2), uid(1)))
    handler.prepare(unbind_requested(adult(1), uid(1)))
    assert len(verified) == 3


def test_nothing_is_prepared_where_nothing_can_be() -> None:
    handler = Eligibility(demo_policies(), provider_keys())
    unknown = face_check(adult(1), MONDAY).model_copy(update={"provider": "nobody"})
    handler.prepare(submitted(adult(1), child(2), face_check=unknown))
    handler.prepare(submitted(adult(1), child(2), face_check=None))
    assert signatures.signed.cache_info().currsize == 0


def test_a_verdict_is_that_of_its_own_check() -> None:
    good = face_check(adult(1), MONDAY)
    bad = FaceCheck(**(good.model_dump() | {"transaction_no": "T0"}))
    keys = provider_keys()["face-one"]
    assert [signatures.signed(one, keys) for one in (good, bad, good, bad)] == [True, False, True, False]


def test_numbers_of_certificates_are_judged_once() -> None:
    certificates.said.cache_clear()
    request = submitted(adult(1), child(2))
    Eligibility(demo_policies(), provider_keys()).prepare(request)
    assert codes(inquiry(request={"binding_id": uid(9)})) == []
    assert certificates.said.cache_info().misses == 2
