"""Receipts, answers, look-ups and silences in any order and any number: a final state never moves, and what was told stays told."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain.course import Outcome, Progress, State
from services.notify.work import Attempt, Work
from shared.messaging.handler import Due
from shared.testing.messages import MONDAY
from tests.unit.notify.test_outcomes import ID, decide, notice, working

FATES = ("delivered", "permanent", "temporary", "pending")
PARTS = 2

ended = st.builds(
    lambda outcome, parts, whole: (
        "attempt-ended",
        {"outcome": str(outcome), "provider_ids": [f"p{n}" for n in range(parts)], "whole": whole},
    ),
    st.sampled_from([one for one in Outcome if one is not Outcome.SILENCE]),
    st.integers(0, PARTS),
    st.booleans(),
)
receipt = st.builds(
    lambda n, fate: ("receipt", {"part": n, "fate": fate}), st.integers(0, PARTS - 1), st.sampled_from(FATES)
)
looked_up = st.builds(
    lambda outcome: ("looked-up", {"outcome": str(outcome)}), st.sampled_from(list(Outcome))
)
other = st.sampled_from(
    [
        ("silence", {}),
        ("crashed", {"provider_ids": []}),
        ("overtaken", {}),
        ("hand-over", {"reason": "too-old"}),
        ("skip", {"medium": "sms", "reason": "no-sms"}),
    ]
)
steps = st.lists(st.tuples(st.one_of(ended, receipt, looked_up, other), st.integers(0, 3600)), max_size=25)


def play(work: Work, kind: str, body: dict[str, Any]) -> list[str]:
    """One step; a receipt is stored as the table does it: a final fate never moves."""
    if kind == "receipt":
        fates = work.fates[ID, 1]
        if fates[body["part"]] in (None, "pending"):
            fates[body["part"]] = body["fate"]
        return decide(work, Due("receipt", f"p{body['part']}", work.now, {}))
    usual = {"number": 1, "reason": "why", "code": ""}
    return decide(work, Due(kind, str(ID), work.now, usual | body))


@given(steps=steps, optional=st.booleans(), overtaken=st.booleans())
@settings(max_examples=400, deadline=None)
def test_final_states_never_move_whatever_comes_late_twice_or_in_another_order(
    steps: list[tuple[tuple[str, dict[str, Any]], int]], optional: bool, overtaken: bool
) -> None:
    one = notice(State.SENDING)
    fields = {
        "template": "settled" if optional else "approved",
        "overtaken": overtaken,
        "progress": Progress(("sms", "call")),
    }
    work = working(
        notices={ID: one.__class__(**{name: fields.get(name, getattr(one, name)) for name in one.__slots__})}
    )
    work.attempts[ID, 1] = Attempt("sms", State.SENDING, 0)
    work.fates[ID, 1] = [None] * PARTS
    work.parts = {f"p{n}": (ID, 1) for n in range(PARTS)}
    finals: list[str] = []
    for (kind, body), seconds in steps:
        before = work.notices[ID]
        work.now += timedelta(seconds=seconds)
        said = play(work, kind, body)
        after = work.notices[ID]
        if before.state.final:
            assert after == before
            assert said == []
        assert (after.next_at is None) == after.state.final
        assert not (optional and after.state is State.HANDED)
        finals += [one for one in said if one.endswith((".delivered", ".handed-to-staff"))]
    assert len(finals) <= 1
    assert (finals == ["binding.notices.delivered"]) == (work.notices[ID].state is State.DELIVERED)
    assert work.now >= MONDAY
