"""What a policy officer reads of a file that cannot be used: one line each, with file, path, value and what is expected."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.eligibility import app
from services.eligibility.settings import Settings
from shared.policies import PolicyError, faults, load
from shared.policies.described import Described
from tests.unit.policies.files import CITY, HEAD, PROVINCE, entry, key, problems, write

MATERIALS = "binding:\n  materials:\n"


def sponsors(*entries: str) -> str:
    return "binding:\n" + key("max_sponsors", *entries)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bindings: {}\n", "n.yaml: bindings: {}: expected one of region, name, parent, notes, adopt, binding, review, notice, spending (did you mean binding?)"),
        ("max_sponsors: []\n", "n.yaml: max_sponsors: []: expected it below its section: binding.max_sponsors"),
        ("binding: 3\n", "n.yaml: binding: 3: expected a mapping of keys"),
        ("binding: {max_sponsor: []}\n", "(did you mean max_sponsors?)"),
        ("binding: {order: []}\n", "n.yaml: binding.order: []: expected a key of binding; there is spending.order: of the sponsors"),
        ("binding: {max_sponsors: 3}\n", "n.yaml: binding.max_sponsors: 3: expected a list of entries {from: 2024-08-01"),
        ("binding: {max_sponsors: []}\n", "binding.max_sponsors: []: expected a list of entries"),
        ("binding: {max_sponsors: [3]}\n", "binding.max_sponsors[0]: 3: expected a mapping {from"),
        (sponsors(entry("3", more=", until: 2025-01-01")), "[0].until: 2025-01-01: expected one of from, value, reference, grade"),
        (sponsors(entry("3", more=", grad: A")), "[0].grad: 'A': expected one of from, value, reference, grade, note, not_narrower, adopted (did you mean grade?)"),
        (sponsors(entry("3", "yesterday")), "[0].from: 'yesterday': expected a date, for example 2024-08-01"),
        (sponsors(entry("3", grade="D")), "[0].grade: 'D': expected one of A, B, C, P"),
        (sponsors(entry("-1")), "[0].value: -1: expected 0 or more, for example 1"),
        (sponsors(entry('"3"')), "[0].value: '3': expected a whole number without quotes, for example 1"),
        (sponsors(entry("3", more=", note: [x]")), "[0].note: ['x']: expected a text"),
        (sponsors(entry("3", more=", not_narrower: true")), ".not_narrower: True: expected true or false, and true only for a set"),
        (sponsors(entry("3", grade="C", more=", adopted: {by: 李}")), "[0].adopted: {'by': '李'}: expected {by: name of the officer, on: date}"),
        (sponsors(entry("3", grade="C", more=", adopted: {by: 李, on: 2025-01-01, so: x}")), "[0].adopted.so: 'x': expected one of by, on"),
        (sponsors(entry("3", more=", adopted: {by: 李, on: 2025-01-01}")), "expected grade C: nothing else needs to be adopted"),
        (sponsors(entry("3", "2024-01-01"), entry("4", "2023-01-01")), "binding.max_sponsors: 2023-01-01: expected a date after 2024-01-01 (entries in order of date)"),
        ("binding: {max_sponsors: [{from: 2021-01-01, value: 1, grade: A}]}\n", "[0].reference: nothing: expected the document or page that says so"),
        ("binding: {max_sponsors: [{from: 2021-01-01, value: 1, grade: A, reference: ' '}]}\n", "[0].reference: ' ': expected the document or page that says so"),
        ("binding:\n" + key("offered", entry("yes")), "[0].value: 'yes': expected true or false, for example true"),
        ("binding:\n" + key("min_balance", entry("100")), "[0].value: 100: expected money as a quoted string"),
        ("binding:\n" + key("relations", entry("[friend]")), "[0].value[0]: 'friend': expected one of spouse, parent"),
        ("binding:\n" + key("relations", entry("[grandpa]")), "(did you mean grandparent?)"),
        ("binding:\n" + key("relations", entry("null")), "[0].value: nothing: expected a list, for example [spouse, parent, child]"),
        ("binding:\n" + key("sponsor_insurance", entry("[310]")), "[0].value[0]: 310: expected a text in quotes"),
        ("binding:\n" + key("uses", entry("[Outpatient]")), "expected a word of small letters, digits and hyphens, such as outpatient"),
        ("binding:\n" + key("max_days_ahead", entry("4000")), "[0].value: 4000: expected 3660 or less, for example 90"),
        ("binding:\n" + key("max_per_relation", entry("{spose: 1}")), "[0].value.spose: 'spose': expected one of spouse, parent"),
        ("binding:\n" + key("channel_proofs", entry("{telephone: [opertor]}")), "[0].value.telephone[0]: 'opertor': expected one of face-check, commitment, real-name, e-credential, operator (did you mean operator?)"),
        ("binding:\n" + key("materials", entry("[{any_of: [[id-card]], relation: [spouse]}]")), "value[0].relation: ['spouse']: expected one of any_of, relations, channels, from_age, below_age, unless_proven (did you mean relations?)"),
        ("binding:\n" + key("materials", entry("[{relations: [spouse]}]")), "value[0].any_of: {'relations': ['spouse']}: expected the key any_of"),
        ("binding:\n" + key("materials", entry("[{any_of: [[]]}]")), "value[0].any_of[0]: []: expected at least 1 of them"),
        ("binding:\n" + key("materials", entry("[{any_of: [[id-crd]]}]")), "value[0].any_of[0][0]: 'id-crd': expected a document such as household-register"),
        ("binding:\n" + key("commitment", entry("{code: X, version: '1', sha256: abc}")), "binding.commitment: abc...: expected the sha256 of letters/X-1.txt"),
        ("binding:\n" + key("commitment", entry("{code: X, version: 1, sha256: abc}")), "value.version: 1: expected a text in quotes"),
        ("spending:\n" + key("order", entry("richest-first")), "n.yaml: spending.order[0].value: 'richest-first': expected one of beneficiary-order, highest-balance, oldest-binding, newest-binding, for example highest-balance"),
        ("spending:\n" + key("order", entry("highest-balances")), "(did you mean highest-balance?)"),
        ("notice:\n" + key("quiet_hours", entry('{start: "25:00", end: "08:00"}')), "value.start: '25:00': expected a time of day"),
        ("notice:\n" + key("quiet_hours", entry('{start: "22:00", stop: "08:00"}')), "value.stop: '08:00': expected one of start, end"),
        ("notice:\n" + key("hotline", entry('"12a"')), "value: '12a': expected a telephone number such as 12393"),
        ("notes: just one\n", "n.yaml: notes: 'just one': expected a list of texts"),
        ("adopt: [{path: binding.max_sponsor, from: 2021-01-01, by: 李, on: 2025-01-01}]\n", "adopt[0].path: 'binding.max_sponsor': expected a known key such as binding.max_sponsors"),
        ("adopt: [{path: nothing, from: 2021-01-01, by: 李, on: 2025-01-01}]\n", "adopt[0].path: 'nothing': expected a known key such as binding.max_sponsors"),
        ("adopt: {path: binding.max_sponsors, from: 2021-01-01, by: '', on: 2025-01-01}\n", "adopt[0]: "),
        ("adopt: [{path: binding.max_sponsors, by: 李, on: 2025-01-01}]\n", "adopt[0]: "),
        ("adopt: [{path: binding.max_sponsors, from: 2021-01-01, by: 李, on: 2025-01-01}]\n", "n.yaml: adopt: binding.max_sponsors of 2021-01-01: expected an entry of grade C with this date, which has none"),
        ("region: '100000'\n", "n.yaml: cannot be read: line 1: key 'region' is there twice"),
        ("binding: [\n", "n.yaml: cannot be read: line 4: "),
    ],
)  # fmt: skip
def test_every_fault_is_one_clear_line(text: str, wanted: str, tmp_path: Path) -> None:
    lines = problems(tmp_path, text)
    assert wanted in lines[0]
    assert all("\n" not in line for line in lines)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "binding:\n" + key("max_sponsors", entry("-1")) + key("relations", entry("[x, y]"))
    assert len(problems(tmp_path, text)) == 3


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"n": "- 1\n"}, "n.yaml: (top): [1]: expected a mapping with key region"),
        ({"n": "region: 100000\n"}, "n.yaml: region: 100000: expected a quoted six-digit code"),
        ({"n": HEAD + "parent: 3\n"}, "n.yaml: parent: 3: expected a quoted six-digit code"),
        ({"p": PROVINCE}, "(directory): region: nothing: expected a file for 100000"),
        ({"n": HEAD, "c": CITY}, "c.yaml: parent: '330000': expected a region with a file"),
        ({"n": HEAD, "m": HEAD}, "n.yaml: region: '100000': expected one file for a region; m.yaml is one"),
        ({"n": HEAD, "p": PROVINCE.replace('parent: "100000"\n', "")}, "p.yaml: parent: nothing: expected a region with a file"),
        ({"n": HEAD + 'parent: "330000"\n', "p": PROVINCE}, "n.yaml: parent: '330000': expected none"),
        ({"n": HEAD, "p": PROVINCE, "x": CITY.replace("3301", "6501")}, "x.yaml: parent: '330000': expected 650000 or 100000"),
        ({"n": 'region: "100000"\n'}, "n.yaml: name: nothing: expected {zh: ..., en: ...}"),
        ({"n": 'region: "100000"\nname: x\n'}, "n.yaml: name: 'x': expected {zh: 浙江省, en: Zhejiang}"),
    ],
)  # fmt: skip
def test_faults_of_the_tree(files: dict[str, str], wanted: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load(write(tmp_path, **files))
    assert any(wanted in line for line in caught.value.problems)


def test_an_overlay_moves_no_region_in_the_tree(tmp_path: Path) -> None:
    base = write(tmp_path / "base", n=HEAD, p=PROVINCE, c=CITY)
    over = write(tmp_path / "over", over='region: "330100"\nparent: "100000"\n')
    with pytest.raises(
        PolicyError, match=r"over\.yaml: parent: '100000': expected '330000', as c\.yaml says"
    ):
        load(base, overlay=over)


def test_a_fault_of_an_overlay_names_both_files(tmp_path: Path) -> None:
    base = write(tmp_path / "base", n=HEAD + sponsors(entry("1")))
    adopt = "adopt:\n  - {path: binding.max_sponsors, from: 2021-01-01, by: 李, on: 2025-01-01}\n"
    over = write(tmp_path / "over", mine='region: "100000"\n' + adopt)
    with pytest.raises(PolicyError) as caught:
        load(base, overlay=over)
    assert caught.value.problems == [
        "n.yaml + mine.yaml: adopt: binding.max_sponsors of 2021-01-01: expected an entry of grade C with this date, which has 2021-01-01 (A)"
    ]


def test_a_reason_without_text_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = {"binding.offered": Described("开办", "offered", "true", ("never-written",))}
    monkeypatch.setattr(faults, "_all_said", lambda: words)
    assert problems(tmp_path, "") == [
        "values.py: binding.offered: 'never-written': expected a reason with text and remedy in Chinese and English"
    ]


def test_the_service_never_starts_with_half_a_policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGJI_ELIGIBILITY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    broken = 'region: "330000"\nspending:\n' + key("order", entry("richest-first"))
    write(tmp_path, zhejiang=broken + "binding:\n" + key("max_sponsors", entry("1", "2024-01-01")))
    monkeypatch.setenv("GONGJI_REGIONS_DIR", str(tmp_path))
    with pytest.raises(PolicyError) as caught:
        app.build(Settings())
    (line,) = caught.value.problems
    assert line.startswith("zhejiang.yaml: spending.order[0].value: 'richest-first': expected one of ")


@pytest.mark.parametrize("service", ["eligibility", "audit", "notify", "settlement"])
def test_a_start_with_a_broken_policy_ends_with_one_line_for_each_fault(service: str, tmp_path: Path) -> None:
    write(
        tmp_path, x='region: "330000"\nspending:\n' + key("order", entry("richest-first")) + "bindings: {}\n"
    )
    surroundings = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        f"GONGJI_{service.upper()}_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "GONGJI_REGIONS_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", f"services.{service}"]
    ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert len(lines) == 2, ended.stderr
    assert all(line.startswith("policy: x.yaml: ") for line in lines)
