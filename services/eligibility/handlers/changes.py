"""Changes of a standing binding: uses, quota, dates; the order of sponsors and the rank of beneficiaries."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from services.eligibility.domain import rules_terms
from services.eligibility.domain.binding import Binding
from services.eligibility.domain.days import day_of
from services.eligibility.domain.following import changes_in_year, with_change
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.handlers.asked import own, version, wrong_state
from services.eligibility.handlers.replies import origin_of, refuse, screened
from services.eligibility.work import Work
from shared.contracts import binding_requests as requests
from shared.contracts import binding_screenings as screenings
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_requests import Side, Terms
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Out
from shared.policies.values import RegionPolicy

Change = requests.ScopeChanged | requests.QuotaChanged | requests.DatesChanged


def terms_changed(work: Work, event: Event, body: Change, out: Out) -> None:
    """New uses, quota or dates for a standing binding, judged by the policy of now. Only what changes is judged."""
    binding = own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    if not binding.stage.stands:
        wrong_state(event, binding, out)
        return
    policy = work.policies.at(binding.admdvs, event.time)
    fields = type(body).model_fields.keys() - {"binding_id", "sponsor_psn_no"}
    if getattr(body, "earmark", None) is None:
        fields -= {"earmark"}  # stays as it is
    chosen = binding.chosen.model_copy(update={name: getattr(body, name) for name in fields})
    if reasons := [
        *_judged(policy, binding, chosen, body, event),
        *_exhausted(policy, binding, chosen, event),
    ]:
        refuse(out, event, reasons, binding.binding_id)
        return
    work.put(with_change(binding, chosen, out.now))
    changed = screenings.ChangeChecked(
        binding_id=binding.binding_id, origin=origin_of(event), at=out.now, terms=chosen
    )
    out.emit("binding.screenings.change-checked", changed)
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, policy.version)


def _judged(
    policy: RegionPolicy, binding: Binding, chosen: Terms, body: Change, event: Event
) -> Iterator[Reason]:
    """What is against the change. A first day in the past stands already, and a term is counted from it."""
    if isinstance(body, requests.ScopeChanged):
        new = tuple(use for use in chosen.scope if use not in binding.chosen.scope)
        yield from rules_terms.scope(policy, chosen.scope)
        yield from rules_terms.use_proofs(policy, new, binding.materials)
    elif isinstance(body, requests.QuotaChanged):
        yield from rules_terms.quota(policy, chosen)
        yield from rules_terms.earmark(policy, binding.chosen, chosen)
    else:
        day = day_of(event.time)
        since = binding.begins_at or binding.bound_at
        begun = day_of(since) if since and since <= event.time else None
        same = chosen.begndate in (None, binding.chosen.begndate)
        yield from rules_terms.dates(policy, chosen, day, begun=begun if same else None)


def _exhausted(policy: RegionPolicy, binding: Binding, chosen: Terms, event: Event) -> Iterator[Reason]:
    """The region's limit of changes in a calendar year. What changes nothing may be said as often as one likes."""
    limit = policy.binding.max_changes_per_year
    if limit is not None and chosen != binding.chosen and changes_in_year(binding, event.time) >= limit:
        cites = "binding.max_changes_per_year"
        yield state_reason(policy, "changes-exhausted", "changes.per-year", cites=cites, limit=limit)


def rank_changed(work: Work, event: Event, body: requests.RankChanged, out: Out) -> None:
    """The sponsor puts his or her beneficiaries in order."""
    order(work, event, body.ranked, Side.SPONSOR, work.owners.get(body.sponsor_psn_no), out)


def order(
    work: Work, event: Event, chosen: tuple[UUID, ...], side: Side, actor: bytes | None, out: Out
) -> None:
    """A new order of the standing bindings of one side; all of them must be the actor's own."""
    found = [work.bindings.get(i) for i in dict.fromkeys(chosen)]
    mine = [b for b in found if b and (b.sponsor if side is Side.SPONSOR else b.beneficiary) == actor]
    if len(mine) != len(found):
        refuse(out, event, [reason("not-your-binding", rule="request.own")])
        return
    if wrong := next((b for b in mine if not b.stage.stands), None):
        wrong_state(event, wrong, out)
        return
    for place, binding in enumerate(mine, start=1):
        key = "rank" if side is Side.SPONSOR else "order"
        changed = screenings.ChangeChecked(
            binding_id=binding.binding_id, origin=origin_of(event), at=out.now, **{key: place}
        )
        out.emit("binding.screenings.change-checked", changed)
        screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, version(work, binding))
