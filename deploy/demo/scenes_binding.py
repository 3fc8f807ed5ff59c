"""Binding requests of the demo: the channels of the sources, the complaints that people have, and what becomes of each."""

import asyncio
from uuid import UUID

from deploy.demo.world import World
from deploy.reading.seen import Seen
from shared.contracts.beneficiary_requests import Declined
from shared.contracts.binding_requests import ChannelKind, Supplemented, Withdrawn
from shared.contracts.review_verdicts import Decision, VerdictGiven
from shared.testing.messages import consented, unbind_requested
from shared.testing.proofs import commitment, counter, face_check, material

SMS, CALL, STAFF = "短信 delivered", "电话 delivered", "转人工 handed-to-staff"


async def families_approved_at_once(world: World) -> None:
    """Spouse, child and parents whose relation the registry proves."""
    for source, title, sponsor, beneficiary, relation, notice in (
        ("zheliban", "配偶，关系已登记：秒批", "zhang-wei", "li-na", "spouse", SMS),
        ("zheliban", "8岁孩子：无需本人同意", "zhang-wei", "zhang-xiaoming", "child", SMS),
        ("suishenban", "职工父亲：自有账户先付", "xu-jie", "xu-laoda", "parent", SMS),
        ("zheliban", "短信不可达：改打电话", "zhao-gang", "zhao-xue", "child", CALL),
        ("gongzhonghao", "短信、电话都不可达：转人工", "he-jun", "he-mei", "child", STAFF),
        ("xinjiang-mini", "不满16岁的孩子：直接加入", "aisha", "aibek", "child", SMS),
    ):
        changes = {"channel": ChannelKind.OFFICIAL_ACCOUNT} if source == "gongzhonghao" else {}
        request = world.application(sponsor, beneficiary, relation, **changes)
        await world.apply(source, title, request, "approved", notice)


async def refusals(world: World) -> None:
    """What cannot be, each with all its reasons at once."""
    in_law = world.application("zhang-wei", "wang-guilan", "parent-in-law")
    await world.apply("nhsa-app", "岳母：姻亲不可共济", in_law, "refused", SMS, ["in-law-not-allowed"])
    for title, sponsor, beneficiary, relation, reasons in (
        ("只有居民医保，没有个人账户", "wu-fang", "li-na", "sibling", None),
        ("职工医保暂停", "chen-hao", "qian-duo", "child", None),
        (
            "个人账户已封存，亲属欠费",
            "zheng-lei",
            "sun-li",
            "parent",
            ["account-frozen", "beneficiary-in-arrears"],
        ),
        ("亲属登记为已故", "zhou-min", "feng-yu", "parent", None),
        (
            "跨省：未设共济额度，且缺证明材料",
            "zhou-min",
            "lin-tao",
            "sibling",
            ["earmark-missing", "materials-missing"],
        ),
    ):
        request = world.application(sponsor, beneficiary, relation)
        await world.apply("nhsa-app", title, request, "refused", SMS, reasons or ())


async def not_confirmed(world: World) -> None:
    """A name that is not the certificate's: eligibility waits for the registry (`person_wait`), then says no more than that."""
    stranger = world.application(
        "zhou-min",
        "zhou-qiang",
        "sibling",
        beneficiary=world.cast["zhou-qiang"].but(psn_name="周墙").as_beneficiary(),
    )
    await world.apply(
        "website", "姓名与证件不符：只说未能确认", stranger, "refused", SMS, ["beneficiary-not-confirmed"]
    )


async def mended_after_refusal(world: World) -> None:
    """Several reasons at once; the resubmission names the earlier request and reads which reasons are gone."""
    bad = world.application("shen-hui", "shen-mu", "parent", commitment=None, face_check=None)
    _, first = await world.apply(
        "jiangsu-cloud",
        "未签承诺书且未刷脸",
        bad,
        "refused",
        SMS,
        ["commitment-missing", "face-check-missing"],
    )
    good = world.application("shen-hui", "shen-mu", "parent", earlier_binding_id=first)
    await world.apply("jiangsu-cloud", "更正后重新提交", good, "approved", SMS)
    answers = world.follower.named(str(good.binding_id), "answers.jiangsu-cloud")
    gone = {code for seen in answers for code in seen.raw.get("reasons_gone", ())}
    world.ledger.check(
        "重新提交的答复列出已消除的理由 / the resubmission reads which reasons are gone",
        gone == {"commitment-missing", "face-check-missing"},
        ", ".join(sorted(gone)),
    )


