"""The region offers family sharing at the date, and takes requests from this kind of channel."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.channels import takes
from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.reasons import Reason


def offered(q: Inquiry) -> Iterator[Reason]:
    """Family sharing is offered on the request's date."""
    if not q.policy.binding.offered:
        yield q.why("region-not-offered", "region.offered", cites="binding.offered", field="admdvs")


def channel(q: Inquiry) -> Iterator[Reason]:
    """The kind of channel is one of the region's; the hall's counter is open to everybody."""
    if not takes(q.policy.binding.channels, q.request.channel):
        yield q.why("channel-not-allowed", "region.channel", cites="binding.channels", field="channel")


RULES = (offered, channel)
