"""Whom a medium asks: among those that have the text approved, are there, and were not taken out by an operator."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.domain.weights import Share
from services.notify.providers.interface import Order, Provider, Result
from services.notify.providers.switch import Busy, Nobody, Switch
from shared.testing.messages import MONDAY

TEXT = Content("", "", "", "", template="approved.sponsor.sms.v1")
OTHER = replace(TEXT, template="refused.sponsor.sms.v1")
EARLIER = MONDAY - timedelta(minutes=20)


@dataclass
class Carrier:
    """A provider of any text."""

    name: str
    up: bool = True
    medium: str = "sms"
    at_once: int = 10
    longest: float = 60.0

    async def run(self) -> None:
        """Nothing to keep."""

    async def send(self, order: Order) -> Result:
        return Result(Outcome.ACCEPTED, "sms-accepted", "0", (order.reference,))


@dataclass
class CloudOf(Carrier):
    """A provider of approved templates."""

    approved: Collection[str] = ()

    def takes(self, content: Content) -> bool:
        return content.template in self.approved


def switch(*providers: Provider, **shares: Share) -> Switch:
    return Switch("sms", providers, shares, began=EARLIER)


def share(weight: int, *, held: bool = False, up_minutes_ago: int | None = 0) -> Share:
    up_at = None if up_minutes_ago is None else MONDAY - timedelta(minutes=up_minutes_ago)
    return Share("", weight, 100, held, MONDAY - timedelta(minutes=5), up_at=up_at)


def asked(
    medium: Switch, content: Content = TEXT, avoid: str | None = None, **running: int
) -> set[str | Nobody | Busy]:
    return {medium.choose(content, avoid, running, MONDAY) for _ in range(200)}


def test_only_who_has_the_template_approved_is_asked() -> None:
    one, two = CloudOf("one", approved=[TEXT.template]), CloudOf("two", approved=[OTHER.template])
    medium = switch(one, two)
    assert (asked(medium), asked(medium, OTHER)) == ({"one"}, {"two"})
    assert asked(medium, TEXT, avoid="one") == {"one"}
    assert asked(switch(one, two, Carrier("three"))) == {"one", "three"}


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("isv.SMS_TEMPLATE_ILLEGAL", False),
        ("isv.SMS_SIGNATURE_ILLEGAL", False),
        ("FailedOperation.TemplateIncorrectOrUnapproved", False),
        ("isv.TEMPLATE_PARAMS_ILLEGAL", True),  # of this notice, not of its kind
        ("isv.AMOUNT_NOT_ENOUGH", True),
    ],
)
def test_a_template_that_a_provider_refuses_is_left_alone_there_for_a_while(code: str, again: bool) -> None:
    medium = switch(CloudOf("one", approved=[TEXT.template, OTHER.template]))
    medium.note("one", TEXT, Result(Outcome.TECHNICAL, "sms-technical", code), MONDAY - timedelta(minutes=9))
    assert asked(medium) == ({"one"} if again else {Nobody(None)})
    assert asked(medium, OTHER) == {"one"}
    assert medium.choose(TEXT, None, {}, MONDAY + timedelta(minutes=1)) == "one"


def test_a_template_that_nobody_has_approved_has_no_provider_ever() -> None:
    assert asked(switch(CloudOf("one"), CloudOf("two", up=False))) == {Nobody(None)}


def test_who_is_down_is_not_asked_even_if_nobody_else_is_there() -> None:
    assert asked(switch(Carrier("one", up=False), Carrier("two"))) == {"two"}
    medium = switch(
        Carrier("one", up=False),
        Carrier("two", up=False),
        one=share(50, up_minutes_ago=7),
        two=share(50, up_minutes_ago=9),
    )
    assert asked(medium) == {Nobody(MONDAY - timedelta(minutes=7))}
    assert medium.out_since(MONDAY) == MONDAY - timedelta(minutes=7)
    assert switch(Carrier("one"), Carrier("two", up=False)).out_since(MONDAY) is None
    assert switch().out_since(MONDAY) is None


def test_an_outage_is_that_of_those_who_could_take_it() -> None:
    cloud = CloudOf("cloud", up=False, approved=[TEXT.template])
    medium = switch(cloud, CloudOf("other"), cloud=share(50, up_minutes_ago=3))
    assert asked(medium) == {Nobody(MONDAY - timedelta(minutes=3))}
    assert medium.out_since(MONDAY) is None


@pytest.mark.parametrize(("minutes", "since"), [(None, 20), (600, 20), (2, 2)])
def test_an_outage_is_no_older_than_the_process_that_sees_it(minutes: int | None, since: int) -> None:
    medium = switch(Carrier("one", up=False), one=share(50, up_minutes_ago=minutes))
    assert asked(medium) == {Nobody(MONDAY - timedelta(minutes=since))}


def test_who_was_taken_out_by_an_operator_is_never_asked() -> None:
    medium = switch(
        Carrier("one"), Carrier("two", up=False), one=share(0, held=True), two=share(50, up_minutes_ago=1)
    )
    assert asked(medium) == {Nobody(MONDAY - timedelta(minutes=1))}
    alone = switch(Carrier("one"), one=share(0, held=True))
    assert asked(alone) == {Nobody(MONDAY - timedelta(minutes=5))}
    fallen = switch(Carrier("one"), one=share(0))  # by itself: better than nobody
    assert asked(fallen) == {"one"}


def test_who_rests_without_weight_is_asked_once_an_operator_has_given_it_some_and_not_before() -> None:
    for sip in (Carrier("sip"), Carrier("sip", up=False)):
        hints = replace(share(0), resting=0)
        both = switch(sip, Carrier("hints"), sip=share(100, up_minutes_ago=1), hints=hints)
        chosen = both.choose(TEXT, None, {}, MONDAY)
        assert chosen == "sip" if sip.up else isinstance(chosen, Nobody)
        both.shares = {**both.shares, "hints": replace(hints, weight=20, held=True)}
        assert {both.choose(TEXT, None, {}, MONDAY) for _ in range(100)} <= {"sip", "hints"}
        assert "hints" in {both.choose(TEXT, None, {}, MONDAY) for _ in range(200)}


def test_who_has_as_much_as_it_may_have_at_once_is_not_asked() -> None:
    medium = switch(Carrier("a"), Carrier("b"), a=share(100), b=share(10))
    assert asked(medium, a=10) == {"b"}
    assert asked(medium, avoid="b", a=10) == {"b"}
    assert asked(medium, a=9, b=10) == {"a"}
    assert asked(medium, a=10, b=12) == {Busy()}
    assert asked(switch(Carrier("a", up=False), Carrier("b")), b=10) == {Busy()}


def test_there_is_room_for_what_those_who_are_asked_may_still_have() -> None:
    medium = switch(Carrier("a"), Carrier("b"), a=share(100), b=share(10))
    assert [medium.room(one, MONDAY) for one in ({}, {"a": 4}, {"a": 12, "b": 9}, {"a": 10, "b": 10})] == [
        20,
        16,
        1,
        0,
    ]
    assert switch(Carrier("a"), Carrier("b"), a=share(0), b=share(10)).room({}, MONDAY) == 10
    assert switch(Carrier("a"), a=share(0)).room({"a": 3}, MONDAY) == 7
    assert switch(Carrier("a", up=False), Carrier("b")).room({}, MONDAY) == 10


def test_without_anybody_to_ask_some_are_passed_on_at_a_look() -> None:
    assert switch().room({}, MONDAY) == switch(Carrier("a", up=False)).room({}, MONDAY) == 50


async def test_an_attempt_that_takes_longer_than_its_lease_is_unknown_and_goes_no_further() -> None:
    gone_on = False

    class Slow(Carrier):
        async def send(self, order: Order) -> Result:
            nonlocal gone_on
            await asyncio.sleep(30)
            gone_on = True
            return await super().send(order)

    result = await switch(Slow("a", longest=0.05)).send("a", Order("r", "+8613957100001", TEXT))
    assert (result, gone_on) == (Result(Outcome.UNKNOWN, "sms-unknown", "too long"), False)
