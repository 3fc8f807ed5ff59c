"""`kill -9` of notify at random moments under load (25 with GONGJI_LONG, 8 else), with providers that answer late or never: everybody is told once.

Some of what was under way then can be asked for (the cloud); an SMS centre cannot be asked, so what it did not answer stays in doubt.
"""

import asyncio
import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from deploy.local.ports import free_port
from deploy.local.testing import TestStack
from deploy.peers.clouds import KEY, REPORT_KEY, SECRET
from shared import clock
from shared.testing.messages import MONDAY
from tests.integration.notify.crowd import Centre, Crowd, abouts, decisions, persons, sponsor, who
from tests.integration.notify.helpers import start, stop

LONG = bool(os.environ.get("GONGJI_LONG"))
KILLS = 25 if LONG else 8
PEOPLE = range(620_000, 621_200 if LONG else 620_420)
HANGS = 12
"""One of so many is a person of whose text no provider ever says anything, though a cloud that is asked knows it."""
REST = """select count(*) from notices n left join attempts a on a.notice_id = n.id and a.number = n.attempts
    where n.about = any($1) and (n.next_at is null or (n.state = 'unknown' and a.provider = 'centre'))"""
KNOWN = "select count(*) from persons where psn_no = any($1)"
MADE = "select count(*) from attempts where notice_id in (select id from notices where about = any($1))"
RUN_OUT = "update notices set leased_until = now() where state = 'sending'"
LATEST = """select n.about, n.state, a.provider, a.state as attempt, n.attempts from notices n
    left join attempts a on a.notice_id = n.id and a.number = n.attempts where n.about = any($1)"""


@dataclass
class Peers:
    """An SMS centre that answers late, and a cloud."""

    crowd: Crowd
    centre: Centre
    cloud: Path

    def told(self) -> Counter[int]:
        """How often each person got the text, by the peers' own notes."""
        texts = [json.loads(line) for line in (self.cloud / "cloud.jsonl").read_text("utf-8").splitlines()]
        return Counter([who(one["number"]) for one in texts] + [n for n, _ in self.centre.received()])


@contextlib.asynccontextmanager
async def peers(kafka: str, url: str, folder: Path) -> AsyncIterator[Peers]:
    reports, cloud = free_port(), folder / "cloud"
    cloud.mkdir()
    centre = Centre("centre", folder / "centre", ("--answer-after", "0.1"))
    centre.start()
    clouds, port = start(
        "deploy.peers.clouds", cloud, "clouds.port", "--reports", f"http://127.0.0.1:{reports}"
    )
    alibaba = {
        "name": "alibaba", "kind": "alibaba-sms", "weight": 50, "endpoint": f"127.0.0.1:{port}", "insecure": True, "timeout": 1,
        "access_key_id": KEY, "access_key_secret": SECRET, "report_key": REPORT_KEY,
    }  # fmt: skip
    words = folder / "words"
    words.mkdir()
    codes = {"region": "100000", "approvals": {"approved.sponsor.sms.v1": {"codes": {"alibaba": "SMS_0001"}}}}
    (words / "codes.yaml").write_text(yaml.safe_dump(codes), encoding="utf-8")
    more = {"GONGJI_NOTIFY_REPORTS_PORT": str(reports), "GONGJI_NOTIFY_TEMPLATES_DIR": str(words)}
    rows = [centre.provider(timeout=1, window=12), alibaba]
    fast = clock.with_anchor(f"{MONDAY.isoformat()}*20")
    crowd = Crowd(kafka, url, folder, fast, rows, more)
    await crowd.open()
    try:
        yield Peers(crowd, centre, cloud)
    finally:
        await crowd.close()
        stop(clouds)
        centre.stop()


@pytest.mark.notify
@pytest.mark.timeout(400)
async def test_after_many_kills_everybody_was_told_once_or_stands_in_doubt_that_the_centre_proves(
    stack: TestStack, database_urls: dict[str, str], tmp_path: Path
) -> None:
    seed = os.environ.get("GONGJI_SEED") or str(random.getrandbits(32))
    print(f"\nGONGJI_SEED={seed}")
    async with peers(stack.kafka, database_urls["notify"], tmp_path) as all_of:
        await killed_again_and_again(all_of, random.Random(seed))
        await at_rest(all_of.crowd)
        await judge(all_of)


async def killed_again_and_again(all_of: Peers, chance: random.Random) -> None:
    """Each process lives until it has made an attempt, and for a random time after that."""
    crowd = all_of.crowd
    hangs = [n for n in PEOPLE if n % HANGS == 0]
    await crowd.publish(persons(PEOPLE) + persons(hangs, fate="88", version=2))
    crowd.start()
    await crowd.until(KNOWN, [sponsor(n).psn_no for n in PEOPLE], wanted=len(PEOPLE), seconds=120)
    await crowd.publish(decisions(PEOPLE))
    made = 0
    for _ in range(KILLS):
        await crowd.until(MADE, abouts(PEOPLE), wanted=min(made + 1, len(PEOPLE)), seconds=60)
        await asyncio.sleep(chance.uniform(0, 0.8))
        crowd.kill()
        async with crowd.connected() as conn:
            made = await conn.fetchval(MADE, abouts(PEOPLE))
        crowd.start()


async def at_rest(crowd: Crowd) -> None:
    """Lets the leases of the dead run out at once, and waits until nothing is under way any more, or can be asked for."""
    crowd.kill()
    async with crowd.connected() as conn:
        await conn.execute(RUN_OUT)
    crowd.start()
    await crowd.until(REST, abouts(PEOPLE), wanted=len(PEOPLE), seconds=180)


async def judge(all_of: Peers) -> None:
    """By the peers' notes: nobody twice; who has nothing stands in doubt at the centre. Whom the cloud had, it was asked about."""
    async with all_of.crowd.connected() as conn:
        rows = await conn.fetch(LATEST, abouts(PEOPLE))
    told, named = all_of.told(), dict(zip(abouts(PEOPLE), PEOPLE, strict=True))
    assert len(rows) == len(PEOPLE)
    assert not [n for n, times in told.items() if times > 1]
    doubted = {named[row["about"]] for row in rows if row["attempt"] == "unknown"}
    had = {n for n, _ in all_of.centre.unanswered() + all_of.centre.incomplete()} | set(told)
    print(
        f"{Counter((row['state'], row['provider']) for row in rows)}; {len(doubted - set(told))} of {len(doubted)} in doubt "
        f"got nothing, {len(doubted - had)} were never submitted"
    )
    assert set(PEOPLE) - set(told) <= doubted
    assert {n for n in doubted if n % HANGS}, (
        "no kill fell between a submit and its answer: this run proves nothing"
    )
    assert 2 * len(doubted - had) < len(doubted), "what only waited for its turn counts as sent"
    for row in rows:
        if named[row["about"]] not in doubted:
            assert row["state"] == "delivered", dict(row)
        else:
            assert (row["provider"], row["state"]) in (
                ("centre", "unknown"),
                ("centre", "handed-to-staff"),
            ), dict(row)
