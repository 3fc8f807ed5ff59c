"""The demo's Node producer gives one reason where Node cannot be had, and the demo goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest

from deploy.demo import node
from deploy.demo.node import Node, Told

RECORD = ("127.0.0.1:9", "topic", b"key", [("ce_id", b"1")], b"{}")


async def publish(folder: Path) -> Told:
    async with Node(folder) as producer:
        return await producer.publish(*RECORD)


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_what_is_missing_is_named_in_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == missing else f"/bin/{program}")
    told = asyncio.run(publish(Path("unused")))
    assert not told.done
    assert missing in told.why
    assert "\n" not in told.why


def test_an_installation_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = tmp_path / "npm"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o700)
    monkeypatch.setattr(shutil, "which", lambda program: str(hangs))
    monkeypatch.setattr(node, "LIMIT", 0.3)
    told = asyncio.run(asyncio.wait_for(publish(tmp_path / "package"), 60))
    assert not told.done
    assert "0 s" in told.why
