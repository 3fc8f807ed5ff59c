"""The cast's families, screened with the demo's policies: the outcomes that the cast's file documents."""

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.cast import Cast
from deploy.cast import load as load_cast
from shared.contracts.binding_decisions import State
from shared.testing.messages import MONDAY, submitted
from shared.testing.proofs import counter, material
from tests.unit.eligibility.line import Line

CAST: Cast = load_cast()
PASSED: list[str] = []


@pytest.fixture
def line() -> Line:
    made = Line()
    for short, body in CAST.messages(MONDAY):
        if short.startswith(("registry.persons", "registry.relations", "account.credits.frozen")):
            made.send(short, body, source="authority")
    return made


@pytest.mark.parametrize(
    ("sponsor", "relative", "relation", "changes", "expected"),
    [
        ("zhang-wei", "li-na", "spouse", {}, PASSED),
        ("zhang-wei", "zhang-xiaoming", "child", {}, PASSED),
        ("zhang-wei", "wang-guilan", "parent-in-law", {}, ["in-law-not-allowed"]),
        ("zhang-wei", "zhang-jianguo", "parent", {"channel": "counter"}, ["materials-missing"]),
        ("zhou-min", "zhou-qiang", "sibling", {"materials": (material("household-register"),)}, PASSED),
        ("chen-hao", "qian-duo", "child", {}, ["sponsor-not-normal", "beneficiary-paused"]),
        ("wu-fang", "li-na", "sibling", {}, ["sponsor-not-employee", "materials-missing"]),
        ("zheng-lei", "sun-li", "parent", {}, ["account-frozen", "beneficiary-in-arrears"]),
        (
            "zhou-min",
            "feng-yu",
            "parent",
            {},
            ["beneficiary-deceased", "beneficiary-not-insured", "materials-missing"],
        ),
        ("zhou-min", "lin-tao", "sibling", {}, ["earmark-missing", "materials-missing"]),
        (
            "shen-hui",
            "shen-mu",
            "parent",
            {"commitment": None, "face_check": None},
            ["commitment-missing", "face-check-missing"],
        ),
        ("liu-yang", "liu-bao", "child", {}, PASSED),
        ("sun-hai", "sun-mu", "parent", {}, PASSED),
        ("xu-jie", "xu-laoda", "parent", {}, PASSED),
        ("aisha", "aibek", "child", {}, PASSED),
        ("adili", "aibek", "child", {}, PASSED),
    ],
)
def test_documented_outcomes(
    line: Line, sponsor: str, relative: str, relation: str, changes: Mapping[str, Any], expected: list[str]
) -> None:
    body = submitted(CAST[sponsor], CAST[relative], relation=relation, **changes)
    said = line.send("binding.requests.submitted", body)
    assert said.codes == expected
    assert said.types == (["refused"] if expected else ["passed"])


@pytest.mark.parametrize("relative", ["maimaiti", "gulina"])
def test_adults_of_xinjiang_are_asked(line: Line, relative: str) -> None:
    relation = "parent" if relative == "maimaiti" else "sibling"
    said = line.send(
        "binding.requests.submitted", submitted(CAST["aisha"], CAST[relative], relation=relation)
    )
    assert said.types == ["consent-needed"]


def test_the_elder_s_paper_is_named_and_enough(line: Line) -> None:
    body = submitted(
        CAST["zhang-wei"], CAST["zhang-jianguo"], relation="parent", channel="counter", counter=counter()
    )
    said = line.send("binding.requests.submitted", body)
    assert said.only.supplement == ("household-register",)


def test_the_second_parent_in_taian_reads_who_must_release(line: Line) -> None:
    first = line.send(
        "binding.requests.submitted", submitted(CAST["liu-yang"], CAST["liu-bao"], relation="child")
    )
    line.decide(first, State.APPROVED, 2)
    late = submitted(CAST["liu-mei"], CAST["liu-bao"], relation="child", number=2)
    said = line.send("binding.requests.submitted", late)
    assert said.codes == ["already-bound-elsewhere"]
    assert "解除" in said.only.reasons[0].remedy_zh
