"""Ending a binding on request: who may, through which channel, by which proof, from when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.eligibility.domain import rules_face, rules_proof
from services.eligibility.domain.binding import Binding, Condition
from services.eligibility.domain.channels import proofs_of, takes
from services.eligibility.domain.inquiry import channel_names, state_reason
from shared.contracts.binding_requests import ChannelKind, CounterProof, FaceCheck, Side
from shared.contracts.reasons import Reason
from shared.policies.moments import effect_of_unbinding, months_later, takes_effect
from shared.policies.values import RegionPolicy

_OVER = frozenset({Condition.DEAD, Condition.ENDED})


def objections(
    policy: RegionPolicy,
    keys: Mapping[str, tuple[str, ...]],
    binding: Binding,
    by: Side,
    at: datetime,
    *,
    channel: ChannelKind,
    face: FaceCheck | None,
    face_used: bool,
    counter: CounterProof | None,
) -> Iterator[Reason]:
    """Every reason against ending `binding` at the wish of one side."""
    if not binding.stage.stands:
        yield state_reason(policy, "wrong-state", "ending.state", state=binding.stage.shown)
    if by not in policy.binding.unbind_by:
        yield state_reason(policy, "unbind-not-allowed", "ending.side", cites="binding.unbind_by")
    yield from _channel(policy, channel)
    proofs = proofs_of(policy.binding, channel)
    if "operator" in proofs:
        yield from rules_proof.vouched(policy, channel, counter)
    if "face-check" in proofs and policy.binding.face_check_on_unbind:
        subject = binding.sponsor if by is Side.SPONSOR else binding.beneficiary
        cites = "binding.face_check_on_unbind"
        yield from rules_face.check(policy, keys, face, subject, at, used=face_used, cites=cites)
    yield from _cool_down(policy, binding, at)


def _channel(policy: RegionPolicy, channel: ChannelKind) -> Iterator[Reason]:
    own = policy.binding.unbind_channels
    allowed, cites = (policy.binding.channels, "channels") if own is None else (own, "unbind_channels")
    if not takes(allowed, channel):
        yield state_reason(
            policy,
            "unbind-channel-not-allowed",
            "ending.channel",
            cites=f"binding.{cites}",
            field="channel",
            channels=channel_names(allowed),
        )


def _cool_down(policy: RegionPolicy, binding: Binding, at: datetime) -> Iterator[Reason]:
    """Nobody has to wait for the end of a binding with somebody who died or whose insurance ended. Automatic ends never come here."""
    months = policy.binding.min_bound_months
    if months is None or binding.bound_at is None or at >= months_later(binding.bound_at, months):
        return
    if _OVER.isdisjoint((*binding.sponsor_standing.conditions, *binding.beneficiary_standing.conditions)):
        cites = "binding.min_bound_months"
        yield state_reason(policy, "unbind-too-early", "ending.min-bound", cites=cites, months=months)


def ends_at(policy: RegionPolicy, binding: Binding, channel: ChannelKind, at: datetime) -> datetime:
    """From when an end counts that was asked for at `at`. What has not begun ends at once, so that it never begins."""
    if binding.begins_at is not None and at < binding.begins_at:
        return at
    return takes_effect(at, effect_of_unbinding(policy.binding, channel))
