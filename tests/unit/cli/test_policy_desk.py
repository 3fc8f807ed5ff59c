"""The policy desk as an officer uses it: what is printed, what is refused, and what is left alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local.errors import StackError
from shared.policies import load

HEARSAY = ("浙江", "binding.max_sponsors", "--from", "2022-01-01")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("GONGJI_CLOCK", "2026-11-23T10:00:00+08:00")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build("policy"), ["policy", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json")[1])


def value_of(region: str, path: str, *more: str) -> Any:
    (found,) = [one for one in told("show", region, "--path", path, *more)["values"] if one["path"] == path]
    return found


def test_show_tells_each_value_with_its_source_what_lost_and_what_is_unadopted() -> None:
    status, text = run("show", "泰安")
    assert status == 0
    assert "泰安市 Tai'an 370900 ← 山东省 Shandong 370000 ← 全国 National 100000" in text
    assert "2026-11-23" in text
    assert len(text.splitlines()) < 120
    found = value_of("Shanghai", "binding.relations", "--on", "2024-12-09")
    assert found["source"]["file"] == "100000-national.yaml"
    assert found["source"]["not_narrower"] is True
    assert "widened" in [one["why"] for one in found["lost"]]
    hearsay = value_of("330000", "binding.max_sponsors")
    assert (hearsay["value"], hearsay["source"]) == (None, None)
    assert [(one["value"], one["grade"], one["from"]) for one in hearsay["unadopted"]] == [
        (1, "C", "2022-01-01")
    ]


def test_show_says_where_sources_conflict_and_what_was_not_found() -> None:
    notes = told("show", "浙江")["notes"]
    assert notes
    assert all(" ".join(note.split())[:30] in run("show", "浙江")[1] for note in notes)


def test_a_region_is_named_by_code_or_in_either_language() -> None:
    assert (
        len({json.dumps(told("show", name)) for name in ("330000", "浙江", "浙江省", "Zhejiang", "zhejiang")})
        == 1
    )


def test_a_region_without_a_file_says_whose_policy_it_has() -> None:
    found = told("show", "820100")
    assert (found["region"], found["inherits"]) == ("820100", ["100000"])
    assert "无本地文件 no file of its own" in run("show", "820100")[1]


@pytest.mark.parametrize("wanted", ["Zheijang", "990000", "33", "浙"])
def test_an_unknown_region_is_told_which_are_known(wanted: str) -> None:
    with pytest.raises(StackError, match=r"no region .*Known: .*浙江省 Zhejiang 330000"):
        run("show", wanted)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(StackError, match="Did you mean zhejiang"):
        run("show", "Zheijang")
    with pytest.raises(StackError, match=r"Did you mean binding\.max_sponsors"):
        run("show", "浙江", "--path", "binding.max_sponsor_")


def test_diff_of_two_days_shows_what_the_day_changed() -> None:
    status, text = run("diff", "上海", "--on", "2024-12-08", "--on-b", "2024-12-09")
    assert status == 1
    assert "binding.relations" in text
    (pair,) = told("diff", "上海", "--on", "2024-12-08", "--on-b", "2024-12-09")
    (one,) = pair["differences"]
    assert one["path"] == "binding.relations"
    assert (len(one["a"]["value"]), len(one["b"]["value"])) == (3, 8)


def test_diff_of_a_region_with_itself_is_none() -> None:
    assert run("diff", "330000", "浙江") == (0, "相同 no difference\n")
    with pytest.raises(StackError, match="nothing to compare"):
        run("diff", "330000")


def test_diff_of_two_trees_names_every_region_once_for_each_difference(tmp_path: Path) -> None:
    run("adopt", *HEARSAY, "--by", "张三", "--on", "2026-11-01", "--into", str(tmp_path))
    found = told("diff", "--regions", str(tmp_path))
    assert {one["a"] for one in found} >= {"330000"}
    assert all(one["a"].startswith("33") for one in found)
    assert {d["path"] for one in found for d in one["differences"]} == {"binding.max_sponsors"}
    status, text = run("diff", "--regions", str(tmp_path))
    assert status == 1
    assert text.count("binding.max_sponsors") == 1
    assert run("diff", "--regions", str(tmp_path), "--regions", str(tmp_path))[0] == 0


def test_adopt_writes_one_line_and_says_what_changes_for_whom_and_how_to_undo_it(tmp_path: Path) -> None:
    into = tmp_path / "ours"
    status, text = run("adopt", *HEARSAY, "--by", "张三", "--on", "2026-12-01", "--into", str(into))
    (file,) = into.iterdir()
    assert status == 0
    assert file.read_text("utf-8").splitlines()[-1] == (
        "  - {path: binding.max_sponsors, from: 2022-01-01, by: 张三, on: 2026-12-01}"
    )
    assert "浙江省 Zhejiang 330000" in text
    assert "delete line 3" in text
    assert (
        value_of("330000", "binding.max_sponsors", "--regions", str(into), "--on", "2026-11-30")["value"]
        is None
    )
    assert (
        value_of("330000", "binding.max_sponsors", "--regions", str(into), "--on", "2026-12-01")["value"] == 1
    )
    file.write_text("\n".join(file.read_text("utf-8").splitlines()[:1]) + "\n", "utf-8")
    assert (
        value_of("330000", "binding.max_sponsors", "--regions", str(into), "--on", "2026-12-01")["value"]
        is None
    )


@pytest.mark.parametrize("adopted", ["", "adopt:\n    # 旧的\n    - {path: binding.max_beneficiaries, from: 2022-01-01, by: 李四, on: 2025-01-01}  # 会议纪要\n"])  # fmt: skip
@pytest.mark.parametrize("after", ["", "notes: [x]  # 末行，无换行"])
def test_adopt_leaves_every_other_character_of_a_file_as_it_is(
    tmp_path: Path, adopted: str, after: str
) -> None:
    file = tmp_path / "anything.yaml"
    text = f'# 我们的文件\nregion: "330000"   # 浙江\n{adopted}{after}'
    file.write_text(text, "utf-8")
    run("adopt", *HEARSAY, "--by", "王: 五", "--on", "2026-12-01", "--into", str(tmp_path))
    now = file.read_text("utf-8").splitlines()
    before = text.splitlines()
    assert [line for line in now if line in before] == before
    assert len(now) - len(before) in (1, 2)
    entries = load(overlay=tmp_path).files["330000"].entries["binding.max_sponsors"]
    assert next(e for e in entries if e.grade == "C").adopted == ("王: 五", date(2026, 12, 1))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("浙江", "binding.relations", "--from", "2022-01-01"), "has grade B. It is in force already"),
        (
            ("浙江", "binding.max_sponsors", "--from", "2022-01-02"),
            r"To be adopted there and above: 1 from 2022-01-01",
        ),
        (
            ("杭州", "binding.max_sponsors", "--from", "2022-01-01"),
            r"1 from 2022-01-01 in 330000-zhejiang\.yaml",
        ),
        (("浙江", "binding.max_sponsor", "--from", "2022-01-01"), r"Did you mean binding\.max_sponsors"),
        (("浙江", "binding.max_sponsors", "--from", "01.01.2022"), "is no date. Write it as"),
        (("浙江", "binding.min_term_days", "--from", "2022-01-01"), "nothing of grade C"),
    ],
)
def test_what_is_no_hearsay_is_not_adopted(tmp_path: Path, arguments: tuple[str, ...], wanted: str) -> None:
    with pytest.raises(StackError, match=wanted):
        run("adopt", *arguments, "--by", "张三", "--into", str(tmp_path / "ours"))
    assert not (tmp_path / "ours").exists()


def test_nobody_adopts_twice_nor_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="nobody adopts"):
        run("adopt", *HEARSAY, "--by", " ", "--into", str(tmp_path))
    run("adopt", *HEARSAY, "--by", "张三", "--into", str(tmp_path))
    (file,) = tmp_path.iterdir()
    text = file.read_text("utf-8")
    with pytest.raises(StackError, match=r"is adopted\. By 张三 on 2026-11-23"):
        run("adopt", *HEARSAY, "--by", "李四", "--into", str(tmp_path))
    assert file.read_text("utf-8") == text


def test_a_broken_overlay_is_told_line_by_line_and_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text('region: "330000"\nbinding: {max_sponsor: []}\n', "utf-8")
    status, text = run("adopt", *HEARSAY, "--by", "张三", "--into", str(tmp_path))
    assert status == 1
    assert text.startswith(
        "policy: a.yaml: binding.max_sponsor: []: expected a key of binding (did you mean max_sponsors?)"
    )
    assert run("show", "浙江", "--regions", str(tmp_path))[0] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


REQUEST = """
region: "370900"
date: 2026-11-23
people: {母亲: {status: 暂停}, 父亲: {}}
bound: [父亲]
steps:
  - {submit: 母亲, commitment: missing, face: 11分钟}
