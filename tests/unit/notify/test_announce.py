"""From what is told to a row: media, history, message centre, the answer that says 送达."""

from datetime import timedelta

import pytest

from services.notify import template_files
from services.notify.domain import announce
from services.notify.domain.course import State as Course
from services.notify.domain.told import Told, of_decision
from shared.contracts.answers import Binding
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Period, State
from shared.contracts.binding_requests import ChannelKind
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY, uid
from tests.unit.notify.made import state

BEFORE, AFTER = MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)


def told(channel: ChannelKind = ChannelKind.APP) -> Told:
    return next(of_decision("refused", state(State.REFUSED, channel=channel)))


def test_media_by_the_way_of_the_application() -> None:
    assert announce.media(told(), Rules(), no_sms=False) == ("sms", "call")
    assert announce.media(told(ChannelKind.COUNTER), Rules(), no_sms=False) == ("call", "sms")
    assert announce.media(told(), Rules(media=("sms",)), no_sms=True) == ()


@pytest.mark.parametrize(
    ("planned", "born", "now", "first"),
    [
        (("sms",), BEFORE, MONDAY, (Course.CREATED, None)),
        ((), BEFORE, MONDAY, (Course.HANDED, "no-medium")),
        (("sms",), BEFORE, MONDAY + timedelta(hours=73), (Course.HANDED, "too-old")),
        (("sms",), AFTER, AFTER, (Course.HANDED, "before-rebuild")),
        (("sms",), AFTER, MONDAY + timedelta(hours=73), None),
    ],
)
def test_first_state(planned: tuple[str, ...], born: object, now: object, first: object) -> None:
    assert announce.first_step(told(), planned, MONDAY, born, now, 72) == first  # type: ignore[arg-type]


def test_message_centre_only_of_sources_that_have_one() -> None:
    one = told()
    assert announce.answer_to(one, frozenset({"zheliban"})) == Origin(source="zheliban", id="r-1")
    assert announce.answer_to(one, frozenset({"jingtong"})) is None
    written, stored = announce.words(one, template_files.load(), Rules(), None)
    assert written.fault is None
    content = written.content
    message = announce.centre_message(one, content, uid(7))
    assert (message.title, message.text) == ("家庭共济未通过", content.text)
    assert content.sms in stored


def test_delivery_is_answered_as_the_public_step_for_outcomes_only() -> None:
    answer = announce.delivered_answer("approved", state(effective=(Period(begin=MONDAY),)))
    assert answer is not None
    read = Binding.model_validate_json(answer)
    assert (read.step, read.effective_from, read.version) == ("送达", MONDAY, 3)
    refused = announce.delivered_answer("refused", state(State.REFUSED))
    assert refused is not None
    assert Binding.model_validate_json(refused).effective_from is None
    assert announce.delivered_answer("supplement-requested", state(State.SUPPLEMENT_REQUESTED)) is None
    assert announce.progress(("sms",)).medium == "sms"
