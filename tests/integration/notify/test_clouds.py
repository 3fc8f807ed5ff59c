"""Both clouds by their own SDKs, unchanged, against stand-ins that verify signatures and report back over HTTP."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.peers.clouds import KEY, REPORT_KEY, SECRET
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.providers.catalogue import KINDS, Entry
from services.notify.providers.interface import Around, LooksUp, Order, Provider, Sent, StoreReceipts
from services.notify.reports import Reports
from shared.metrics import Metrics
from tests.integration.notify.helpers import start, stop, until

NAMES = ("alibaba", "tencent")
CONTENT = Content(
    "",
    "",
    "",
    "",
    template="approved.sponsor.sms.v1",
    variables={"at": "3月1日", "who": "${x}"},
    sign="医保服务",
)


@dataclass
class Sky:
    """Both clouds, and what came back from them."""

    port: int
    out: Path
    stored: list[Receipt] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=lambda: {"alibaba": "SMS_0001", "tencent": "100001"})

    def store(self, provider: str) -> StoreReceipts:
        async def keep(receipts: Sequence[Receipt]) -> None:
            self.stored += receipts

        return keep

    def provider(
        self, name: str, *, secret: str = SECRET, port: int | None = None, timeout: float = 5
    ) -> Provider:
        common = {
            "endpoint": f"127.0.0.1:{port or self.port}", "insecure": True, "report_key": REPORT_KEY, "timeout": timeout,
        }  # fmt: skip
        own = {
            "alibaba": {"kind": "alibaba-sms", "access_key_id": KEY, "access_key_secret": secret},
            "tencent": {
                "kind": "tencent-sms",
                "secret_id": KEY,
                "secret_key": secret,
                "sdk_app_id": "1400000000",
            },
        }[name]
        kind = str(own["kind"])
        settings = KINDS[kind][0].model_validate(common | own)
        return Entry(name, kind, 100, settings).make(Around(self.store, lambda _, who: self.codes.get(who)))

    def texts(self) -> list[dict[str, object]]:
        file = self.out / "cloud.jsonl"
        return (
            [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            if file.exists()
            else []
        )


@pytest_asyncio.fixture
async def sky(tmp_path: Path) -> AsyncIterator[Sky]:
    one = Sky(0, tmp_path)
    port = asyncio.get_running_loop().create_future()
    door = Reports([one.provider(name, port=9) for name in NAMES], one.store, Gauges(Metrics()))
    task = asyncio.create_task(door.run("127.0.0.1", 0, ready=port.set_result))
    reports = f"http://127.0.0.1:{await port}"
    process, one.port = await asyncio.to_thread(
        start, "deploy.peers.clouds", tmp_path, "clouds.port", "--reports", reports
    )
    yield one
    stop(process)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def order(fate: str, reference: str = "0192f0c15a0070008000000000000001001") -> Order:
    return Order(reference, f"+86138000000{fate}", CONTENT)


@pytest.mark.parametrize("name", NAMES)
async def test_a_text_is_taken_by_template_and_variables_and_its_report_comes_back(
    sky: Sky, name: str
) -> None:
    result = await sky.provider(name).send(order("01"))
    assert (result.outcome, len(result.provider_ids)) == (Outcome.ACCEPTED, 1)
    await until(lambda: sky.stored)
    assert sky.stored == [Receipt(result.provider_ids[0], Fate.DELIVERED, "DELIVERED")]
    text = sky.texts()[0]
    assert text["template"] == sky.codes[name]
    assert text["variables"] in ({"at": "3月1日", "who": "${x}"}, ["3月1日", "${x}"])
    assert text["reference"] == order("01").reference


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("digits", "outcome", "fate"),
    [
        ("90", Outcome.ACCEPTED, Fate.PERMANENT),
        ("92", Outcome.ACCEPTED, Fate.TEMPORARY),
        ("91", Outcome.PERMANENT, None),
        ("93", Outcome.THROTTLED, None),
    ],
)
async def test_what_a_number_does(
    sky: Sky, name: str, digits: str, outcome: Outcome, fate: Fate | None
) -> None:
    result = await sky.provider(name).send(order(digits))
    assert result.outcome is outcome
    if fate:
        await until(lambda: sky.stored)
        assert [one.fate for one in sky.stored] == [fate]


@pytest.mark.parametrize("name", NAMES)
async def test_no_answer_is_unknown_and_found_by_looking_up_and_sent_once(sky: Sky, name: str) -> None:
    provider = sky.provider(name)
    result = await provider.send(order("88"))
    assert result.outcome is Outcome.UNKNOWN
    assert isinstance(provider, LooksUp)
    sent = Sent(order("88").reference, order("88").number, datetime.now(UTC), timedelta(seconds=6), ())
    found = await provider.look_up(sent)
    assert found is not None
    assert found.outcome is Outcome.DELIVERED
    assert len(sky.texts()) == 1


async def test_what_a_service_that_lists_all_does_not_know_was_never_taken_once_it_had_its_time(
    sky: Sky,
) -> None:
    provider = sky.provider("alibaba")
    assert isinstance(provider, LooksUp)
    number, started = order("01").number, datetime.now(UTC) - timedelta(minutes=5)
    assert await provider.look_up(Sent("r", number, started, timedelta(seconds=30), ())) is None
    late = await provider.look_up(Sent("r", number, started, timedelta(minutes=5), ()))
    assert late is not None
    assert late.outcome is Outcome.TECHNICAL


async def test_a_service_that_lists_only_what_has_ended_never_says_that_it_took_nothing(sky: Sky) -> None:
    provider = sky.provider("tencent")
    assert isinstance(provider, LooksUp)
    started = datetime.now(UTC) - timedelta(minutes=25)
    assert await provider.look_up(Sent("r", order("01").number, started, timedelta(minutes=25), ())) is None


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_secret_and_a_closed_port_send_nothing(sky: Sky, name: str) -> None:
    forged = await sky.provider(name, secret="wrong").send(order("01"))
    assert forged.outcome is Outcome.TECHNICAL
    closed = sky.provider(name, port=9)
    away = await closed.send(order("01"))
    assert (away.outcome, away.code, closed.up) == (Outcome.TECHNICAL, "not reached", False)
    assert sky.texts() == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_host_that_swallows_packets_has_taken_nothing(sky: Sky, name: str) -> None:
    with contextlib.ExitStack() as sockets:
        silent = sockets.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for _ in range(2):  # its queue is full: whoever comes now hears nothing
            one = sockets.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(silent.getsockname())
        provider = sky.provider(name, port=silent.getsockname()[1], timeout=1)
        result = await provider.send(order("01"))
    assert (result.outcome, result.code, provider.up) == (Outcome.TECHNICAL, "not reached", False)


@pytest.mark.parametrize("name", NAMES)
async def test_a_template_that_is_not_approved_there_is_not_sent(sky: Sky, name: str) -> None:
    sky.codes.clear()
    result = await sky.provider(name).send(order("01"))
    assert (result.outcome, result.reason) == (Outcome.TECHNICAL, "sms-template-not-approved")
    assert sky.texts() == []
