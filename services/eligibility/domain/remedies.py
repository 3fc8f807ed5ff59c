"""What the applicant can do, beyond the text of a reason: for older applicants the counter comes first."""

from __future__ import annotations

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.binding_requests import CHANNELS_ZH, ChannelKind
from shared.contracts.identity import age_on
from shared.contracts.reasons import Reason, cut

_AT_THE_COUNTER = frozenset(
    {"proof.face-check", "proof.real-name", "proof.e-credential", "proof.materials", "proof.uses"}
    | {"region.channel"}
)
"""Rules whose proof a clerk can take, or take the place of; and that the channel is not one of the region's."""


def counter_first(q: Inquiry, reasons: list[Reason]) -> list[Reason]:
    """The reasons with remedies that name the counter first, if the sponsor is of the region's age for that and not at one."""
    age, sponsor = q.policy.binding.counter_preferred_from_age, q.known_sponsor
    if age is None or sponsor is None or q.request.channel.in_person or age_on(sponsor.born, q.day) < age:
        return reasons
    hotline = q.policy.notice.hotline
    zh = f"建议优先到{CHANNELS_ZH[ChannelKind.COUNTER]}办理（咨询{hotline}）；也可自行办理："
    en = f"best done at a counter (ask {hotline}); or: "
    return [
        r.model_copy(update={"remedy_zh": cut(zh + r.remedy_zh), "remedy_en": cut(en + r.remedy_en)})
        if r.rule in _AT_THE_COUNTER
        else r
        for r in reasons
    ]
