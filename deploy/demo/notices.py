"""What became of the notices of each request, read from `binding.notices` as an operator would."""

import asyncio
from pathlib import Path

from deploy.demo.peers import Peers
from deploy.demo.rows import Row
from deploy.demo.world import World
from deploy.peers.hearing import HEARD, likeness, wav_pcm
from deploy.reading.seen import Seen

MEDIA = {"sms": "短信", "call": "电话", "message-centre": "消息中心"}
FINAL = ("delivered", "handed-to-staff")


async def wait_for_notices(world: World, timeout: float = 60.0) -> None:
    """Writes each row's last notice into it, waiting until all are as expected or the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while True:
        for row in world.ledger.requests:
            row.notice = _last(world, row)
        if all(row.notice == row.notice_expected for row in world.ledger.requests) or loop.time() > deadline:
            return
        await asyncio.sleep(0.3)


def _last(world: World, row: Row) -> str:
    """The sponsor's last notice; the relative may be a child without a phone."""
    notices = world.follower.named(row.about, "binding.notices")
    found = [seen for seen in notices if _short(seen) in FINAL and seen.raw["recipient"] == "sponsor"]
    if not found or not row.notice_expected:
        return ""
    last = max(found, key=lambda seen: int(seen.raw["version"]))
    if _short(last) == "handed-to-staff":
        return "转人工 handed-to-staff"
    return f"{MEDIA[last.raw['medium']]} {_short(last)}"


def _short(seen: Seen) -> str:
    return seen.spec.short.rsplit(".", 1)[1] if seen.spec else ""


def what_was_heard(peers: Peers, speech: Path) -> dict[str, tuple[float, str]]:
    """For each recorded call: the likeness (0..1) with the details that are in it, and their text; who heard only who calls, that.

    `speech` is notify's cache: `<digest>.pcm` beside `<digest>.txt`.
    """
    spoken = [(file.read_bytes(), file.with_suffix(".txt")) for file in sorted(speech.glob("*.pcm"))]
    heard = {}
    for call in peers.calls():
        if not call["wav"]:
            continue
        recording = wav_pcm(peers.out / call["wav"])
        found = [(likeness(pcm, recording), len(pcm), text) for pcm, text in spoken]
        best, _, text = max(
            (one for one in found if one[0] >= HEARD),
            default=max(found, default=(0.0, 0, None)),
            key=lambda one: one[1],  # the details are longer than the opening, which is in every call
        )
        heard[call["wav"]] = (best, text.read_text(encoding="utf-8") if text and text.exists() else "")
    return heard
