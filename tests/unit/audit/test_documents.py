"""Documents by their content: every fault, the sizes at the limit, and what a case asks of its applicant."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from services.audit.domain import checked, documents
from services.audit.domain.deadlines import after_working_days
from services.audit.domain.documents import Fault, judge
from services.audit.domain.model import CaseFile, Claim
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import MATERIALS_ZH, Material, MaterialKind, Side
from shared.messaging.handler import Due
from shared.testing.documents import content, referred
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, passed, policy, verdict

LIMIT = 1_000_000
CARD, BOOK = MaterialKind.ID_CARD, MaterialKind.HOUSEHOLD_REGISTER


def material(held: bytes, media_type: str = "image/jpeg", **changes: Any) -> Material:
    """A truthful reference to these bytes."""
    return referred("paper", BOOK, held=held).model_copy(update={"media_type": media_type} | changes)


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(made, form, **options)
    return made.getvalue()


def locked(password: str) -> bytes:
    """A PDF that its owner restricted; a reader needs `password`, none if it is empty."""
    made, writer = io.BytesIO(), PdfWriter(PdfReader(io.BytesIO(content("paper.pdf"))))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("held", "media_type"),
    [
        (picture(), "image/jpeg"),
        (picture(progressive=True), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (content("paper"), "image/jpeg"),
        (content("paper.pdf"), "application/pdf"),
    ],
)
def test_a_sound_document_has_no_fault(held: bytes, media_type: str) -> None:
    assert judge(material(held, media_type), held, LIMIT) is None


def test_a_document_that_the_store_does_not_have_is_missing() -> None:
    assert judge(material(picture()), None, LIMIT) == documents.MISSING


def test_one_byte_more_or_less_or_another_is_an_alteration() -> None:
    held = picture()
    for other in (held + b"\0", held[:-1], held[:-3] + b"\x00" + held[-2:], b""):
        assert judge(material(held), other, LIMIT) == documents.ALTERED


def test_the_limit_itself_is_allowed_and_one_byte_more_is_not() -> None:
    held = picture()
    assert judge(material(held), held, len(held)) is None
    assert judge(material(held), held, len(held) - 1) == documents.TOO_LARGE
    assert judge(material(held, size=LIMIT + 1), None, LIMIT) == documents.TOO_LARGE, "nothing has to be read"


def test_what_is_larger_than_declared_and_than_the_limit_is_too_large() -> None:
    held = picture()
    assert judge(material(held), held + b"x" * LIMIT, LIMIT) == documents.TOO_LARGE


@pytest.mark.parametrize(
    ("held", "media_type"),
    [
        (picture("PNG"), "image/jpeg"),
        (content("paper.pdf"), "image/jpeg"),
        (picture(), "application/pdf"),
        (b"<html><script>alert(1)</script></html>", "image/jpeg"),
        (b"MZ\x90\x00" + b"\0" * 200, "application/pdf"),
        (b"<script></script>" + content("paper.pdf"), "application/pdf"),
        (picture("GIF"), "image/gif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"plain", "text/plain"),
    ],
)
def test_another_type_than_declared_or_than_may_be_shown_is_a_disguise(held: bytes, media_type: str) -> None:
    assert judge(material(held, media_type), held, LIMIT) == documents.DISGUISED


def test_a_pdf_with_a_password_is_locked_and_one_that_only_forbids_printing_is_not() -> None:
    held = locked("secret")
    assert judge(material(held, "application/pdf"), held, LIMIT) == documents.ENCRYPTED
    open_to_all = locked("")
    assert judge(material(open_to_all, "application/pdf"), open_to_all, LIMIT) is None


@pytest.mark.parametrize(
    ("held", "media_type"),
    [
        (picture()[:-200], "image/jpeg"),
        (picture("PNG")[:-200], "image/png"),
        (b"\xff\xd8\xff" + b"\0" * 500, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "image/png"),
        (b"%PDF-1.7\n" + b"\0" * 500, "application/pdf"),
        (content("paper.pdf").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]     /Count 0"), "application/pdf"),
    ],
)
def test_what_the_decoder_cannot_show_is_unreadable(held: bytes, media_type: str) -> None:
    assert judge(material(held, media_type), held, LIMIT) == documents.UNREADABLE


def test_a_picture_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    made = io.BytesIO()
    Image.new("1", (40_000, 40_000)).save(made, "PNG", optimize=True)
    held = made.getvalue()
    assert len(held) < LIMIT
    assert judge(material(held, "image/png"), held, LIMIT) == documents.UNREADABLE


def test_a_faulty_document_is_set_aside_once_another_stands_in_its_place() -> None:
    bad, other, new = (referred(name, BOOK) for name in ("bad", "other", "new"))
    foreign = referred("card", CARD, Side.BENEFICIARY)
    known = [documents.place(bad)]
    assert documents.wanted([bad, foreign], known) == (bad, foreign), "nothing stands in its place yet"
    assert documents.wanted([bad, new, foreign], known) == (new, foreign)
    assert documents.wanted([bad, other], ()) == (bad, other), "what is not known as faulty is read"
    mended = bad.model_copy(update={"sha256": "0" * 64})
    assert documents.wanted([mended], known) == (mended,), (
        "other content under the same name is another document"
    )


def test_each_fault_says_which_document_and_what_to_do() -> None:
    for code in documents.FAULTS:
        (why,) = documents.reasons([Fault(code, CARD, Side.BENEFICIARY)] * 2, 20_000_000, 10)
        assert (why.code, why.field) == (code, "materials")
        assert f"使用人的{MATERIALS_ZH[CARD]}" in why.zh
        assert "id-card of the beneficiary" in why.en
        assert "10个工作日" in why.remedy_zh
        assert "10 working days" in why.remedy_en
    (large,) = documents.reasons([Fault(documents.TOO_LARGE, BOOK, Side.SPONSOR)], 20_000_000, 10)
    assert "20MB" in large.zh
    assert "20 MB" in large.en


def under_review() -> Line:
    line = Line()
    papers = (referred("a", BOOK), referred("b", CARD, Side.BENEFICIARY))
    assert line.send(passed(proven=(), materials=papers)) == ["received", "under-review"]
    return line


def read(line: Line, *faults: Fault, round: int = 1) -> list[str]:
    """What follows from the check, as background work hands it to the handler."""
    body = checked.Checked(round, faults).written()
    return line._decide(Due(checked.KIND, str(ID), line.now + timedelta(minutes=1), body))


def test_faulty_documents_become_a_request_that_names_them_once_each() -> None:
    line = under_review()
    faults = (
        Fault(documents.MISSING, BOOK, Side.SPONSOR),
        Fault(documents.ALTERED, BOOK, Side.SPONSOR),
        Fault(documents.ENCRYPTED, CARD, Side.BENEFICIARY),
    )
    assert read(line, *faults) == ["supplement-requested"]
    assert line.state.supplement == (BOOK, CARD)
    assert [why.code for why in line.state.reasons] == [f.code for f in faults]
    assert line.state.due_at == after_working_days(line.state.at, 10).at
    assert line.told.state is State.SUPPLEMENT_REQUESTED, "the channel that asked is told"


def test_sound_documents_an_older_round_and_a_decided_case_change_nothing() -> None:
    line = under_review()
    fault = Fault(documents.MISSING, BOOK, Side.SPONSOR)
    before = line.state
    assert read(line) == []
    assert read(line, fault, round=2) == []
    assert line.state == before
    assert line.send(verdict("reject", note="x")) == ["rejected"]
    assert read(line, fault) == []


def test_the_claim_on_a_case_ends_when_its_documents_are_asked_for_again() -> None:
    line = under_review()
    line.batch.files[ID] = replace(line.batch.files[ID], claim=Claim("op-1", MONDAY + timedelta(hours=1)))
    read(line, Fault(documents.UNREADABLE, BOOK, Side.SPONSOR))
    assert line.batch.files[ID].claim is None


def test_the_same_check_twice_asks_once() -> None:
    line = under_review()
    fault = Fault(documents.MISSING, BOOK, Side.SPONSOR)
    assert read(line, fault) == ["supplement-requested"]
    assert read(line, fault) == []


def test_the_limit_is_the_regions() -> None:
    tight = replace(policy().review, document_bytes=5_000_000, supplement_working_days=3)
    file: CaseFile = under_review().batch.files[ID]
    event = checked.Checked(1, (Fault(documents.TOO_LARGE, BOOK, Side.SPONSOR),))
    (step,) = checked.checked(file, event, MONDAY, policy(review=tight)).steps
    assert "5MB" in step.state.reasons[0].zh
    assert "3个工作日" in step.state.reasons[0].remedy_zh
