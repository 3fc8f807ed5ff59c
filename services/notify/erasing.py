"""The registry erased a person: nothing is kept about him or her, and nobody is there to be told."""

from collections.abc import Sequence
from dataclasses import replace

from services.notify.ending import Ending
from services.notify.work import Work
from shared.messaging.handler import Event, Item, Out, Tombstone


def persons(items: Sequence[Item]) -> set[str]:
    """`psn_no` of those who are erased."""
    return {
        item.key.decode()
        for item in items
        if isinstance(item, Event) and isinstance(item.body, Tombstone) and item.topic == "registry.persons"
    }


def erase(work: Work, psn_no: str, out: Out) -> None:
    """The registry's copy goes, and what the person's notices say and to whom; keys, states and times stay, so nothing is told again.

    A notice that waits ends as `expired`, reason `erased`: the staff would have nobody to tell. One that a provider has may still
    arrive, and is not tried again.
    """
    work.forgotten.add(psn_no)
    work.erased.add(psn_no)
    work.recorded.pop(psn_no, None)
    work.people.pop(psn_no, None)
    work.made = [
        replace(one, psn_no=None, content=None, notice=replace(one.notice, answer=None))
        if one.psn_no == psn_no
        else one
        for one in work.made
    ]
    for notice in [one for one in work.notices.values() if one.psn_no == psn_no]:
        work.notices[notice.id] = stripped = replace(notice, psn_no=None, answer=None)
        if not stripped.state.final:
            Ending(work, out).overtaken(stripped)
