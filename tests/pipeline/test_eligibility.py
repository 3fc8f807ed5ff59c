"""Many at the same moment, strangers, a killed service: whoever asks reads one answer, and nothing is given twice."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest

from deploy.demo.world import World
from shared.contracts.base import Message
from shared.contracts.binding_requests import Submitted, Terms, Withdrawn
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import consented, related, submitted
from shared.testing.proofs import face_check
from tests.pipeline.running import Line
from tests.pipeline.test_bindings import answer
from tests.pipeline.test_operators import gongji

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]
TAIAN, HUNAN, SICHUAN, SUZHOU = "370900", "430100", "510100", "320500"


async def register(
    world: World, persons: Iterable[MadeUp], related_as: Iterable[tuple[MadeUp, MadeUp, str]] = ()
) -> None:
    """The authority records persons and relations."""
    records: list[tuple[str, Message]] = [("registry.persons.recorded", p.recorded()) for p in persons]
    records += [("registry.relations.recorded", related(one, other, kind)) for one, other, kind in related_as]
    await asyncio.gather(*(world.channels.say("authority", kind, body) for kind, body in records))


def application(
    world: World, sponsor: MadeUp, relative: MadeUp, relation: str, **changes: object
) -> Submitted:
    """An application made now, with a face check of its own."""
    about, now = world.ids.new(), world.now()
    face = face_check(sponsor, now, transaction_no=f"T{about}")
    fields = {"relation": relation, "at": now, "binding_id": about, "face_check": face} | changes
    return submitted(sponsor, relative, **fields)  # type: ignore[arg-type]


async def submit(world: World, requests: Iterable[Submitted], source: str = "nhsa-app") -> None:
    """All at the same moment."""
    say = world.channels.say
    await asyncio.gather(*(say(source, "binding.requests.submitted", one) for one in requests))


async def outcomes(world: World, requests: Iterable[Submitted]) -> list[tuple[str, ...]]:
    """State and reason codes of each, in the order of the requests."""
    found = []
    for one in requests:
        seen = await world.settled_state(
            one.binding_id, "the decision", "approved", "refused", "under-review"
        )
        found.append((seen.raw["state"], *(why["code"] for why in seen.raw["reasons"])))
    return found


def dead_letters(world: World) -> int:
    """How many messages eligibility could not handle, so far."""
    return len(world.follower.by_topic["eligibility.dead-letters"])


async def test_one_of_two_sponsors_wins_every_time(world: World, running: Line) -> None:
    """Tai'an lets a child have one sponsor; both parents ask at the same moment, on other partitions, fifty times."""
    before = dead_letters(world)
    families = [
        (adult(n, admdvs=TAIAN), adult(n + 1, admdvs=TAIAN), child(n + 2, admdvs=TAIAN))
        for n in range(5001, 5401, 8)
    ]
    relations = [(parent, kid, "child") for *parents, kid in families for parent in parents]
    await register(world, (one for family in families for one in family), relations)
    await running.quiet(notices=False)
    asked = [application(world, parent, kid, "child") for parent, kid, _ in relations]
    await submit(world, asked, "taian-app")
    found = await outcomes(world, asked)
    assert len(families) == 50
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert {one, other} == {("approved",), ("refused", "already-bound-elsewhere")}
    assert dead_letters(world) == before


async def test_a_cap_holds_under_many_requests_at_once(world: World, running: Line) -> None:
    """Hunan allows ten relatives; thirty-two are asked for at once. Who names more than six in a day is looked at by people."""
    sponsor, relatives = adult(6001, admdvs=HUNAN), [adult(n, admdvs=HUNAN) for n in range(6011, 6043)]
    await register(world, [sponsor, *relatives], [(sponsor, one, "sibling") for one in relatives])
    await running.quiet(notices=False)
    asked = [application(world, sponsor, one, "sibling") for one in relatives]
    await submit(world, asked)
    found = Counter(await outcomes(world, asked))
    assert found == {("approved",): 6, ("under-review",): 4, ("refused", "too-many-beneficiaries"): 22}


async def test_strangers_cannot_be_searched_for(world: World, running: Line) -> None:
    """Within one wait or by taking requests back: after five strangers a sponsor hears the same about everybody."""
    sponsor, kid = adult(6101, admdvs=HUNAN), child(6102, admdvs=HUNAN)
    somebody, other = adult(6103, admdvs=HUNAN), adult(6104, admdvs=HUNAN)
    await register(world, [sponsor, kid, somebody, other], [(sponsor, kid, "child")])
    await running.quiet(notices=False)
    named = [adult(n, admdvs=HUNAN) for n in range(6111, 6115)]
    named.append(somebody.but(psn_name="不是他"))  # an insured person by another name is a stranger as well
    asked = [application(world, sponsor, one, "sibling") for one in named]
    await submit(world, asked)
    heard = [await answer(world, "nhsa-app", str(one.binding_id), "screened") for one in asked]
    assert {(seen.raw["outcome"], len(seen.raw["reasons"])) for seen in heard} == {("accepted", 0)}
    back = Withdrawn(binding_id=asked[0].binding_id, sponsor_psn_no=sponsor.psn_no)
    await world.channels.say("nhsa-app", "binding.requests.withdrawn", back)
    await answer(world, "nhsa-app", str(asked[0].binding_id), "screened", step="办结")
    more = [application(world, sponsor, one, "child") for one in (kid, other)]
    await submit(world, more)
    assert await outcomes(world, more) == [("refused", "too-many-unconfirmed")] * 2