async def reviewed_by_a_person(world: World) -> None:
    """A relation that the registry does not know: documents, a reviewer, approval."""
    request = world.application(
        "zhou-min",
        "zhou-qiang",
        "sibling",
        materials=(material("household-register"),),
        channel=ChannelKind.WEBSITE,
    )
    row = world.row("website", "姐弟关系未登记：人工审核通过", "approved", str(request.binding_id), SMS)
    sender = await world.channels.say_by_node("website", "binding.requests.submitted", request)
    row.title += f"（{sender}）"
    await world.settled_state(request.binding_id, row.title, "under-review")
    await world.decide(
        VerdictGiven(binding_id=request.binding_id, operator_id="reviewer-01", decision=Decision.APPROVE)
    )
    await world.see_state(row, request.binding_id, "approved")


async def consent(world: World) -> None:
    """Xinjiang: adults consent by face; one consents, one declines."""
    request = world.application("aisha", "maimaiti", "parent")
    row, binding_id = await world.apply(
        "xinjiang-mini", "父亲须本人刷脸同意：同意", request, "awaiting-consent", SMS
    )
    await world.channels.say(
        "xinjiang-mini",
        "beneficiary.requests.consented",
        consented(world.cast["maimaiti"], binding_id, at=world.now()),
    )
    row.expected = "approved"
    await world.see_state(row, binding_id, "approved")
    request = world.application("aisha", "gulina", "sibling")
    row, binding_id = await world.apply("xinjiang-mini", "妹妹拒绝同意", request, "awaiting-consent", SMS)
    body = Declined(
        beneficiary_psn_no=world.cast["gulina"].psn_no, binding_id=binding_id, channel=ChannelKind.APP
    )
    await world.channels.say("xinjiang-mini", "beneficiary.requests.declined", body)
    row.expected = "rejected"
    await world.see_state(row, binding_id, "rejected")


async def second_sponsor(world: World) -> None:
    """Xinjiang: a second parent binds the same child; both accounts pay in the cascade."""
    request = world.application("adili", "aibek", "child")
    await world.apply("xinjiang-mini", "同一孩子的第二位授权人", request, "approved", SMS)


async def withdrawn(world: World) -> None:
    """Beijing: applied, then taken back while a person was to look at it."""
    request = world.application(
        "gao-feng",
        "gao-ling",
        "parent",
        channel=ChannelKind.MINI_PROGRAM,
        materials=(material("household-register"),),
    )
    row = world.row("jingtong", "关系填错：与登记不一致", "refused", str(request.binding_id), SMS)
    await world.channels.say("jingtong", "binding.requests.submitted", request)
    await world.see_state(row, request.binding_id, "refused")
    request = world.application("gao-feng", "zhou-qiang", "sibling", channel=ChannelKind.MINI_PROGRAM)
    request = world.application("gao-feng", "gao-ling", "sibling", channel=ChannelKind.MINI_PROGRAM)
    row, binding_id = await world.apply("jingtong", "兄妹：通过后解绑", request, "approved", SMS)
    await world.channels.say(
        "jingtong",
        "binding.requests.unbind-requested",
        unbind_requested(world.cast["gao-feng"], binding_id, at=world.now()),
    )
    row.expected = "ended"
    await world.see_state(row, binding_id, "ended")


async def elder_at_the_counter(world: World) -> UUID:
    """82, no phone app: a paper is missing, a call says which; it is brought, and a second call says yes."""
    request = world.application(
        "zhang-wei", "zhang-jianguo", "parent", channel=ChannelKind.COUNTER, counter=counter()
    )
    row, binding_id = await world.apply(
        "service-hall", "82岁老人窗口办理：缺户口本，补交后通过", request, "supplement-requested", CALL
    )
    papers = Supplemented(
        binding_id=binding_id,
        sponsor_psn_no=world.cast["zhang-wei"].psn_no,
        materials=(material("household-register"),),
    )
    await world.channels.say("service-hall", "binding.requests.supplemented", papers)
    await world.settled_state(binding_id, row.title, "under-review")
    verdict = VerdictGiven(binding_id=binding_id, operator_id="reviewer-01", decision=Decision.APPROVE)
    await world.decide(verdict)
    row.expected = "approved"
    await world.see_state(row, binding_id, "approved")
    return binding_id


