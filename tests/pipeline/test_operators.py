"""What operators read: the story of a binding, and never a person's name, certificate number or telephone number."""

import asyncio
import json
import os
import sys

import pytest

from deploy.demo.world import World
from deploy.local.databases import SERVICES
from tests.pipeline.running import Line

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]


PATIENCE = 300.0
"""Seconds after which a command hangs, however busy the machine is."""


async def gongji(running: Line, *arguments: str) -> str:
    """What a command prints, on this stack."""
    code = "from deploy.cli import app; app()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments),
        env=os.environ | {"GONGJI_HOME": str(running.home), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    except TimeoutError:
        process.kill()
        raise AssertionError(f"gongji {' '.join(arguments)} took longer than {PATIENCE:.0f} s") from None
    assert process.returncode == 0, said.decode()
    return said.decode()


def canaries(world: World) -> dict[str, str]:
    """What must not be seen: each name, certificate number and telephone number of the cast, with whose it is."""
    found = {}
    for handle, member in world.cast.persons.items():
        who = member.person
        for kind, text in (("name", who.psn_name), ("certno", who.certno), ("tel", who.tel)):
            if text:
                found[text] = f"{kind} of {handle}"
    return found


async def test_nothing_personal_is_seen(world: World, running: Line) -> None:
    """A request, a refusal, a poison message, a bill; then logs, metrics and stories are searched."""
    good = world.application("liu-yang", "liu-bao", "child")
    bad = world.application("zhou-min", "feng-yu", "parent")
    broken = world.application("zhou-min", "lin-tao", "sibling").model_dump_json(exclude_none=True)[:-1]
    for request in (good, bad):
        await world.channels.say("nhsa-app", "binding.requests.submitted", request)
    sponsor = world.cast["zhou-min"]
    headers = [("ce_id", b"poison"), ("ce_source", b"nhsa-app"), ("ce_specversion", b"1.0")]
    headers.append(("ce_type", b"gongji.binding.requests.submitted.v1"))
    await world.channels.raw("binding.requests", sponsor.psn_no.encode(), broken.encode(), headers)
    wrong = json.loads(bad.model_dump_json(exclude_none=True)) | {"relation": sponsor.psn_name}
    names = {"key": sponsor.psn_no, "subject": str(bad.binding_id)}
    await world.channels.say("nhsa-app", "binding.requests.submitted", wrong, **names)
    await world.settled_state(good.binding_id, "the binding", "approved")
    await world.settled_state(bad.binding_id, "the refusal", "refused")
    await running.quiet()
    seen = {
        f"log/{file.name}": file.read_text("utf-8", "replace") for file in (running.home / "log").iterdir()
    }
    assert {f"log/{name}.log" for name in (*SERVICES, "kafka", "postgres", "gongji")} <= seen.keys()
    seen |= {f"{name}/metrics": await running.metrics(name) for name in SERVICES}
    for request in (good, bad):
        for option in ("--json", "--english"):
            about = str(request.binding_id)
            seen[f"trace {about} {option}"] = await gongji(running, "trace", about, option)
    assert all(text.strip() for name, text in seen.items() if "postgres" not in name)
    leaks = [
        f"{whose} in {place}"
        for place, text in seen.items()
        for c, whose in canaries(world).items()
        if c in text
    ]
    assert leaks == []


async def test_trace_tells_the_story(world: World, running: Line) -> None:
    """From the request to the delivered notice, over all services, in order; a refusal in one Chinese line."""
    request = world.application("zhang-wei", "wang-guilan", "parent-in-law")
    about = str(request.binding_id)
    await world.channels.say("nhsa-app", "binding.requests.submitted", request)
    await world.settled_state(request.binding_id, "the refusal", "refused")
    await running.quiet()
    events = [json.loads(line) for line in (await gongji(running, "trace", about, "--json")).splitlines()]
    types = [event["type"] for event in events]
    story = ["binding.requests.submitted", "binding.screenings.refused", "binding.decisions.refused"]
    story += ["binding.notices.sent", "binding.notices.delivered"]
    assert [kind for kind in dict.fromkeys(types) if kind in story] == story
    assert {"answers.screened", "answers.binding"} <= set(types)
    assert "民法典第1045条" in await gongji(running, "trace", about)
