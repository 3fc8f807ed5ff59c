"""What is wrong with a case is one line that says file, case, key and what is known; what comes out otherwise is told by step."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import build
from deploy.policy.case import read_cases
from deploy.policy.fields import CaseError
from deploy.policy.runner import committed, run

HEAD = """
cases:
  - name: 父亲
    region: "410100"
    date: 2026-11-23
"""
GOOD = (
    HEAD
    + """
    people: {父亲: {}}
    steps:
      - {submit: 父亲, expect: approved}
"""
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a case file and names it."""

    def written(text: str) -> Path:
        file = tmp_path / "mine.yaml"
        file.write_text(text, "utf-8")
        return file

    return written


def steps(*lines: str, people: str = "{父亲: {}}", more: str = "") -> str:
    """A file with one case of these steps."""
    body = "".join(f"      - {{{line}}}\n" for line in lines)
    return f"{HEAD}    people: {people}\n{more}    steps:\n{body}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("region", "regoin"), ["regoin", "unknown key", "region, date"]),
        (GOOD.replace('region: "410100"', "region: 410100"), ["region", "410100", "quoted six-digit"]),
        (GOOD.replace("    date: 2026-11-23\n", ""), ["date", "missing"]),
        (steps("submit: 父亲, expect: approved", people="{父亲: {balanse: 1}}"), ["people.父亲", "balanse", "balance"]),
        (steps("submit: 父亲, expect: approved", people="{父亲: {balance: 100}}"), ["balance", "100", '"128.50"']),
        (steps("submit: 父亲, expect: approved", people="{父亲: {born: 昨天}}"), ["born", "昨天", "2026-11-23"]),
        (steps("submit: 母亲, expect: approved"), ["step 1", "母亲", "本人, 父亲"]),
        (steps("sumbit: 父亲, expect: approved"), ["step 1", "expected one of submit, supplement"]),
        (steps("submit: 父亲, colour: red, expect: approved"), ["step 1", "colour", "unknown key", "channel"]),
        (steps("submit: 父亲, channel: 传真, expect: approved"), ["channel", "传真", "手机应用"]),
        (steps("submit: 父亲, expect: maybe"), ["expect", "maybe", "approved", "not-accepted"]),
        (steps("submit: 父亲, expect: refused"), ["reasons", "a refusal lists every reason"]),
        (steps("submit: 父亲, expect: refused, reasons: [no-such]"), ["reasons", "no-such", "docs/reasons.md"]),
        (steps("submit: 父亲, reasons: [in-law-not-allowed]"), ["expect", "missing"]),
        (steps("submit: 父亲"), ["at least one step with `expect`"]),
        (steps("wait: soon, expect: approved"), ["wait", "soon", "7天"]),
        (steps("submit: 父亲, materials: [护照], expect: approved"), ["materials", "护照", "户口本"]),
        (steps("submit: 父亲, expect: approved", more="    bound: [邻居]\n", people="{父亲: {}, 邻居: {}}"), ["bound", "邻居", "`as`"]),
        (GOOD + GOOD.removeprefix("\ncases:"), ["父亲", "two cases have this name"]),
        ("cases: []", ["cases", "a list of cases"]),
        ("cases: [a, b", ["cannot be read"]),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_names_file_case_key_and_what_is_expected(
    write: Callable[[str], Path], text: str, says: list[str]
) -> None:
    with pytest.raises(CaseError) as caught:
        read_cases(write(text))
    line = str(caught.value)
    assert line.startswith("mine.yaml: ")
    assert "\n" not in line
    assert [part for part in says if part not in line] == []


def differences(text: str, write: Callable[[str], Path]) -> list[tuple[int, str]]:
    """What comes out otherwise than the one case of a text says."""
    (case,) = read_cases(write(text))
    return list(run(case, committed()).different)


def test_a_difference_names_step_expected_and_got(write: Callable[[str], Path]) -> None:
    text = steps(
        "submit: 父亲, expect: approved",
        "submit: 父亲, expect: refused, reasons: [beneficiary-in-arrears]",
    )
    assert differences(text, write) == [
        (2, "reasons: expected beneficiary-in-arrears, got already-bound-here")
    ]


def test_everything_that_is_not_named_must_not_be_there(write: Callable[[str], Path]) -> None:
    text = steps("submit: 父亲, expect: under-review", people="{父亲: {registered_sex: 女}}")
    assert differences(text, write) == [(1, "marks: expected none, got sex-differs")]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("submit: 父亲, expect: refused, reasons: [in-law-not-allowed]", "outcome: expected refused, got approved"),
        ("submit: 父亲, expect: approved, effective: 2026-12-01", "effective: expected 2026-12-01 00:00:00, got 2026-11-23 10:00:00"),
        ("submit: 父亲, expect: approved, ends: 2027-01-01", "ends: expected 2027-01-01 00:00:00, got none"),
        ("submit: 父亲, expect: approved, text: 恭喜", "text: expected 恭喜, got no text"),
        ("submit: 父亲, expect: approved, mode: earmark", "mode: expected earmark, got authorisation"),
        ("submit: 父亲, expect: approved, gone: beneficiary-paused", "gone: expected beneficiary-paused, got none"),
        ("submit: 父亲, expect: approved, asked_for: 户口本", "asked_for: expected household-register, got none"),
        ("submit: 父亲, expect: {父亲: ended}", "outcome: expected 父亲: ended, got 父亲: approved"),
    ],
)  # fmt: skip
def test_each_thing_that_is_expected_is_compared(write: Callable[[str], Path], step: str, line: str) -> None:
    assert (1, line) in differences(steps(step), write)


