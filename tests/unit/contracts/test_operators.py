"""Operators: read from a file, refused where the file is wrong, found by region."""

from pathlib import Path

import pytest

from shared.contracts import operators
from shared.contracts.operators import Operator, Role, parse


def test_a_row_becomes_an_operator() -> None:
    text = 'operators:\n  - {id: r-1, roles: [reviewer, clerk], regions: ["330000", "440100"], persons: [P1]}\n  - {id: r-2}\n'
    assert parse(text) == {
        "r-1": Operator(
            "r-1", frozenset({Role.REVIEWER, Role.CLERK}), ("330000", "440100"), frozenset({"P1"})
        ),
        "r-2": Operator("r-2"),
    }
    assert parse("operators: []") == {}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{id: a}\n  - {id: a}", "a stands there twice"),
        ("{id: a, roles: [king]}", "a: unknown role"),
        ("{id: a, regions: [330000]}", "a: region 330000 is no six-digit text"),
        ('{id: a, regions: ["33"]}', "a: region '33' is no six-digit text"),
        ('{id: a, regions: ["33000x"]}', "no six-digit text"),
        ("{id: a, region: x}", "a: unknown key"),
        ("{roles: [clerk]}", "an operator without id"),
        ('{id: ""}', "an operator without id"),
    ],
)
def test_a_wrong_row_is_named(row: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(f"operators:\n  - {row}\n")


@pytest.mark.parametrize(
    ("code", "admdvs", "works"),
    [
        ("100000", "650100", True),
        ("330000", "330106", True),
        ("330000", "340100", False),
        ("330100", "330106", True),
        ("330100", "330200", False),
        ("330106", "330106", True),
        ("330106", "330100", False),
    ],
)
def test_a_region_holds_what_lies_below_it(code: str, admdvs: str, works: bool) -> None:
    assert Operator("a", regions=(code,)).works_for(admdvs) is works


def test_the_file_that_the_environment_names_adds_operators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = tmp_path / "more.yaml"
    more.write_text('operators: [{id: extra, roles: [clerk], regions: ["100000"]}]', encoding="utf-8")
    monkeypatch.setenv("GONGJI_OPERATORS", str(more))
    assert operators.registered("extra")
    assert not operators.registered("reviewer-01")
    monkeypatch.delenv("GONGJI_OPERATORS")
    assert not operators.registered("extra"), "nobody is committed"
