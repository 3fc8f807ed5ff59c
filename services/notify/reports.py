"""The door for receipts over HTTP: `/receipts/<provider>`. A provider hears that a report was taken once it is stored, not before.

Who cannot show that a report is the provider's own is turned away; what cannot be read is said with the field, and counted.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from services.notify.gauges import Gauges
from services.notify.providers.interface import Forged, Posted, Provider, StoreReceipts, TakesReports
from shared import log

_LARGEST: Final = 2**20
_PATIENCE: Final = 4.0
"""Seconds for storing; providers wait about 5 s, and send the report again."""

_PORT_AGAIN: Final = 5.0


class Reports:
    """Serves while it runs; providers that take no reports have no door."""

    def __init__(
        self, providers: Sequence[Provider], store: Callable[[str], StoreReceipts], gauges: Gauges
    ) -> None:
        self._takers = {one.name: one for one in providers if isinstance(one, TakesReports)}
        self._store = {name: store(name) for name in self._takers}
        self._gauges = gauges
        self._log = log.get()

    def __bool__(self) -> bool:
        """Whether anybody reports over HTTP."""
        return bool(self._takers)

    async def run(self, host: str, port: int, ready: Callable[[int], None] = lambda port: None) -> None:
        """Serves until cancelled. Port 0: any free one, told to `ready` and the log. A port that is taken is waited for."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/receipts/{provider}", self._take)
        runner = web.AppRunner(
            app, access_log=None
        )  # an access log would keep secrets and numbers of queries
        await runner.setup()
        try:
            await self._listen(runner, host, port)
            served = int(runner.addresses[0][1])
            self._log.info("reports-ready", port=served, providers=sorted(self._takers))
            ready(served)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner, host: str, port: int) -> None:
        """Texts and calls go on meanwhile; providers send their reports again."""
        while True:
            try:
                await web.TCPSite(runner, host, port, backlog=256).start()
                return
            except OSError as error:
                self._log.warning("reports-wait-for-port", host=host, port=port, **log.fault(error))
                await asyncio.sleep(_PORT_AGAIN)

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["provider"]
        taker = self._takers.get(name)
        if taker is None:
            return _said(404, "no such provider")
        posted = await _posted(request)
        try:
            receipts = taker.read(posted)
            async with asyncio.timeout(_PATIENCE):
                await self._store[name](receipts)
        except Forged:
            return self._turned_away(name, "forged", 403, "not the provider's own")
        except ValueError as error:
            return self._turned_away(name, "unreadable", 400, str(error))
        except (
            Exception
        ) as error:  # the database is away, or we are wrong: not stored, so it has to come again
            self._log.warning("report not stored", provider=name, **log.fault(error))
            return self._turned_away(name, "not-stored", 503, "try again")
        self._gauges.reports.labels(name, "taken").inc()
        media_type, body = taker.taken(posted)
        return web.Response(body=body, content_type=media_type)

    def _turned_away(self, provider: str, why: str, status: int, said: str) -> web.Response:
        self._gauges.reports.labels(provider, why).inc()
        self._log.warning("report turned away", provider=provider, why=why)
        return _said(status, said)


async def _posted(request: web.Request) -> Posted:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Posted(request.method, request.path, dict(request.query), headers, await request.read())


def _said(status: int, said: str) -> web.Response:
    return web.json_response({"error": said}, status=status)
