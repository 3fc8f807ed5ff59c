"""Bounds on what sponsors pay, the quota among them: how much is left, and under which keys use is counted. Pure.

A quota is a cap like any other, only that the sponsor chose its amount. Use is counted on the binding, and on the sponsor's account
where all bindings of a sponsor share a bound; what a beneficiary used is the sum over the bindings that name him or her, which are
all locked when a bill is settled. Periods are those of the bill's event time, Beijing.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from services.settlement.domain.accounts import Account, period_key, use
from services.settlement.domain.bindings import Binding
from services.settlement.domain.declines import Why
from shared.contracts.base import yuan
from shared.policies.types import Cap, CountedFor
from shared.policies.values import Spending

POT = "*"
"""After a key: counted on the sponsor's account, too."""
WHO = {"payer": ("每个授权人", "of each sponsor"), "beneficiary": ("每个使用人", "for each patient"), "binding": ("每对授权人与使用人", "of each sponsor for each patient")}  # fmt: skip
WHEN = {
    "settlement": ("每次结算", "in a settlement"), "day": ("每日", "a day"), "month": ("每月", "a month"), "year": ("每自然年", "a calendar year"),
    "insured-year": ("每医保年度", "an insured year"), "lifetime": ("累计", "in all"),
}  # fmt: skip


class Limit(NamedTuple):
    """A bound: `left` fen may still be paid under it, and its words."""

    left: int
    why: Why


def keys(caps: Iterable[Cap], spending: Spending, second: float) -> tuple[str, ...]:
    """Under which keys a share counts for these caps (none for a single settlement); `*` where the account counts it, too."""
    return tuple(
        _key(cap, spending, second) + (POT if cap.by == "payer" else "")
        for cap in caps
        if cap.per != "settlement"
    )


def quota_of(spending: Spending, chosen: int | None) -> Cap | None:
    """The quota as a cap; `None` where there is none. Its amount is the sponsor's, or the region's default."""
    limit = spending.quota_default if chosen is None else chosen
    if limit is None or spending.quota_scope == "none":
        return None
    by: CountedFor = "payer" if spending.quota_scope == "all-members" else "binding"
    return Cap(by=by, per=spending.quota_period, amount=limit)


def left_of(cap: Cap, spending: Spending, second: float, binding: Binding, account: Account) -> int:
    """Fen that are left of a cap that counts by payer or by binding."""
    if cap.per == "settlement":
        return cap.amount
    usage = account.usage if cap.by == "payer" else binding.usage
    return cap.amount - usage.get(_key(cap, spending, second), 0)


def common(caps: Iterable[Cap], spending: Spending, second: float, bindings: Sequence[Binding]) -> Limit | None:  # fmt: skip
    """The tightest cap that counts by beneficiary, over all bindings that name him or her; `None` without such a cap."""
    tightest: Limit | None = None
    for cap in caps:
        used = 0
        if cap.per != "settlement":
            key = _key(cap, spending, second)
            used = sum(b.usage.get(key, 0) for b in bindings)
        found = named(cap, cap.amount - used)
        if tightest is None or found.left < tightest.left:
            tightest = found
    return tightest


def count(tokens: str, binding: Binding, pot: Account | None, amount: int) -> None:
    """Counts `amount` fen (negative: given back) under the keys of a share; `pot`: the sponsor's account, needed where one has a `*`."""
    for token in tokens.split(","):
        key = token.removesuffix(POT)
        if not key:
            continue
        use(binding.usage, key, amount)
        binding.changed = True
        if token.endswith(POT) and pot is not None:
            use(pot.usage, key, amount)
            pot.changed = True


def named(cap: Cap, left: int) -> Limit:
    """A region's cap with its words. Its amount is public."""
    return Limit(left, _words_of(cap))


@lru_cache(maxsize=4096)
def _words_of(cap: Cap) -> Why:
    (who, who_en), (when, when_en) = WHO[cap.by], WHEN[cap.per]
    for_zh = for_en = ""
    if said := sorted([*(cap.uses or ()), *(cap.med_types or ())]):
        for_zh, for_en = f"（限{'、'.join(said)}）", f" ({', '.join(said)} only)"
    zh = f"该地区{who}{when}的共济支付上限{yuan(cap.amount)}元{for_zh}已用完"
    en = f"the region's cap of {yuan(cap.amount)} yuan {who_en} {when_en}{for_en} is used up"
    return Why("cap-used", zh, en)


def _key(cap: Cap, spending: Spending, second: float) -> str:
    """The period, and what the cap is restricted to: equal restrictions share one count."""
    period = period_key(cap.per, second, spending.insured_year_start)
    if cap.uses is None and cap.med_types is None:
        return period
    return f"{period}/{'+'.join(sorted(cap.uses or ()))}/{'+'.join(sorted(cap.med_types or ()))}"
