"""How far apart the two are insured, and in which mode the money is shared then.

Within the region's reach its own mode holds. Beyond the province the national notice of January 2026 has a mode of its own, from its
date on: an amount is set apart for the beneficiary (共济额度).
"""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.reasons import Reason
from shared.policies.types import Mode

_PROVINCE_DIGITS = 2
_REACH = {
    "pooling-region": "同一统筹区 same pooling region",
    "province": "同一省份 same province",
    "nationwide": "全国 nationwide",
}


def beyond(q: Inquiry) -> bool:
    """Whether the two are insured farther apart than the region's reach. Unknown places are not far."""
    mine, other = q.sponsor_row, q.beneficiary_row
    if not mine or not other:
        return False
    return not q.policy.allows_distance(mine.insuplc_admdvs, other.insuplc_admdvs)


def mode(q: Inquiry) -> Mode | None:
    """In which mode the two would share; `None`: they are too far apart."""
    if not beyond(q):
        return q.policy.binding.mode
    assert q.sponsor_row
    assert q.beneficiary_row
    provinces = {row.insuplc_admdvs[:_PROVINCE_DIGITS] for row in (q.sponsor_row, q.beneficiary_row)}
    return q.policy.binding.cross_province_mode if len(provinces) > 1 else None


def near(q: Inquiry) -> Iterator[Reason]:
    """The two places of insurance are as near as the region asks, or the region shares across provinces."""
    if mode(q) is None:
        allowed = _REACH[q.policy.binding.reach]
        yield q.why(
            "region-too-far", "distance.near", cites="binding.reach", field="beneficiary", allowed=allowed
        )


def earmark(q: Inquiry) -> Iterator[Reason]:
    """An amount is set apart where the mode is that of earmarks, and nowhere else."""
    given = q.request.terms.earmark
    if not (q.sponsor_row and q.beneficiary_row) or (found := mode(q)) is None:
        return
    if (found == "earmark") is not (given is not None):
        code = "earmark-missing" if given is None else "earmark-not-allowed"
        cites = "binding.cross_province_mode" if beyond(q) else "binding.mode"
        yield q.why(code, "distance.earmark", cites=cites, field="terms.earmark")


RULES = (near, earmark)
