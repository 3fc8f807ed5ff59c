"""Which worker places calls: the library's, or the program's where the library does not start."""

import pytest

from services.notify.clients import sip


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