async def two_sponsors_race(world: World) -> None:
    """Tai'an: father and mother ask for one child at the same moment, on different partitions; one wins."""
    requests = [world.application(sponsor, "liu-bao", "child") for sponsor in ("liu-yang", "liu-mei")]
    rows = [
        world.row("taian-app", f"同时绑定同一孩子（{name}）", "", str(request.binding_id), SMS)
        for name, request in zip(("父亲", "母亲"), requests, strict=True)
    ]
    say = world.channels.say
    await asyncio.gather(*(say("taian-app", "binding.requests.submitted", request) for request in requests))
    for row, request in zip(rows, requests, strict=True):
        await world.settled_state(request.binding_id, row.title, "approved", "refused")
        row.got = row.expected = world.state_of(request.binding_id)
        latest = world.latest(request.binding_id)
        row.why = ", ".join(reason["code"] for reason in latest.raw["reasons"]) if latest else ""
    states = sorted(row.got for row in rows)
    loser = next((row.why for row in rows if row.got == "refused"), "")
    world.ledger.check(
        "两位授权人竞争同一孩子：恰好一方成功 / of two racing sponsors exactly one wins",
        states == ["approved", "refused"] and loser == "already-bound-elsewhere",
        f"{', '.join(states)}; {loser}",
    )


async def duplicate(world: World) -> None:
    """The same message twice has one effect."""
    request = world.application("xu-jie", "xu-laoda", "parent")
    row = world.row("suishenban", "重复申请：已经绑定", "refused", str(request.binding_id), SMS)
    message = await world.channels.say("suishenban", "binding.requests.submitted", request)
    await world.see_state(row, request.binding_id, "refused")
    before = world.latest(request.binding_id)
    await world.channels.say("suishenban", "binding.requests.submitted", request, id=message)

    def replies() -> list[Seen]:
        found = world.follower.by_topic["answers.suishenban"]
        asked = ("suishenban", message)
        return [
            seen for seen in found if seen.request == asked and seen.header("ce_type").endswith("screened.v1")
        ]

    await world.follower.until(
        lambda: replies()[1] if len(replies()) > 1 else None, "the first answer once more"
    )
    first, again = replies()[:2]
    world.ledger.check(
        "同一消息重发：答复逐字节相同，没有第二次效果 / a repeat gets the first answer byte for byte and has no effect",
        first.value == again.value and first.id == again.id and world.latest(request.binding_id) == before,
        f"ce_id {'same' if first.id == again.id else 'differs'}",
    )


async def poison(world: World) -> None:
    """What is no message at all becomes a dead letter and disturbs nobody."""
    value = b'{"binding_id": NaN'
    await world.channels.raw("binding.requests", b"\xff\xfe", value, [("ce_id", b"poison-1")])

    def found() -> Seen | None:
        letters = world.follower.by_topic["eligibility.dead-letters"]
        return next((seen for seen in letters if seen.value == value), None)

    dead = await world.follower.until(found, "the dead letter")
    world.ledger.check(
        "坏消息进入死信，原字节保留 / poison lies in the dead letters with its bytes",
        True,
        dead.header("x-reason"),
    )


async def taken_back(world: World) -> None:
    """Zhejiang: under review, then withdrawn by the sponsor."""
    request = world.application(
        "zhou-min", "zhang-jianguo", "grandparent", materials=(material("household-register"),)
    )
    row, binding_id = await world.apply("zheliban", "审核中撤回申请", request, "under-review", "")
    body = Withdrawn(binding_id=binding_id, sponsor_psn_no=world.cast["zhou-min"].psn_no)
    await world.channels.say("zheliban", "binding.requests.withdrawn", body)
    row.expected = "withdrawn"
    await world.see_state(row, binding_id, "withdrawn")


async def somebody_elses_face(world: World) -> None:
    """A face check that is somebody else's, and an old commitment letter: both reasons at once."""
    now = world.now()
    request = world.application(
        "xu-jie",
        "xu-laoda",
        "parent",
        face_check=face_check(world.cast["zhou-min"], now, provider="face-two"),
        commitment=commitment(now, version="0"),
    )
    await world.apply(
        "nhsa-app",
        "他人刷脸、旧版承诺书、重复绑定",
        request,
        "refused",
        SMS,
        ["face-check-subject", "commitment-outdated", "already-bound-here"],
    )
