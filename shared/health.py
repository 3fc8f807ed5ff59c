"""HTTP for operators: `/live`, `/ready`, `/metrics`. A dozen lines of HTTP/1.1 instead of a framework.

Liveness is progress: it turns red when a task that must run has ended or has not moved for too long.
Readiness is Kafka, a writable database and no brake. Both answer 200 or 503 with a JSON list of what is wrong.
"""

import asyncio
import json
import time
from collections.abc import Callable

from shared.metrics import CONTENT_TYPE_LATEST, Metrics


class Health:
    """What is wrong at the moment. `live` holds checks that return a complaint or None; `red` holds named complaints."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.live: dict[str, Callable[[], str | None]] = {}
        self.red: dict[str, str] = {"start": "starting"}

    def set(self, name: str, complaint: str | None) -> None:
        """Sets or clears (None) a complaint against readiness."""
        if complaint is None:
            self.red.pop(name, None)
        else:
            self.red[name] = complaint

    def dead(self) -> dict[str, str]:
        """Complaints against liveness."""
        found = {name: check() for name, check in self.live.items()}
        return {name: complaint for name, complaint in found.items() if complaint}

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        if path == "/metrics":
            self.metrics.ready.set(0 if self.red else 1)
            return 200, CONTENT_TYPE_LATEST, self.metrics.exposition()
        if path not in ("/live", "/ready"):
            return 404, "application/json", b'{"error": "use /live, /ready or /metrics"}'
        wrong = self.dead() if path == "/live" else {**self.red, **self.dead()}
        body = json.dumps({"ok": not wrong, "wrong": wrong}, ensure_ascii=False).encode()
        return (503 if wrong else 200), "application/json", body


class Heartbeat:
    """Seconds since a loop last went round, for liveness."""

    def __init__(self, limit: float, now: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._now = limit, now
        self._last = now()

    def beat(self) -> None:
        self._last = self._now()

    def check(self) -> str | None:
        age = self._now() - self._last
        return f"no progress for {age:.0f} s" if age > self.limit else None


async def serve(health: Health, host: str, port: int) -> asyncio.Server:
    """Starts the HTTP server (port 0: any free one) and returns it."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
                words = head.split(b" ", 2)
                path = words[1].decode("latin-1").partition("?")[0] if len(words) > 1 else "/"
                status, kind, body = health.answer(path)
                phrase = {200: "OK", 404: "Not Found"}.get(status, "Service Unavailable")
                writer.write(
                    f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {kind}\r\n"
                    f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connection, host, port)
