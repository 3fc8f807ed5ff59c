"""A binding request from the channel's record to the text message, and back again."""

import json

import asyncpg
import pytest

from deploy.demo.world import World
from deploy.local.databases import SERVICES
from deploy.reading.seen import Seen
from shared.contracts.binding_requests import Submitted
from tests.pipeline.running import Line

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]


async def answer(world: World, source: str, about: str, kind: str, **fields: object) -> Seen:
    """The answer of that kind about a binding whose fields are as given."""

    def found() -> Seen | None:
        for seen in world.follower.named(about, f"answers.{source}"):
            if (
                seen.spec
                and seen.spec.short == f"answers.{kind}"
                and fields.items() <= dict(seen.raw).items()
            ):
                return seen
        return None

    return await world.follower.until(found, f"{kind} {fields} about {about}")


async def notice(world: World, about: str, kind: str) -> Seen:
    """The notice about something that has come that far."""

    def found() -> Seen | None:
        of = f"binding.notices.{kind}"
        seen = world.follower.named(about, "binding.notices")
        return next((s for s in seen if s.spec and s.spec.short == of), None)

    return await world.follower.until(found, f"{kind} notice about {about}")


async def apply(world: World, source: str, request: Submitted) -> str:
    """Publishes an application; its binding_id as text."""
    await world.channels.say(source, "binding.requests.submitted", request)
    return str(request.binding_id)


async def test_approved_and_told(world: World, running: Line) -> None:
    """Request → screened → approved → text message at the SMS centre → delivered → the fourth public step."""
    about = await apply(world, "zheliban", world.application("zhang-wei", "li-na", "spouse"))
    screened = await answer(world, "zheliban", about, "screened", outcome="passed")
    approved = await answer(world, "zheliban", about, "binding", state="approved", step="办结")
    assert (screened.raw["reasons"], screened.raw["step"]) == ([], "受理")
    assert screened.request == approved.request
    delivered = await notice(world, about, "delivered")
    assert delivered.raw["medium"] == "sms"
    numbers = {text["number"][-11:] for text in running.peers.texts()}
    assert world.cast["zhang-wei"].tel in numbers
    last = await answer(world, "zheliban", about, "binding", state="approved", step="送达")
    assert last.raw["version"] == approved.raw["version"]


async def test_refused_with_all_reasons(world: World, running: Line) -> None:
    """Every reason at once, each with texts and a remedy, in both answers; the refusal is told, too."""
    request = world.application("zheng-lei", "sun-li", "parent", commitment=None)
    about = await apply(world, "nhsa-app", request)
    screened = await answer(world, "nhsa-app", about, "screened", outcome="refused")
    codes = {reason["code"] for reason in screened.raw["reasons"]}
    assert codes == {"account-frozen", "beneficiary-in-arrears", "commitment-missing"}
    for reason in screened.raw["reasons"]:
        assert all(reason[text] for text in ("zh", "en", "remedy_zh", "remedy_en", "rule")), reason["code"]
    state = await answer(world, "nhsa-app", about, "binding", state="refused")
    assert {reason["code"] for reason in state.raw["reasons"]} == codes
    assert (await notice(world, about, "delivered")).raw["medium"] == "sms"


async def test_unreachable_by_text_is_called(world: World, running: Line) -> None:
    """A number whose texts expire is called, and the key 1 confirms."""
    about = await apply(world, "zheliban", world.application("zhao-gang", "zhao-xue", "child"))
    delivered = await notice(world, about, "delivered")
    assert delivered.raw["medium"] == "call"
    assert [call for call in running.peers.calls() if call["number"].endswith(world.cast["zhao-gang"].tel)]


async def test_wrong_fields_are_refused_by_name(world: World, running: Line) -> None:
    """An unknown relation and a code that is none: both fields are named, nothing is decided."""
    request = world.application("zhou-min", "li-na", "sibling")
    body = json.loads(request.model_dump_json(exclude_none=True)) | {
        "relation": "best-friend",
        "admdvs": "Hangzhou",
    }
    sponsor, about = request.sponsor.psn_no, str(request.binding_id)
    await world.channels.say("zheliban", "binding.requests.submitted", body, key=sponsor, subject=about)
    refused = await answer(world, "zheliban", about, "refused")
    assert {reason["field"] for reason in refused.raw["reasons"]} == {"relation", "admdvs"}
    await running.quiet(notices=False)
    assert world.latest(request.binding_id) is None


async def test_impossible_date_in_a_certificate(world: World) -> None:
    """30 February: refused for the field, and the number is repeated nowhere."""
    request = world.application("zhou-min", "li-na", "sibling")
    body = json.loads(request.model_dump_json(exclude_none=True))
    body["beneficiary"]["certno"] = "330199199002300012"
    names = {"key": request.sponsor.psn_no, "subject": str(request.binding_id)}
    await world.channels.say("zheliban", "binding.requests.submitted", body, **names)
    screened = await answer(world, "zheliban", names["subject"], "screened", outcome="refused")
    codes = {
        reason["code"] for reason in screened.raw["reasons"] if reason.get("field") == "beneficiary.certno"
    }
    assert any(code.startswith("certificate-") for code in codes), codes
    assert b"330199199002300012" not in (screened.value or b"")


async def test_one_person_in_any_notation(world: World) -> None:
    """A certificate number in full-width characters names the same person: the second request finds the binding."""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in world.cast["zhang-xiaoming"].certno)
    for expected, number in (("approved", world.cast["zhang-xiaoming"].certno), ("refused", wide)):
        request = world.application("zhang-wei", "zhang-xiaoming", "child")
        body = json.loads(request.model_dump_json(exclude_none=True))
        body["beneficiary"]["certno"] = number
        names = {"key": request.sponsor.psn_no, "subject": str(request.binding_id)}
        await world.channels.say("zheliban", "binding.requests.submitted", body, **names)
        state = await world.settled_state(
            request.binding_id, f"the {expected} request", "approved", "refused"
        )
        assert state.raw["state"] == expected
    assert [reason["code"] for reason in state.raw["reasons"]] == ["already-bound-here"]


@pytest.mark.parametrize("reader", SERVICES)
async def test_no_service_reads_anothers_tables(running: Line, reader: str) -> None:
    """With the very role and password that the running service has."""
    connection = await asyncpg.connect(running.told["services"][reader]["database_url"])
    try:
        assert await connection.fetchval("select count(*) from consumed") > 0
        for other in set(SERVICES) - {reader}:
            for table in ("consumed", "inbox", "outbox", "dead_letters"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval(f'select count(*) from "{other}".{table}')
    finally:
        await connection.close()
