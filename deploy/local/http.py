"""One GET to a service on loopback."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from deploy.local.ports import HOST


async def get(port: int, path: str, timeout: float = 2.0) -> tuple[int, bytes]:
    """Status and body; status 0 when nothing answers in time."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]), body) if len(words) > 1 and words[1].isdigit() else (0, b"")


async def readiness(port: int) -> dict[str, Any]:
    """`{"ok": bool, "wrong": {name: complaint}}` of a service; a service that does not answer is not ok."""
    status, body = await get(port, "/ready")
    if status == 0:
        return {"ok": False, "wrong": {"http": "no answer"}}
    try:
        told = json.loads(body)
    except ValueError:
        told = {}
    return {"ok": status == 200, "wrong": told.get("wrong", {}) if isinstance(told, dict) else {}}
