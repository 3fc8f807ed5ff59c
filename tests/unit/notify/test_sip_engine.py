"""Which worker places calls: the library's, or the program's where the library does not start; what a killed one leaves behind."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from services.notify.clients import sip, sip_program


@pytest.mark.parametrize(
    ("engine", "library", "program", "workers"),
    [
        ("auto", True, True, ["sip_worker", "sip_worker", "sip_program", "sip_worker"]),
        ("auto", True, False, ["sip_worker"] * 4),
        ("auto", False, True, ["sip_program"] * 4),
        ("baresip-python", False, True, ["sip_worker"] * 4),
        ("baresip", True, True, ["sip_program"] * 4),
    ],
)
def test_worker_after_starts_in_vain(
    monkeypatch: pytest.MonkeyPatch, engine: str, library: bool, program: bool, workers: list[str]
) -> None:
    monkeypatch.setattr(sip, "find_spec", lambda name: object() if library else None)
    monkeypatch.setattr(
        "services.notify.clients.sip.shutil.which", lambda name: "/bin/baresip" if program else None
    )
    assert [sip._worker(engine, failed) for failed in range(4)] == workers


def test_words_and_password_of_a_call_that_was_killed_go_at_the_next_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("gongji-call-killed", "gongji-call-living", "somebody-elses"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "accounts").write_text("auth_pass")
    for name in ("gongji-call-killed", "somebody-elses"):
        os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    sip_program.remove_left_behind()
    assert {one.name for one in tmp_path.iterdir()} == {"gongji-call-living", "somebody-elses"}
