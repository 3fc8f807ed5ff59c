"""Kinds of channel: which ones a region takes, and what each must prove."""

from __future__ import annotations

from shared.contracts.binding_requests import ChannelKind
from shared.policies.types import Proof
from shared.policies.values import Binding

_ONLINE: frozenset[Proof] = frozenset({"face-check", "commitment", "real-name", "e-credential"})
_STAFFED: frozenset[Proof] = frozenset({"operator"})
_STAFF = frozenset({ChannelKind.COUNTER, ChannelKind.INSTITUTION_COUNTER, ChannelKind.TELEPHONE})
_APP_USERS: frozenset[Proof] = frozenset({"real-name", "e-credential"})


def takes(channels: frozenset[ChannelKind] | None, channel: ChannelKind) -> bool:
    """Whether a region that lists `channels` (none: all kinds) takes this one. The hall's counter is open to everybody."""
    return channels is None or channel in channels or channel is ChannelKind.COUNTER


def proofs_of(binding: Binding, channel: ChannelKind) -> frozenset[Proof]:
    """What an applicant of this channel must prove, each as far as the region asks for it by its own key.

    Usual: online the face, the letter, the real name and the e-credential; where staff take the request, their word for it.
    Who stands at a counter is never asked what only users of an app have.
    """
    usual = _STAFFED if channel in _STAFF else _ONLINE
    chosen = binding.channel_proofs.get(channel, usual)
    return chosen - _APP_USERS if chosen is not usual and channel.in_person else chosen
