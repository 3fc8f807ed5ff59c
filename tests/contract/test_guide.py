"""The channel guide can be copied: its programs are sound, name types, persons and texts that exist, and import nothing of ours."""

import json
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from deploy.contract.paths import DOCS, ROOT
from shared.contracts.binding_requests import Submitted
from shared.contracts.envelope import split_type
from shared.contracts.sources import parse
from shared.contracts.topics import TYPES
from shared.testing.proofs import LETTER

GUIDE = (DOCS / "channel-guide.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"```(python|javascript|java)\n(.+?)\n```", GUIDE, re.DOTALL))
CAST = yaml.safe_load((ROOT / "deploy" / "cast" / "cast.yaml").read_text(encoding="utf-8"))


def test_there_is_one_program_in_each_language_and_none_needs_us() -> None:
    assert PROGRAMS.keys() == {"python", "javascript", "java"}
    for program in PROGRAMS.values():
        assert not re.search(r"(import|from)\s+(shared|services|deploy)\b", program)
        assert sha256(LETTER.read_bytes()).hexdigest() in program


def test_types_topics_and_sources_exist() -> None:
    for full in set(re.findall(r"gongji\.[a-z.-]+\.v1", GUIDE)):
        name = split_type(full)
        assert name is not None
        assert name[0] in TYPES
    sources = parse((ROOT / "shared" / "contracts" / "sources.yaml").read_text(encoding="utf-8"))
    assert sources["zheliban"].message_centre


def test_persons_are_those_of_the_cast() -> None:
    known = {row["record"]["certno"]: row["record"]["psn_name"] for row in CAST["persons"]}
    for program in PROGRAMS.values():
        for number in re.findall(r"\b[0-9]{17}[0-9X]\b", program):
            assert number in known
            assert known[number] in program


def test_the_body_of_the_java_program_is_a_message() -> None:
    text = PROGRAMS["java"].split('"""')[1]
    check = {
        "provider": "face-one",
        "transaction_no": "1",
        "checked_at": "x",
        "subject_sha256": "0" * 64,
        "signature": "",
    }
    filled = text % (
        "01a200cc-a5d0-791a-99ad-6eb20a11c00f",
        "1",
        "0" * 64,
        "2026-11-22T09:00:00Z",
        json.dumps(check),
    )
    assert Submitted.model_validate_json(filled).relation == "parent-in-law"


def test_programs_are_sound(tmp_path: Path) -> None:
    compile(PROGRAMS["python"], "produce.py", "exec")
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node here to read its program")
    path = tmp_path / "produce.mjs"
    path.write_text(PROGRAMS["javascript"], encoding="utf-8")
    assert (
        subprocess.run([node, "--check", str(path)], capture_output=True, timeout=30, check=False).returncode
        == 0
    )
