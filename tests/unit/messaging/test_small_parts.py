"""Records, partitions, dead letters, brake, health, logs."""

import logging
import os

import asyncpg
import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from shared import db, log
from shared.health import Health, Heartbeat
from shared.messaging.brake import Brake
from shared.messaging.dead_letters import dead_letter, is_replay, original_place, replayed
from shared.messaging.decode import Dead
from shared.messaging.partition import hashes
from shared.messaging.reasons import Reason
from shared.messaging.records import (
    Outgoing,
    PlainRecord,
    pack_headers,
    pack_records,
    unpack_headers,
    unpack_records,
)
from shared.messaging.registry import default
from shared.metrics import Metrics

Pairs = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=20)), max_size=5)


@given(Pairs)
def test_headers_survive_packing_whatever_their_bytes(pairs: list[tuple[str, bytes | None]]) -> None:
    assert unpack_headers(pack_headers(pairs)) == pairs


@given(
    st.lists(
        st.tuples(
            st.text(max_size=5),
            st.none() | st.binary(max_size=9),
            st.binary(max_size=9),
            st.none() | st.binary(max_size=9),
        )
    )
)
def test_records_survive_packing(rows: list[tuple[str, bytes | None, bytes, bytes | None]]) -> None:
    records = [Outgoing(*row) for row in rows]
    assert unpack_records(pack_records(records)) == records


@given(st.lists(st.binary(max_size=40), max_size=60))
def test_partitions_are_those_of_kafkas_own_clients(keys: list[bytes]) -> None:
    assert hashes(keys) == [murmur2(key) & 0x7FFFFFFF for key in keys]


@pytest.mark.parametrize("length", range(4, 40))
def test_many_keys_of_one_length(length: int) -> None:
    keys = [os.urandom(length) for _ in range(20)]
    assert hashes(keys) == [murmur2(key) & 0x7FFFFFFF for key in keys]


def test_a_known_vector_of_kafka() -> None:
    """From Kafka's UtilsTest: murmur2("21") = -973932308."""
    assert hashes([b"21"]) == [-973932308 & 0x7FFFFFFF]