def test_what_no_channel_could_publish_is_a_difference(write: Callable[[str], Path]) -> None:
    ((step, line),) = differences(steps('submit: 父亲, earmark: "0.00", expect: approved'), write)
    assert (step, "earmark" in line, "refuses" in line) == (1, True, True)


def test_a_step_about_a_binding_that_is_not_there_is_a_difference(write: Callable[[str], Path]) -> None:
    assert differences(steps("unbind: 父亲, expect: ended"), write) == [
        (1, "unbind: 父亲: there is no binding with 本人 yet")
    ]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("{adopt: [binding.max_sponsors]}", ["adopt: binding.max_sponsors", "grade C"]),
        ("{set: {binding.max_sponsor: 1}}", ["set: binding.max_sponsor", "a key of the region files"]),
        ("{set: {binding.max_sponsors: many}}", ["set: binding.max_sponsors", "many"]),
        ("{sett: {}}", ["policy", "sett", "unknown key"]),
    ],
)
def test_a_fault_of_a_cases_policy_is_a_difference_before_the_first_step(
    write: Callable[[str], Path], policy: str, says: list[str]
) -> None:
    text = steps("submit: 父亲, expect: approved", more=f"    policy: {policy}\n")
    ((step, line),) = differences(text, write)
    assert step == 0
    assert [part for part in says if part not in line] == []


def test_what_a_case_sets_changes_no_other_case(write: Callable[[str], Path]) -> None:
    refused = "submit: 父亲, expect: refused, reasons: [too-many-beneficiaries]"
    limited = "    policy: {set: {binding.max_beneficiaries: 0}}\n"
    assert differences(steps(refused, more=limited), write) == []
    assert differences(steps("submit: 父亲, expect: approved"), write) == []


def test_several_people_may_be_named_at_once(write: Callable[[str], Path]) -> None:
    (case,) = read_cases(
        write(
            steps(
                "submit: 儿子3, expect: approved",
                people="{儿子1..3: {arrears: true}}",
                more="    bound: [儿子1..2]\n",
            )
        )
    )
    assert [*case.facts.people] == ["本人", "儿子1", "儿子2", "儿子3"]
    assert [one.beneficiary for one in case.facts.bound] == ["儿子1", "儿子2"]
    assert len({person.made_up().certno for person in case.facts.people.values()}) == 4


def gongji(*words: object) -> Result:
    return CliRunner().invoke(build("policy"), ["policy", "test", *map(str, words)])


def test_the_command_counts_and_succeeds(write: Callable[[str], Path]) -> None:
    done = gongji(write(GOOD).parent)
    assert (done.exit_code, "1 例" in done.output, "all as expected" in done.output) == (0, True, True)


def test_the_command_shows_differences_and_fails(write: Callable[[str], Path]) -> None:
    done = gongji(write(GOOD.replace("approved", "under-review")))
    assert done.exit_code == 1
    assert "step 1 (submit 父亲): outcome: expected under-review, got approved" in done.output


def test_the_command_fails_with_one_line_for_a_file_it_cannot_read(write: Callable[[str], Path]) -> None:
    done = gongji(write(GOOD.replace("people", "poeple")))
    assert (
        done.exit_code,
        "policy: mine.yaml: 父亲: poeple: 没有这个键 unknown key; 是否 did you mean people" in done.output,
    ) == (1, True)


def test_the_command_runs_only_cases_whose_name_matches(write: Callable[[str], Path]) -> None:
    second = GOOD.removeprefix("\ncases:").replace("name: 父亲", "name: 另一个").replace("approved", "ended")
    file = write(GOOD + second)
    assert (gongji(file).exit_code, gongji(file, "--name", "父亲").exit_code) == (1, 0)
    assert "no case" in gongji(file, "--name", "邻居").output


def test_the_command_takes_region_files_of_any_folder(write: Callable[[str], Path], tmp_path: Path) -> None:
    regions = tmp_path / "regions"
    regions.mkdir()
    entry = "{from: 2026-01-01, value: 0, reference: 测试, grade: P}"
    (regions / "100000.yaml").write_text(
        f'region: "100000"\nbinding:\n  max_beneficiaries:\n    - {entry}\n', "utf-8"
    )
    done = gongji(write(GOOD), "--regions", regions)
    assert (done.exit_code, "too-many-beneficiaries" in done.output) == (1, True)


def test_the_command_has_a_form_for_scripts(write: Callable[[str], Path]) -> None:
    (row,) = json.loads(gongji(write(GOOD.replace("approved", "ended")), "--json").output)
    assert (row["file"], row["name"], row["passed"]) == ("mine.yaml", "父亲", False)
    assert row["differences"] == [{"step": 1, "difference": "outcome: expected ended, got approved"}]
