"""Which database a command reads, and as whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import state
from deploy.local.errors import StackError
from deploy.reading.running import find

KAFKA = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}


def test_the_desk_has_an_address_of_its_own_and_the_environment_goes_first(tmp_path: Path) -> None:
    told = {
        "kafka": "127.0.0.1:2",
        "database_url": "postgresql://admin",
        "services": {"audit": {"database_url": "postgresql://gongji_audit"}},
        "desk": {"database_url": "postgresql://gongji_desk"},
    }
    state.write(tmp_path, told)
    found = find({}, tmp_path)
    assert found.urls == {"audit": "postgresql://gongji_audit", "desk": "postgresql://gongji_desk"}
    found = find({"GONGJI_DESK_DATABASE_URL": "postgresql://other"}, tmp_path)
    assert found.urls["desk"] == "postgresql://other"


async def test_audit_s_address_is_none_for_the_desk(tmp_path: Path) -> None:
    stack = find(KAFKA | {"GONGJI_AUDIT_DATABASE_URL": "postgresql://gongji_audit"}, tmp_path)
    with pytest.raises(StackError, match="GONGJI_DESK_DATABASE_URL"):
        async with stack.reading("desk"):
            pass
