"""Verdicts that cannot count, said to a running service: each gets its answer by name, on the topic of answers, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from deploy.local.testing import TestStack
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.contracts.binding_screenings import Passed, Refused
from shared.testing.messages import MONDAY, uid
from tests.integration.audit import many
from tests.integration.audit.conftest import RUN, Desk, started
from tests.unit.audit.line import OPERATORS, passed, verdict
from tests.unit.audit.test_bad_verdicts import CASES

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=2)
"""Part of the ids of this run's bindings: topics are shared with other tests."""


@pytest.fixture
def desk(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit that knows the operators of the unit tests."""
    known = [
        {"id": one.id, "roles": [str(r) for r in one.roles], "regions": [*one.regions], "persons": [*one.persons]}
        for one in OPERATORS.values()
    ]  # fmt: skip
    file = tmp_path / "operators.yaml"
    file.write_text(yaml.safe_dump({"operators": known}), encoding="utf-8")
    monkeypatch.setenv("GONGJI_OPERATORS", str(file))
    with started(stack, tmp_path, monkeypatch) as made:
        yield made


def _of_its_own(body: Message, binding_id: UUID) -> Message:
    """The message about a binding of its own between persons of its own: one sponsor with many requests in a day is looked at by people."""
    changed: dict[str, Any] = {"binding_id": binding_id}
    if isinstance(body, Passed | Refused):
        case, mark = body.case, str(binding_id)[-12:]
        sponsor = case.sponsor.model_copy(update={"psn_no": f"S{mark}"})
        beneficiary = case.beneficiary and case.beneficiary.model_copy(update={"psn_no": f"B{mark}"})
        changed["case"] = case.model_copy(update={"sponsor": sponsor, "beneficiary": beneficiary})
    return body.model_copy(update=changed)


def test_each_is_answered_by_name_and_changes_nothing(desk: Desk) -> None:
    ids = {name: uid(number, MINE) for number, name in enumerate(CASES, start=700)}
    before = [_of_its_own(one, ids[name]) for name in CASES for one in CASES[name][0]]
    many.publish(desk, before)
    versions = {ids[name]: len(CASES[name][0]) + bool(CASES[name][0]) for name in CASES}
    held = many.until(desk, "binding.decisions", versions)
    many.publish(desk, [CASES[name][1].model_copy(update={"binding_id": ids[name]}) for name in CASES])
    answers = many.until(desk, "answers.desk", dict.fromkeys(versions, 1))
    rows = {
        row["binding_id"]: (row["state"], row["version"])
        for row in desk.rows("select binding_id, state, version from binding")
    }
    for name, (_, _, code, field) in CASES.items():
        (answer,) = answers[ids[name]]
        reasons = answer.raw["reasons"]
        assert answer.raw["accepted"] is False, name
        assert code in [one["code"] for one in reasons], name
        assert all(one["zh"] and one["en"] for one in reasons)
        assert field is None or field in [one["field"] for one in reasons], name
        told = answer.raw.get("state"), answer.raw.get("version")
        assert told == rows.get(ids[name], (None, None)), name
    after = many.by_binding(desk, "binding.decisions", list(versions))
    assert [one.value for said in after.values() for one in said] == [
        one.value for said in held.values() for one in said
    ]
    assert desk.rows("select from dead_letters where id like $1", f"%{RUN}%") == []


def test_an_unknown_operator_and_an_id_that_is_used_again_are_dead_letters_and_repeats_get_the_first_answer(
    desk: Desk,
) -> None:
    about = uid(750, MINE)
    screening = passed(proven=()).model_copy(update={"binding_id": about})
    ghost, claim = (said.Claimed(binding_id=about, operator_id=name) for name in ("ghost", "op-2"))
    approve, reject = (
        one.model_copy(update={"binding_id": about})
        for one in (verdict("approve", "op-2"), verdict("reject", "op-2", note="关系不符"))
    )
    names = [f"{kind}-{RUN}" for kind in ("screened", "ghost", "claim", "claim", "claim", "reject")]
    many.publish(desk, [screening])
    assert desk.decisions(about, 2)[-1] == "under-review"
    many.publish(desk, [ghost, claim, claim, approve, reject], names[1:])
    answers = many.until(desk, "answers.desk", {about: 3})[about]
    assert sorted(one.request[1] for one in answers if one.request) == sorted([names[2], names[2], names[5]])
    first, again = (one for one in answers if one.request == ("desk", names[2]))
    assert (first.raw["accepted"], first.raw["state"]) == (True, "under-review")
    assert (again.value, dict(again.headers)["ce_id"]) == (first.value, dict(first.headers)["ce_id"])
    dead = desk.rows("select id, reason from dead_letters where id = any($1::text[])", names)
    assert sorted(map(tuple, dead)) == sorted([(names[1], "unknown-operator"), (names[2], "id-reused")])
    assert desk.decisions(about, 3)[-1] == "rejected", "an approval under an id that was used decides nothing"
