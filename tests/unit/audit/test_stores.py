"""The stores of documents: a folder that may hold traps, and a bucket over HTTP with a server that really speaks S3."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr, ValidationError

from services.audit import app
from services.audit.clients.folder import Folder
from services.audit.clients.s3 import Bucket, S3Options
from services.audit.clients.store import MISSING, Unavailable
from services.audit.settings import Settings

KEY, SECRET = "reader", "only-for-tests"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "id-card-1").write_bytes(b"0123456789")
    (tmp_path / "outside").write_bytes(b"secret")
    return made


async def test_a_folder_gives_what_it_holds_and_one_byte_more_than_the_limit(folder: Path) -> None:
    store = Folder(folder)
    assert await store.read("id-card-1", 10) == b"0123456789"
    assert await store.read("id-card-1", 4) == b"01234"
    assert await store.read("id-card-2", 10) is MISSING
    await store.reach()


async def test_no_reference_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent / "outside")
    (folder / "inner-link").symlink_to("id-card-1")
    (folder / "folder-link").symlink_to(folder.parent)
    (folder / "inner").mkdir()
    (folder / "inner" / "deep").write_bytes(b"x")
    os.mkfifo(folder / "pipe")
    store = Folder(folder)
    outside = str(folder.parent / "outside")
    for reference in (
        *("../outside", outside, "..", ".", "", "inner/deep", "folder-link/outside", "a\0b", "..\\outside"),
        *("link", "inner-link", "folder-link", "inner", "pipe"),
    ):
        async with asyncio.timeout(60):
            assert await store.read(reference, 100) is MISSING, reference


async def test_a_folder_that_is_not_there_says_nothing_about_documents(folder: Path) -> None:
    store = Folder(folder / "nowhere")
    with pytest.raises(Unavailable):
        await store.read("id-card-1", 10)
    with pytest.raises(Unavailable):
        await store.reach()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A store that speaks S3 on this machine, with a bucket of two documents."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    address = f"http://{host}:{port}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="papers")
    client.put_object(Bucket="papers", Key="id-card-1", Body=b"0123456789")
    client.put_object(Bucket="papers", Key="large", Body=b"x" * 3_000_000)
    yield address
    made.stop()


def bucket(endpoint: str, name: str = "papers", **options: Any) -> Bucket:
    return Bucket(
        S3Options(name, endpoint, access_key=SecretStr(KEY), secret_key=SecretStr(SECRET), **options)
    )


async def test_a_bucket_gives_what_it_holds_and_one_byte_more_than_the_limit(server: str) -> None:
    store = bucket(server)
    assert await store.read("id-card-1", 10) == b"0123456789"
    assert await store.read("id-card-1", 4) == b"01234"
    assert await store.read("large", 1_000_000) == b"x" * 1_000_001
    assert await store.read("large", 5_000_000) == b"x" * 3_000_000
    assert await store.read("id-card-2", 10) is MISSING
    for reference in ("..", ".", "", "../papers/id-card-1", "http://127.0.0.1/x"):
        assert await store.read(reference, 10) is MISSING
    await store.reach()


async def test_a_bucket_that_is_not_there_is_no_missing_document(server: str) -> None:
    store = bucket(server, "another")
    with pytest.raises(Unavailable):
        await store.read("id-card-1", 10)
    with pytest.raises(Unavailable):
        await store.reach()


async def test_a_server_that_refuses_or_never_answers_is_given_up_in_time() -> None:
    with pytest.raises(Unavailable) as refused:
        await bucket("http://127.0.0.1:1", timeout=0.5, retries=1).read("id-card-1", 10)
    assert "id-card-1" not in str(refused.value)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        async with asyncio.timeout(60):  # without one of its own it would wait for ever
            await bucket(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.5, retries=1).reach()


def settings(**options: Any) -> Settings:
    needed = {"bootstrap_servers": "127.0.0.1:9092", "database_url": "postgresql://audit@127.0.0.1/x"}
    return Settings(**(needed | options))


async def test_the_settings_choose_the_store(server: str, folder: Path) -> None:
    assert app.store(settings()) is None
    chosen = app.store(settings(store=str(folder)))
    assert chosen is not None
    assert await chosen.read("id-card-1", 10) == b"0123456789"
    keys = {"store_access_key": KEY, "store_secret_key": SECRET}
    chosen = app.store(settings(store="s3://papers", store_endpoint=server, **keys))
    assert chosen is not None
    assert await chosen.read("id-card-1", 10) == b"0123456789"
    assert SECRET not in repr(settings(**keys))
    for wrong in ("http://papers", "s3://", "s3://papers/deeper"):
        with pytest.raises(ValidationError):
            settings(store=wrong)
