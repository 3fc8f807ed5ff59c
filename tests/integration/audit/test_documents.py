"""The documents of a case on real servers: read before a person sees it, asked for again if faulty, waited for if the store is away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest

from deploy.local.testing import TestStack
from shared.contracts.binding_requests import Material, MaterialKind, Side
from shared.testing import documents
from shared.testing.documents import referred
from shared.testing.messages import MONDAY, uid
from tests.integration.audit.conftest import PATIENCE, RUN, Desk, started
from tests.unit.audit.line import passed

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=4)
BOOK, CARD = MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.ID_CARD


@pytest.fixture
def store(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


@pytest.fixture
def checked(stack: TestStack, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit that has a store, and says soon that it does not answer."""
    monkeypatch.setenv("GONGJI_AUDIT_STORE", str(store))
    monkeypatch.setenv("GONGJI_AUDIT_STORE_PATIENCE", "1")
    with started(stack, tmp_path, monkeypatch) as made:
        yield made


def ask(desk: Desk, number: int, *papers: Material, round: int = 1) -> UUID:
    """A case for people, with these documents."""
    case = passed(round=round, proven=(), materials=papers).model_copy(
        update={"binding_id": uid(number, MINE)}
    )
    desk.publish("binding.screenings.passed", case)
    return case.binding_id


def listed(desk: Desk, *options: str) -> dict[str, Any]:
    """What `gongji review list` shows: the check of documents by case."""
    code, text = desk.run("list", "--json", *options)
    assert code == 0, text
    return {row["binding_id"]: row["documents"] for row in json.loads(text)}


def until(desk: Desk, true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, desk.log()
        time.sleep(0.1)


def test_sound_documents_are_verified_and_faulty_ones_are_asked_for_again(checked: Desk, store: Path) -> None:
    good = referred(f"good-{RUN}", BOOK), referred(f"good-{RUN}.pdf", CARD, Side.BENEFICIARY)
    lost, changed = referred(f"lost-{RUN}", BOOK), referred(f"changed-{RUN}", CARD)
    documents.upload(store, (*good, changed))
    (store / changed.reference).write_bytes(b"x" * changed.size)
    sound, faulty = ask(checked, 900, *good), ask(checked, 901, lost, changed, *good)
    until(checked, lambda: listed(checked).get(str(sound)) == "verified")
    assert checked.run("claim", sound, "--operator", "op-1")[0] == 0
    shown = json.loads(checked.run("show", sound, "--json")[1])
    assert shown["documents"] == "verified"
    assert shown["documents_verified_at"]

    assert checked.decisions(faulty, 3) == ["received", "under-review", "supplement-requested"]
    state = checked.seen("binding.decisions", faulty)[-1].raw
    assert [why["code"] for why in state["reasons"]] == ["document-missing", "document-altered"]
    assert state["supplement"] == [BOOK.value, CARD.value]
    assert str(faulty) not in listed(checked, "--pending")

    new = referred(f"new-{RUN}", BOOK), referred(f"newer-{RUN}", CARD)
    documents.upload(store, new)
    ask(checked, 901, lost, changed, *good, *new, round=2)
    until(checked, lambda: listed(checked).get(str(faulty)) == "verified")
    assert checked.decisions(faulty, 4)[-1] == "under-review"


def figures(desk: Desk) -> str:
    """The service's metrics, taken anew every few seconds."""
    with urlopen(f"http://127.0.0.1:{desk.port}/metrics") as answer:
        return str(answer.read().decode())


def test_a_store_that_is_away_hides_no_case_for_ever_and_loses_none(checked: Desk, store: Path) -> None:
    away = store.with_name("away")
    store.rename(away)
    paper = referred(f"late-{RUN}", BOOK)
    documents.upload(away, (paper,))
    late = ask(checked, 910, paper)
    until(checked, lambda: listed(checked, "--pending").get(str(late)) in ("pending", "late"))
    until(checked, lambda: listed(checked).get(str(late)) == "late")
    assert "not verified yet" in checked.run("show", late)[1]
    late_ones = re.compile(
        r'gongji_audit_documents_waiting\{state="late"\} [1-9]'
    )  # cases of other tests, too
    until(checked, lambda: late_ones.search(figures(checked)) is not None)
    checked.stop()
    away.rename(store)
    checked.start()
    until(checked, lambda: listed(checked).get(str(late)) == "verified")
    assert checked.decisions(late, 2) == ["received", "under-review"]


def test_nobody_takes_a_case_whose_documents_are_being_read(checked: Desk, store: Path) -> None:
    store.rename(store.with_name("away"))
    checked.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GONGJI_AUDIT_STORE_PATIENCE", "3600")
        checked.start()
    hidden = ask(checked, 920, referred(f"hidden-{RUN}", BOOK))
    until(checked, lambda: listed(checked, "--pending").get(str(hidden)) == "pending")
    assert str(hidden) not in listed(checked)
    code, text = checked.run("approve", hidden, "--operator", "op-1")
    assert (code, "documents-pending" in text) == (1, True)


def test_without_a_store_cases_are_shown_unverified_until_there_is_one(
    checked: Desk, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked.stop()
    monkeypatch.setenv("GONGJI_AUDIT_STORE", "")
    checked.start()
    paper = referred(f"plain-{RUN}", BOOK)
    documents.upload(store, (paper,))
    plain, none = ask(checked, 930, paper), ask(checked, 931)
    until(checked, lambda: listed(checked).get(str(plain)) == "unverified")
    until(checked, lambda: str(none) in listed(checked))
    assert listed(checked)[str(none)] is None
    assert "no store of documents" in checked.log()
    checked.stop()
    monkeypatch.setenv("GONGJI_AUDIT_STORE", str(store))
    checked.start()
    until(checked, lambda: listed(checked).get(str(plain)) == "verified")
