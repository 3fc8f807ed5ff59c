"""Two whole notify processes side by side: one group, one database, the same SMS centre. Everybody is told once, and both do their part."""

import asyncio
import time
import urllib.request
from collections import Counter
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.testing import TestStack
from shared import clock
from shared.testing.messages import MONDAY
from tests.integration.notify.crowd import Centre, Crowd, abouts, decisions, persons, sponsor

PEOPLE = range(660_000, 660_300)
KNOWN = "select count(*) from persons where psn_no = any($1)"
DELIVERED = "select count(*) from notices where about = any($1) and state = 'delivered'"
ATTEMPTS = "select count(*) from attempts where notice_id in (select id from notices where about = any($1))"


def replica(stack: TestStack, url: str, folder: Path, centre: Centre, number: int) -> Crowd:
    """One process; what it says of itself stands in a folder of its own."""
    folder.mkdir()
    told = {
        "GONGJI_INSTANCE": f"replica-{number}",
        "GONGJI_HTTP_PORT": str(free_port()),
    }
    row = centre.provider(window=5)
    return Crowd(stack.kafka, url, folder, clock.with_anchor(MONDAY.isoformat()), [row], told)


def figure(one: Crowd, name: str) -> float:
    """The sum of a metric of that process over all its labels."""
    url = f"http://127.0.0.1:{one.more['GONGJI_HTTP_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + "{"))


async def both_stand(replicas: list[Crowd], seconds: float = 90) -> None:
    """Waits until each process has its link to the SMS centre."""
    end = time.monotonic() + seconds
    for one in replicas:
        while True:
            assert time.monotonic() < end, one.log()
            try:
                if await asyncio.to_thread(figure, one, "gongji_notify_link_up"):
                    break
            except OSError:  # it does not listen yet
                pass
            await asyncio.sleep(0.1)


async def test_two_processes_tell_everybody_once(
    stack: TestStack, database_urls: dict[str, str], tmp_path: Path
) -> None:
    centre = Centre("centre", tmp_path / "centre", ("--answer-after", "0.05"))
    centre.start()
    replicas = [replica(stack, database_urls["notify"], tmp_path / f"r{n}", centre, n) for n in (1, 2)]
    first, second = replicas
    try:
        for one in replicas:
            await one.open()
        second.group = first.group
        await first.publish(persons(PEOPLE))
        first.start()
        second.start()
        await first.until(KNOWN, [sponsor(n).psn_no for n in PEOPLE], wanted=len(PEOPLE), seconds=90)
        await both_stand(replicas)
        await first.publish(decisions(PEOPLE))
        await first.until(DELIVERED, abouts(PEOPLE), wanted=len(PEOPLE), seconds=120)
        shares = [await asyncio.to_thread(figure, one, "gongji_notify_attempts_total") for one in replicas]
        async with first.connected() as conn:
            made = await conn.fetchval(ATTEMPTS, abouts(PEOPLE))
    finally:
        for one in replicas:
            await one.close()
        centre.stop()
    assert Counter(n for n, _ in centre.received()) == Counter(PEOPLE)
    assert made == sum(shares) == len(PEOPLE)
    assert min(shares) > len(PEOPLE) / 20, shares
