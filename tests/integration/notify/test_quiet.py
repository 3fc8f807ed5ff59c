"""A text through each provider that is reached over HTTP, with every logger wide open: nothing of it is written anywhere."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr, redirect_stdout

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from prometheus_client import generate_latest
from pydantic import HttpUrl, SecretStr

from deploy.peers.clouds import KEY, REPORT_KEY, SECRET
from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.providers import quiet
from services.notify.providers.interface import Around, Order, StoreReceipts
from services.notify.providers.kannel import Kannel
from services.notify.providers.options import KannelSettings
from services.notify.reports import Reports
from shared import log
from shared.metrics import Metrics
from tests.integration.notify.helpers import until
from tests.integration.notify.test_clouds import Sky, sky

__all__ = ["sky"]

PASSWORD, NUMBER, WORDS, NAME = "kannel-password", "+8613800000001", "您为父母申请的家庭共济", "欧阳娜娜"
CONTENT = Content(
    "", "", f"【医保服务】{WORDS}", "", opening=f"请{NAME}接听", template="approved.sponsor.sms.v1",
    variables={"at": WORDS, "who": NAME}, sign="医保服务",
)  # fmt: skip
HIDDEN = (PASSWORD, NUMBER, NUMBER[3:], WORDS, NAME, KEY, SECRET, REPORT_KEY, "%E6%82%A8", "\\u60a8")


class Kept(logging.Handler):
    """Everything that any logger lets through."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_text)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The service's own configuration, then a root that keeps all of DEBUG."""
    log.configure("notify", "DEBUG")
    quiet.silence()
    handler, root = Kept(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """smsbox as far as a text needs it."""
    got: list[dict[str, str]] = []

    async def sendsms(request: web.Request) -> web.Response:
        got.append(dict(request.query))
        return web.Response(status=202, text="0: Accepted for delivery")

    app = web.Application()
    app.router.add_get("/cgi-bin/sendsms", sendsms)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/cgi-bin/sendsms", got
    await runner.cleanup()


def _nowhere(provider: str) -> StoreReceipts:
    async def stored(receipts: object) -> None:
        raise AssertionError("nothing is stored")

    return stored


def kannel(url: str) -> Kannel:
    settings = KannelSettings(
        url=HttpUrl(url), username="gongji", password=SecretStr(PASSWORD), reports=HttpUrl("http://127.0.0.1:9"),
        report_key=SecretStr(REPORT_KEY), timeout=5,
    )  # fmt: skip
    return Kannel("gate", settings, Around(_nowhere, lambda _, __: None))


def nothing_shown(kept: Kept, *streams: io.StringIO) -> None:
    written = "\n".join([*kept.lines, *(one.getvalue() for one in streams)])
    assert [one for one in HIDDEN if one in written] == []


async def test_a_text_through_kannel_taken_or_not_leaves_no_trace(
    kept: Kept, gateway: tuple[str, list[dict[str, str]]]
) -> None:
    url, got = gateway
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        taken = await kannel(url).send(Order("r1", NUMBER, CONTENT))
        away = await kannel("http://127.0.0.1:9/cgi-bin/sendsms").send(Order("r2", NUMBER, CONTENT))
    assert (taken.outcome, away.outcome) == (Outcome.ACCEPTED, Outcome.TECHNICAL)
    assert (got[0]["password"], got[0]["text"]) == (PASSWORD, CONTENT.sms)
    nothing_shown(kept, out, err)
    assert not any(one in f"{taken}{away}" for one in HIDDEN)


@pytest.mark.parametrize("name", ["alibaba", "tencent"])
async def test_a_text_through_a_cloud_and_its_report_leave_no_trace(sky: Sky, name: str, kept: Kept) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        taken = await sky.provider(name).send(Order("0192f0c15a0070008000000000000001001", NUMBER, CONTENT))
        forged = await sky.provider(name, secret="wrong").send(Order("r2", NUMBER, CONTENT))
        away = await sky.provider(name, port=9).send(Order("r3", NUMBER, CONTENT))
        await until(lambda: sky.stored)
    assert [one.outcome for one in (taken, forged, away)] == [Outcome.ACCEPTED, Outcome.TECHNICAL, Outcome.TECHNICAL]  # fmt: skip
    assert sky.texts()[0]["variables"] in (dict(CONTENT.variables), list(CONTENT.variables.values()))
    nothing_shown(kept, out, err)
    assert not any(one in f"{taken}{forged}{away}{sky.stored}" for one in HIDDEN)


async def test_a_report_that_is_forged_or_unreadable_shows_neither_key_nor_number_in_lines_and_metrics(
    kept: Kept,
) -> None:
    metrics = Metrics()
    door = Reports([kannel("http://127.0.0.1:9")], _nowhere, Gauges(metrics))
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(door.run("127.0.0.1", 0, ready=port.set_result))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{await port}") as http:
            forged = await http.get(
                "/receipts/gate", params={"key": SECRET, "reference": NUMBER, "state": "1"}
            )
            unread = await http.get(
                "/receipts/gate", params={"key": REPORT_KEY, "reference": NUMBER, "state": WORDS}
            )
    task.cancel()
    assert (forged.status_code, unread.status_code) == (403, 400)
    nothing_shown(kept, out, err)
    assert "report turned away" in err.getvalue()
    figures = generate_latest(metrics.registry).decode()
    assert 'outcome="forged"' in figures
    assert not any(one in figures + forged.text + unread.text for one in HIDDEN)
