"""`gongji notice preview`: what an operator sees of the words before anybody gets them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import build

CLI = build("notice")
OVERLAY = """
region: "330000"
templates:
  - kind: approved
    side: sponsor
    channels: [sms]
    version: 1
    state: draft
    sign: 浙里医保
    text: "{at}：您为{relation}申请的家庭共济已通过。咨询请拨{hotline}。"
"""


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(CLI, ["notice", "preview", *arguments], env={"COLUMNS": "80"})
    assert done.exit_code == status, done.output
    return done.output


def test_overview_names_each_template_with_state_longest_text_and_file() -> None:
    lines = run("--side", "sponsor").splitlines()
    assert len(lines) == 19 * 3
    (refused,) = [line for line in lines if line.startswith("refused.sponsor.sms.v1 ")]
    assert refused.split() == [
        "refused.sponsor.sms.v1", "已通过", "approved", "7", "例", "outcomes", "≤", "4", "条", "parts", "100000-national.yaml"
    ]  # fmt: skip


def test_preview_of_a_kind_shows_every_outcome_and_what_a_call_says_first() -> None:
    shown = run("--kind", "ended", "--side", "beneficiary", "--surname", "欧阳")
    assert (
        "短信 · 原因：约定期限已到 2 条 parts  ended.beneficiary.sms.v1  已通过 approved  100000-national.yaml"
        in shown
    )
    assert "请欧阳姓参保人本人接听" in shown
    assert "欧阳" not in run("--kind", "ended", "--channel", "sms", "--surname", "欧阳")


def test_drafts_of_a_region_are_shown_on_demand_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "330000-zhejiang.yaml").write_text(OVERLAY, encoding="utf-8")
    where = (
        "--templates",
        str(tmp_path),
        "--region",
        "杭州",
        "--kind",
        "approved",
        "--side",
        "sponsor",
        "--channel",
        "sms",
    )
    assert "approved.sponsor.sms.v1  已通过 approved  100000-national.yaml" in run(*where)
    drafted = run(*where, "--drafts")
    assert "330000.approved.sponsor.sms.v1  草稿 draft  330000-zhejiang.yaml" in drafted
    assert "【浙里医保】11月23日10:05：您为父母申请的家庭共济已通过。咨询请拨12393。" in drafted
    assert "330000.approved" not in run(*where[:2], *where[4:], "--drafts")


def test_json_is_for_scripts() -> None:
    (first, *_) = json.loads(run("--kind", "settled", "--channel", "sms", "--json"))
    assert (first["template"], first["segments"], first["state"]) == ("settled.sponsor.sms.v1", 2, "approved")
    assert first["variables"]["amount"] == "12.50元"


def test_withdrawn_text_that_nothing_replaces_is_a_fault_with_its_name(tmp_path: Path) -> None:
    overlay = 'region: "100000"\napprovals: {withdrawn.sponsor.sms.v1: {state: withdrawn}}\n'
    (tmp_path / "own.yaml").write_text(overlay, encoding="utf-8")
    said = run("--templates", str(tmp_path), status=1)
    assert (
        "template: (all files): withdrawn sponsor sms: template-unknown: expected an approved template"
        in said
    )


@pytest.mark.parametrize(
    ("arguments", "hint"), [(("--kind", "aproved"), "approved"), (("--channel", "fax"), "sms")]
)
def test_what_is_not_there_is_told_with_what_is(arguments: tuple[str, str], hint: str) -> None:
    assert hint in run(*arguments, status=2)