def test_a_dead_letter_keeps_the_original_and_can_be_replayed() -> None:
    pairs = (("ce_id", b"1"), ("odd", None), ("odd", b"\xff"), ("x-reason", b"forged"))
    original = PlainRecord("t", 4, 99, 1234, b"k", b"\xffbody", pairs)
    letter = dead_letter("audit", Dead(original, Reason.BROKEN_JSON, error="ValueError"))
    assert (letter.topic, letter.key, letter.value) == ("audit.dead-letters", b"k", b"\xffbody")
    headers = letter.pairs()
    assert headers[:3] == [*pairs[:3]]
    assert dict(headers[3:]) == {
        "x-original-topic": b"t",
        "x-original-partition": b"4",
        "x-original-offset": b"99",
        "x-original-timestamp": b"1234",
        "x-reason": b"broken-json",
        "x-service": b"audit",
        "x-error-class": b"ValueError",
    }
    stored = PlainRecord(letter.topic, 0, 0, 5, letter.key, letter.value, headers)
    again = replayed(stored)
    assert (again.topic, again.key, again.value) == ("t", b"k", b"\xffbody")
    assert [n for n, _ in again.pairs()] == [
        "ce_id",
        "odd",
        "odd",
        *(f"x-original-{n}" for n in ("topic", "partition", "offset", "timestamp")),
    ]
    assert is_replay(stored)
    assert not is_replay(original)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("x-original-topic", b"t"), ("x-original-partition", b"x"), ("x-original-offset", b"1")),
        (("x-original-topic", b"\xff"), ("x-original-partition", b"1"), ("x-original-offset", b"1")),
        (("x-original-topic", b"t"), ("x-original-partition", b"1"), ("x-original-offset", b"-1")),
        (("x-original-topic", b"t"), ("x-original-partition", None), ("x-original-offset", b"1")),
        (("x-original-topic", b"t"), ("x-original-partition", b"1"), ("x-original-offset", b"9" * 30)),
    ],
)
def test_what_is_no_dead_letter(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    assert original_place(headers) is None
    with pytest.raises(ValueError, match="no dead letter"):
        replayed(PlainRecord("x", 0, 0, 0, None, None, headers))


def test_the_brake_trips_at_a_run_and_at_a_share() -> None:
    brake = Brake(run=3, share=0.3, window=10)
    assert not brake.trips([True, True])
    assert brake.trips([True, True, True])
    brake.note([False] * 7)
    assert not brake.trips([True, False, True, False, True])
    brake.note([True, False, True])
    assert brake.trips([False, True, True])
    brake.reset()
    assert not brake.trips([True, True])


def test_health_says_what_is_wrong() -> None:
    health = Health(Metrics())
    assert health.answer("/ready")[0] == 503
    health.set("start", None)
    assert health.answer("/ready")[0] == 200
    now = [0.0]
    beat = Heartbeat(5, lambda: now[0])
    health.live["loop"] = beat.check
    assert health.answer("/live")[0] == 200
    now[0] = 6
    assert health.answer("/live") == (
        503,
        "application/json",
        b'{"ok": false, "wrong": {"loop": "no progress for 6 s"}}',
    )
    assert health.answer("/ready")[0] == 503
    beat.beat()
    assert health.answer("/live")[0] == 200
    assert b"gongji_ready 1.0" in health.answer("/metrics")[2]
    assert health.answer("/secrets")[0] == 404


def test_a_fault_is_logged_without_its_text() -> None:
    try:
        raise ValueError("张三 330102199001011234")
    except ValueError as error:
        told = log.fault(error)
    assert told["error"] == "ValueError"
    assert "330102" not in str(told)
    state = asyncpg.UniqueViolationError("Key (psn_no)=(1) already exists")
    assert log.fault(state)["sqlstate"] == "23505"


def test_library_loggers_are_quiet_and_say_no_exception_texts(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)  # the stack of other tests has silenced it
    log.configure("toy")
    for _ in range(5):
        logging.getLogger("aiokafka.conn").error("down")
    try:
        raise ValueError("secret")
    except ValueError:
        logging.getLogger("aiokafka.x").exception("bad")
        logging.getLogger("asyncio").exception("task %s", "ended")
    logging.getLogger("other").warning("kept")
    told = capsys.readouterr().err
    assert told.count("down") == 1
    assert "secret" not in told
    assert "task ended [ValueError]" in told
    assert "kept" in told


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (asyncpg.InterfaceError("gone"), True),
        (asyncpg.InternalClientError("killed under a statement"), True),
        (asyncpg.DeadlockDetectedError(""), True),
        (asyncpg.SerializationError(""), True),
        (asyncpg.ReadOnlySQLTransactionError(""), True),
        (asyncpg.AdminShutdownError(""), True),
        (asyncpg.DiskFullError(""), True),
        (asyncpg.UndefinedTableError(""), True),
        (asyncpg.UniqueViolationError(""), False),
        (asyncpg.DataError(""), False),
        (asyncpg.CheckViolationError(""), False),
        (ValueError(), False),
        (KeyError(), False),
    ],
)
def test_which_errors_are_nobodys_fault(error: Exception, passing: bool) -> None:
    assert db.is_infrastructure(error) is passing


def test_statements_by_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("q")
    (folder / "queries.sql").write_text("-- a file\n-- name: one\nselect 1;\n\n-- name: two\nselect 2\n")
    found = db.load_queries(str(folder / "storage.py"))
    assert (found.one, found["two"]) == ("select 1", "select 2")
    with pytest.raises(AttributeError):
        _ = found.three
    (folder / "queries.sql").write_text("-- name: one\nselect 1;\n-- name: one\nselect 2\n")
    with pytest.raises(ValueError, match="twice"):
        db.load_queries(str(folder / "storage.py"))
    with pytest.raises(ValueError, match="schema name"):
        db.connection_settings("x; drop")


def test_the_default_registry_holds_every_type_and_entitles_as_the_sources_say() -> None:
    registry = default()
    assert registry.types["binding.decisions.approved"].compacted
    assert registry.types["settlement.requests.settle"].outsider
    assert registry.known("zheliban")
    assert not registry.known("nobody")
    assert registry.entitled("zheliban", "binding.requests.submitted")
    assert not registry.entitled("zheliban", "settlement.requests.settle")
    assert registry.entitled("gongji-audit", "binding.decisions.approved")
