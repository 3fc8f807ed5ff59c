"""The demo's Node producer gives one reason where Node cannot be had, and the demo goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest

from deploy.demo import node


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_what_is_missing_is_named_in_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program == missing else f"/bin/{program}")
    told = asyncio.run(node.publish(Path("unused"), "127.0.0.1:9", "topic", b"key", [("ce_id", b"1")], b"{}"))
    assert not told.done
    assert missing in told.why
    assert "\n" not in told.why
