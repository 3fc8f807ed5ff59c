"""Sealed values: what they give away, where they open, and which keys open them; and the settings that name the keys."""

import base64
import itertools
import logging
import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from services.notify.providers import quiet
from services.notify.sealing import Damaged, KeyMissing, Seal, person_row, read_key
from services.notify.settings import Settings

OLD, NEW = b"o" * 32, b"n" * 32
ROW = person_row("33010000000000000001")
TEXT = '{"tel": "13953830101", "surname": "赵"}'


def key(of: bytes) -> str:
    return base64.b64encode(of).decode()


def test_a_sealed_value_opens_in_its_row_and_shows_nothing() -> None:
    seal = Seal([OLD])
    sealed = seal.seal(TEXT, ROW)
    assert seal.open(sealed, ROW).decode() == TEXT
    assert b"13953830101" not in sealed
    assert seal.seal(TEXT, ROW) != sealed


def test_a_value_that_was_moved_to_another_row_does_not_open() -> None:
    seal = Seal([OLD])
    with pytest.raises(Damaged):
        seal.open(seal.seal(TEXT, ROW), person_row("33010000000000000002"))


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_value_that_was_changed_does_not_open(place: int) -> None:
    seal = Seal([OLD])
    changed = bytearray(seal.seal(TEXT, ROW))
    changed[place] ^= 4
    with pytest.raises(Damaged):
        seal.open(bytes(changed), ROW)


@pytest.mark.parametrize("cut", [b"", b"\x01", b"\x01abcd"])
def test_a_value_that_was_cut_short_does_not_open(cut: bytes) -> None:
    with pytest.raises((Damaged, KeyMissing)):
        Seal([OLD]).open(cut, ROW)


def test_while_keys_change_both_open_and_the_first_one_seals() -> None:
    before = Seal([OLD]).seal(TEXT, ROW)
    both = Seal([NEW, OLD])
    assert both.open(before, ROW).decode() == TEXT
    anew = both.seal(TEXT, ROW)
    assert anew.startswith(both.prefix)
    assert Seal([NEW]).open(anew, ROW).decode() == TEXT


def test_a_key_that_is_not_configured_is_waited_for_like_a_server_that_is_away() -> None:
    with pytest.raises(KeyMissing) as raised:
        Seal([NEW]).open(Seal([OLD]).seal(TEXT, ROW), ROW)
    assert isinstance(raised.value, OSError)
    assert "GONGJI_NOTIFY_DATA_KEYS" in str(raised.value)


def test_numbers_are_hashed_otherwise_once_while_keys_change() -> None:
    steps = [Seal(keys).number_key for keys in ([OLD], [OLD, NEW], [NEW, OLD], [NEW])]
    assert sum(one != following for one, following in itertools.pairwise(steps)) == 1


def test_what_releases_before_this_one_wrote_is_read_as_it_is() -> None:
    assert Seal([OLD]).open(TEXT.encode(), ROW).decode() == TEXT


@pytest.mark.parametrize("given", ["", ",", "secret-that-is-no-key", key(b"short"), f"{key(OLD)},short-one"])
def test_settings_refuse_what_is_no_key_and_do_not_quote_it(given: str) -> None:
    env = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "GONGJI_NOTIFY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}  # fmt: skip
    command = [sys.executable, "-m", "services.notify"]
    ended = subprocess.run(
        command, env=os.environ | env | {"GONGJI_NOTIFY_DATA_KEYS": given}, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("settings: GONGJI_NOTIFY_DATA_KEYS: ")
    assert "openssl rand -base64 32" in line
    assert not any(part and part in line for part in given.split(","))


def test_settings_read_several_keys_of_either_alphabet(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = b"\xff" * 32
    monkeypatch.setenv("GONGJI_NOTIFY_DATA_KEYS", f" {base64.urlsafe_b64encode(odd).decode()}, {key(OLD)} ")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    settings = Settings(database_url="postgresql://nobody@127.0.0.1:1/none")
    assert settings.seal().open(Seal([OLD]).seal(TEXT, ROW), ROW).decode() == TEXT
    assert settings.seal().prefix == Seal([odd]).prefix
    assert key(OLD) not in repr(settings)


def test_settings_without_keys_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONGJI_NOTIFY_DATA_KEYS", raising=False)
    with pytest.raises(ValidationError, match="at least one key is needed"):
        Settings(bootstrap_servers="127.0.0.1:1", database_url="postgresql://nobody@127.0.0.1:1/none")


def test_a_key_has_32_bytes() -> None:
    assert read_key(key(OLD)) == OLD
    with pytest.raises(ValueError, match="32 bytes"):
        read_key(key(OLD[:-1]))


def test_libraries_that_talk_to_providers_write_nothing_at_any_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        quiet.silence()
        for name in quiet.LOGGERS:
            logging.getLogger(name).critical("GET http://gateway/?password=secret&text=hello")
    assert caplog.records == []
