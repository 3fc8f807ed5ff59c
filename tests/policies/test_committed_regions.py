"""The committed region files: which there are, their sources and grades, and what the sources say of each."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts.relations import Relation
from shared.policies import load
from shared.policies.entries import Entry
from shared.policies.loader import HERE
from shared.policies.values import RegionPolicy, pooling_region

DEMO = Path(__file__).parents[2] / "deploy" / "demo" / "policies"
POLICIES = load()
NOW = date(2026, 11, 23)
NAMED = {
    "100000": "全国", "110000": "北京市", "130000": "河北省", "130100": "石家庄市", "130300": "秦皇岛市", "210900": "阜新市",
    "230000": "黑龙江省", "310000": "上海市", "320000": "江苏省", "320300": "徐州市", "320500": "苏州市", "330000": "浙江省",
    "330100": "杭州市", "330200": "宁波市", "330700": "金华市", "330800": "衢州市", "340300": "蚌埠市", "350000": "福建省",
    "350200": "厦门市", "370000": "山东省", "370900": "泰安市", "379900": "山东省直", "420000": "湖北省", "430000": "湖南省",
    "440000": "广东省", "440100": "广州市", "440300": "深圳市", "441900": "东莞市", "442000": "中山市", "460000": "海南省",
    "510000": "四川省", "530000": "云南省", "530900": "临沧市", "620000": "甘肃省", "650000": "新疆维吾尔自治区",
}  # fmt: skip


def entries() -> list[Entry]:
    return [e for f in POLICIES.files.values() for found in f.entries.values() for e in found]


def on(region: str, day: date = NOW) -> RegionPolicy:
    return POLICIES.on(region, day)


@pytest.mark.parametrize(("code", "name"), NAMED.items())
def test_every_region_of_the_sources_has_a_file(code: str, name: str) -> None:
    file = POLICIES.files[code]
    assert (file.region, file.name_zh, file.name_en != "") == (code, name, True)
    if code != "100000":
        assert file.parent == ("100000" if code.endswith("0000") else code[:2] + "0000")


def test_every_value_has_date_reference_and_grade() -> None:
    found = entries()
    assert len(found) > 120
    for entry in found:
        assert entry.reference
        assert entry.grade in "ABCP"
        assert date(2021, 4, 22) <= entry.from_ <= NOW


def test_every_file_says_what_conflicts_and_what_was_not_found() -> None:
    for path in sorted((HERE / "regions").glob("*.yaml")):
        tree = yaml.safe_load(path.read_text("utf-8"))
        assert path.name.startswith(tree["region"] + "-")
        notes = tree["notes"]
        assert notes, path.name
        assert all(isinstance(note, str) and note.strip() for note in notes), path.name


def test_a_default_of_the_project_claims_no_document() -> None:
    for entry in entries():
        assert (entry.grade == "P") == ("项目默认" in entry.reference), (entry.file, entry.path)


def test_hearsay_says_that_it_is_and_a_seed_is_none() -> None:
    for entry in entries():
        admits = "无官方出处" in entry.reference or "待确认" in entry.reference
        assert (entry.grade == "C") == admits, (entry.file, entry.path)
        assert not ("seeds" in entry.reference and entry.grade == "C"), (entry.file, entry.path)


def test_only_the_nation_holds_defaults_of_the_project() -> None:
    assert {e.file for e in entries() if e.grade == "P"} == {"100000-national.yaml"}


def test_institutions_directly_under_shandong_are_a_pooling_region_with_the_provinces_rules() -> None:
    provincial, shandong = on("379900"), on("370000")
    assert pooling_region("379900") == "379900"
    assert [f.region for f in POLICIES.chain("379900")] == ["379900", "370000", "100000"]
    assert (provincial.region, provincial.name_zh) == ("379900", "山东省直")
    assert (provincial.binding, provincial.spending) == (shandong.binding, shandong.spending)
    before, after = date(2024, 11, 25), date(2024, 11, 26)
    assert not on("379900", before).allows_distance("379900", "370900")
    assert on("379900", after).allows_distance("379900", "370900")
    assert not on("379900", after).allows_distance("379900", "330100")


def test_zhejiang_shares_money_of_earlier_years_only() -> None:
    for region in ("330000", "330100", "330200", "330800", "310000"):
        assert on(region).spending.sponsor_segments == {"historic"}
    assert on("110000").spending.sponsor_segments == {"historic", "current"}


def test_taian_is_one_exclusive_family_and_its_province_is_not() -> None:
    taian, shandong = on("370902").binding, on("370100").binding
    assert (taian.max_beneficiaries, taian.max_sponsors, taian.member_may_sponsor) == (8, 1, False)
    assert (shandong.max_beneficiaries, shandong.max_sponsors, shandong.member_may_sponsor) == (
        None,
        None,
        True,
    )
    assert on("370902").cite("binding.sponsor_may_be_member").grade == "B"
    assert on("370902").spending.quota_scope == "all-members"


def test_xinjiang_lets_the_beneficiary_choose_the_order_and_pays_no_stay() -> None:
    xinjiang = on("650100")
    assert xinjiang.spending.order == "beneficiary-order"
    assert [xinjiang.spending.allows(t) for t in ("11", "41", "21", "140104")] == [True, True, False, True]
    assert on("530900").spending.order == "highest-balance"


def test_consent_in_xinjiang_needs_an_adoption_which_the_demo_has() -> None:
    assert on("650100").binding.consent_from_age is None
    demo = load(overlay=DEMO).on("650100", NOW)
    assert demo.binding.consent_from_age == 16
    assert demo.cite("binding.consent_from_age").grade == "C"


@pytest.mark.parametrize(
    ("region", "path", "value"),
    [
        ("620100", "binding.consent_from_age", 16),
        ("620100", "binding.mode", "transfer"),
        ("350200", "binding.mode", "transfer"),
        ("350200", "binding.one_family", True),
        ("350100", "binding.mode", "authorisation"),
        ("350100", "binding.one_family", False),
        ("440300", "review.auto_approve", "never"),
        ("430100", "binding.max_beneficiaries", 10),
        ("430100", "binding.max_lifetime_beneficiaries", 20),
        ("460100", "binding.kin_account_first", True),
        ("330200", "spending.quota_scope", "none"),
        ("330100", "spending.quota_scope", "per-member"),
        ("370900", "binding.unbind_by", {"sponsor"}),
        ("370100", "binding.unbind_by", {"sponsor", "beneficiary"}),
        ("650100", "binding.min_balance", 1),
        ("110000", "notice.hotline", "12393"),
    ],
)
def test_what_official_texts_and_press_say_of_a_region_holds_there(
    region: str, path: str, value: Any
) -> None:
    section, key = path.split(".")
    assert getattr(getattr(on(region), section), key) == value


def test_no_region_names_in_laws_today() -> None:
    for region in POLICIES.files:
        assert not [r for r in on(region).binding.relations if Relation(r).in_law]