"""


def tried(folder: Path, text: str, *more: str) -> Any:
    (folder / "request.yaml").write_text(text, "utf-8")
    return told("try", str(folder / "request.yaml"), *more)


def test_try_tells_outcome_every_reason_and_what_each_rule_used(tmp_path: Path) -> None:
    found = tried(tmp_path, REQUEST)
    assert found["outcome"] == "refused"
    assert [one["code"] for one in found["reasons"]] == [
        "beneficiary-paused",
        "commitment-missing",
        "face-check-stale",
    ]
    for one in found["reasons"]:
        assert all(one[text] for text in ("zh", "en", "remedy_zh", "remedy_en"))
        assert one["citation"]["reference"]
    rules = {one["rule"]: one for one in found["trace"]}
    failed = {name: one["reasons"] for name, one in rules.items() if one["verdict"] == "fail"}
    assert sorted(code for codes in failed.values() for code in codes) == [
        "beneficiary-paused",
        "commitment-missing",
        "face-check-stale",
    ]
    total = rules["family.total"]
    assert total["verdict"] == "pass"
    assert ("binding.max_beneficiaries", 8, "370900-taian.yaml") in [
        (v["path"], v["value"], v["file"]) for v in total["values"]
    ]
    assert rules["family.lifetime"]["verdict"] == "not-applicable"
    assert rules["family.member-sponsors"]["verdict"] == "pass"


def test_try_reads_a_request_that_passes_as_a_person_does(tmp_path: Path) -> None:
    (tmp_path / "request.yaml").write_text(
        'region: "330100"\ndate: 2026-11-23\npeople: {姐姐: {}}\nsteps: [{submit: 姐姐}]\n', "utf-8"
    )
    status, text = run("try", str(tmp_path / "request.yaml"))
    assert status == 0
    assert "通过 approved" in text
    assert "fail" not in text
    assert "rules do not apply: --all" in text
    assert "不适用 n/a" in run("try", str(tmp_path / "request.yaml"), "--all")[1]


def test_try_takes_region_files_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "x.yaml").write_text(
        'region: "370900"\nbinding:\n  max_beneficiaries:\n    - {from: 2026-01-01, value: 1, reference: 测试, grade: P}\n',
        "utf-8",
    )
    found = tried(tmp_path, REQUEST, "--regions", str(tmp_path / "ours"))
    assert "too-many-beneficiaries" in [one["code"] for one in found["reasons"]]
    (rule,) = [one for one in found["trace"] if one["rule"] == "family.total"]
    assert (rule["verdict"], rule["ids"]) == ("fail", ["family.max-beneficiaries"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- 1\n", "request.yaml"),
        (
            'region: "330100"\ndate: 2026-11-23\npeople: {姐姐: {bron: 1970-01-01}}\nsteps: [{submit: 姐姐}]\n',
            "bron",
        ),
        ('region: "330100"\ndate: 2026-11-23\nsteps: [{wait: 1天}]\n', "expected a step with `submit`"),
        ("cases: [{name: 甲}, {name: 乙}]\n", "2 cases: name one with --case, such as 甲, 乙"),
        ("region: [\n", "cannot be read"),
    ],
)
def test_try_says_in_one_line_what_is_wrong_with_a_file(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(StackError, match=wanted) as caught:
        tried(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_document_finds_the_committed_page_up_to_date() -> None:
    assert run("document", "--check") == (0, "everything is up to date\n")


@pytest.mark.parametrize("command", ["show", "diff", "adopt", "try", "replay", "test", "document"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    status, text = run(command, "--help")
    assert status == 0
    assert f"gongji policy {command}" in text
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