async def test_across_provinces_both_agree_on_an_amount(world: World, running: Line) -> None:
    """Without an amount the request is refused; with it, the relative has to consent, and no one else can."""
    sponsor, sister = adult(6201, admdvs=HUNAN), adult(6202, admdvs=SUZHOU)
    await register(world, [sponsor, sister], [(sponsor, sister, "sibling")])
    await running.quiet(notices=False)
    bare = application(world, sponsor, sister, "sibling")
    await submit(world, [bare])
    assert await outcomes(world, [bare]) == [("refused", "earmark-missing")]
    whole = application(
        world, sponsor, sister, "sibling", terms=Terms(scope=("outpatient",), earmark="500.00")
    )
    await submit(world, [whole])
    await answer(world, "nhsa-app", str(whole.binding_id), "screened", outcome="consent-needed")
    say, about = world.channels.say, str(whole.binding_id)
    own = consented(sponsor, whole.binding_id, at=world.now())
    await say("nhsa-app", "beneficiary.requests.consented", own)
    wrong = await answer(world, "nhsa-app", about, "refused")
    assert [why["code"] for why in wrong.raw["reasons"]] == ["consent-wrong-person"]
    await say(
        "jiangsu-cloud", "beneficiary.requests.consented", consented(sister, whole.binding_id, at=world.now())
    )
    assert await outcomes(world, [whole]) == [("approved",)]
    state = world.latest(whole.binding_id)
    assert state is not None
    assert state.raw["case"]["mode"] == "earmark"


async def test_killed_under_load_nothing_is_lost_or_doubled(world: World, running: Line) -> None:
    """SIGKILL while requests come: each is screened once and answered once; the same bytes again change nothing."""
    pairs = [(adult(n, admdvs=SICHUAN), child(n + 1, admdvs=SICHUAN)) for n in range(7001, 7401, 2)]
    await register(
        world, (one for pair in pairs for one in pair), [(parent, kid, "child") for parent, kid in pairs]
    )
    await running.quiet(notices=False)
    asked = [application(world, *pair, "child") for pair in pairs]
    at = world.now()
    ids = {one.binding_id: f"load-{one.binding_id}" for one in asked}
    for number, one in enumerate(asked):
        if number == 100:
            os.kill(running.service("eligibility")["pid"], signal.SIGKILL)
        for _ in range(1 + (number % 10 == 0)):  # every tenth is sent twice
            await world.channels.say(
                "nhsa-app", "binding.requests.submitted", one, ids[one.binding_id], time=at
            )
    assert set(await outcomes(world, asked)) == {("approved",)}
    await running.quiet(notices=False)
    rounds = Counter(_screenings(world, one.binding_id) for one in asked)
    assert rounds == {1: len(asked)}


def _screenings(world: World, about: UUID) -> int:
    """How many there were. What a killed service had just published it may publish again, under the same id."""
    return len({seen.header("ce_id") for seen in world.follower.named(str(about), "binding.screenings")})


async def test_a_policy_officer_sees_what_a_change_would_have_meant(
    world: World, running: Line, tmp_path: Path
) -> None:
    """`policy replay` over what this stack has screened: names the key that decides and writes nothing."""
    pair = adult(6301, admdvs="420100"), child(6302, admdvs="420100")
    await register(world, pair, [(*pair, "child")])
    await running.quiet(notices=False)
    asked = application(world, *pair, "child")
    await submit(world, [asked])
    assert await outcomes(world, [asked]) == [("approved",)]
    file = tmp_path / "420000.yaml"
    entry = "{from: 2026-01-01, value: 0, reference: 试算, grade: P}"
    file.write_text(f'region: "420000"\nbinding:\n  max_beneficiaries:\n    - {entry}\n', encoding="utf-8")
    day = world.now().date().isoformat()
    told = json.loads(
        await gongji(
            running,
            "policy",
            "replay",
            "--with",
            str(file),
            "--region",
            "湖北",
            "--from",
            day,
            "--to",
            day,
            "--json",
        )
    )
    (row,) = told["screenings_that_differ"]
    assert (row["binding_id"], row["before"], row["after"]) == (str(asked.binding_id), "passed", "refused")
    assert (row["keys"], told["changed_keys"]) == ("binding.max_beneficiaries", ["binding.max_beneficiaries"])
