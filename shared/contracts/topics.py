"""The registry of topics and message types: which type travels where, under which key, written by whom.

`deploy/topics.yaml` holds what the broker needs (partitions, retention); this file holds what code needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from shared.contracts import (
    account_credits,
    account_transfers,
    answers,
    beneficiary_requests,
    binding_decisions,
    binding_requests,
    binding_screenings,
    notices,
    premium_requests,
    reconciliation,
    registry,
    review_verdicts,
    settlement_requests,
    settlement_results,
)
from shared.contracts.base import Message

KeyOf = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class TypeSpec:
    """One message type. `key_of` gives the record key that the body demands, as text; `actor` names the field of a registered operator."""

    short: str
    topic: str
    model: type[Message]
    key_of: KeyOf
    outsider: bool
    subject_of: KeyOf
    actor: str | None = None

    @property
    def full(self) -> str:
        return f"gongji.{self.short}.v1"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: its consumers, whether outsiders write it and whether it is compacted (tombstones are allowed then)."""

    name: str
    consumers: tuple[str, ...]
    outsider: bool
    compacted: bool = False


def _field(name: str) -> KeyOf:
    getter = attrgetter(name)
    return lambda body: str(getter(body))


def _pair(body: registry.RelationRecorded) -> str:
    return "|".join(sorted((body.psn_no, body.other_psn_no)))


def _answer_key(body: Any) -> str:
    names = ("binding_id", "msgid", "notice_id", "premium_id", "transfer_id", "request_id", "case_id")
    return next((str(v) for n in names if (v := getattr(body, n, None)) is not None), "")


_TOPICS = (
    TopicSpec("binding.requests", ("eligibility",), outsider=True),
    TopicSpec("beneficiary.requests", ("eligibility",), outsider=True),
    TopicSpec("binding.screenings", ("audit",), outsider=False),
    TopicSpec("review.verdicts", ("audit",), outsider=True),
    TopicSpec("binding.decisions", ("notify", "settlement", "eligibility"), outsider=False, compacted=True),
    TopicSpec("binding.notices", ("operators",), outsider=False),
    TopicSpec("notice.receipts", ("notify",), outsider=True),
    TopicSpec("settlement.requests", ("settlement",), outsider=True),
    TopicSpec("settlement.results", ("notify",), outsider=False),
    TopicSpec("premium.requests", ("settlement",), outsider=True),
    TopicSpec("account.transfers", ("settlement",), outsider=True),
    TopicSpec("account.credits", ("settlement", "eligibility"), outsider=True),
    TopicSpec(
        "registry.persons", ("eligibility", "audit", "settlement", "notify"), outsider=True, compacted=True
    ),
    TopicSpec("registry.relations", ("eligibility", "audit"), outsider=True, compacted=True),
    TopicSpec("registry.institutions", ("settlement", "notify"), outsider=True, compacted=True),
    TopicSpec("reconciliation.requests", ("settlement",), outsider=True),
    TopicSpec("ledger.verdicts", ("settlement",), outsider=True),
    TopicSpec("answers", ("sources",), outsider=False),
)
TOPICS = {topic.name: topic for topic in _TOPICS}
TYPES: dict[str, TypeSpec] = {}


def _add(
    topic: str,
    key_of: KeyOf,
    subject_of: KeyOf | None = None,
    actor: str | None = None,
    **models: type[Message],
) -> None:
    outsider = TOPICS[topic].outsider
    for suffix, model in models.items():
        short = f"{topic}.{suffix.replace('_', '-')}"
        TYPES[short] = TypeSpec(short, topic, model, key_of, outsider, subject_of or key_of, actor)


_binding = _field("binding_id")
_sponsor = partial(_add, "binding.requests", _field("sponsor_psn_no"), _binding)
_add("binding.requests", _field("sponsor.psn_no"), _binding, submitted=binding_requests.Submitted)
_sponsor(
    supplemented=binding_requests.Supplemented,
    withdrawn=binding_requests.Withdrawn,
    unbind_requested=binding_requests.UnbindRequested,
    scope_changed=binding_requests.ScopeChanged,
    quota_changed=binding_requests.QuotaChanged,
    dates_changed=binding_requests.DatesChanged,
)
_add(
    "binding.requests",
    _field("sponsor_psn_no"),
    rank_changed=binding_requests.RankChanged,
    account_opened=binding_requests.AccountOpened,
)
_add(
    "beneficiary.requests",
    _field("beneficiary_psn_no"),
    consented=beneficiary_requests.Consented,
    declined=beneficiary_requests.Declined,
    unbind_requested=beneficiary_requests.UnbindRequested,
    order_changed=beneficiary_requests.OrderChanged,
)
_add(
    "binding.screenings",
    _binding,
    passed=binding_screenings.Passed,
    refused=binding_screenings.Refused,
    consent_needed=binding_screenings.ConsentNeeded,
    consent_expired=binding_screenings.ConsentExpired,
    withdrawn=binding_screenings.Withdrawn,
    unbind_checked=binding_screenings.UnbindChecked,
    change_checked=binding_screenings.ChangeChecked,
    condition_changed=binding_screenings.ConditionChanged,
)
_add(
    "review.verdicts",
    _binding,
    actor="operator_id",
    claimed=review_verdicts.Claimed,
    released=review_verdicts.Released,
    taken_over=review_verdicts.TakenOver,
    verdict_given=review_verdicts.VerdictGiven,
    revealed=review_verdicts.Revealed,
    suspended=review_verdicts.Suspended,
    resumed=review_verdicts.Resumed,
    ended_by_authority=review_verdicts.EndedByAuthority,
)
_add(
    "review.verdicts",
    _field("psn_no"),
    actor="operator_id",
    person_suspended=review_verdicts.PersonSuspended,
    person_resumed=review_verdicts.PersonResumed,
    person_ended=review_verdicts.PersonEnded,
)
for _suffix in binding_decisions.TYPE_TO_STATE:
    _add("binding.decisions", _binding, None, None, **{_suffix: binding_decisions.BindingState})
for _suffix in ("sent", "delivered", "failed", "handed-to-staff"):
    _add("binding.notices", _field("about"), None, None, **{_suffix: notices.Notice})
_add("notice.receipts", _field("notice_id"), acknowledged=notices.Acknowledged)
_add(
    "settlement.requests",
    _field("psn_no"),
    _field("msgid"),
    quote=settlement_requests.Quote,
    settle=settlement_requests.Settle,
    cancel=settlement_requests.Cancel,
    reverse=settlement_requests.Reverse,
    refund=settlement_requests.Refund,
    query=settlement_requests.Query,
)
_add(
    "settlement.results",
    _field("psn_no"),
    quoted=settlement_results.Quoted,
    settled=settlement_results.Settled,
    declined=settlement_results.Declined,
    cancelled=settlement_results.Cancelled,
    reversed=settlement_results.Reversed,
    refunded=settlement_results.Refunded,
    premium_paid=settlement_results.PremiumPaid,
    premium_cancelled=settlement_results.PremiumCancelled,
    found=settlement_results.Found,
    transferred=settlement_results.Transferred,
)
_add(
    "premium.requests",
    _field("payer_psn_no"),
    pay=premium_requests.Pay,
    cancel=premium_requests.Cancel,
    remitted=premium_requests.Remitted,
)
_add(
    "account.transfers",
    _field("transfer_id"),
    offered=account_transfers.Offered,
    accepted=account_transfers.Accepted,
    declined=account_transfers.Declined,
    withdrawn=account_transfers.Withdrawn,
)
_add(
    "account.credits",
    _field("psn_no"),
    credited=account_credits.Credited,
    corrected=account_credits.Corrected,
    year_turned=account_credits.YearTurned,
    frozen=account_credits.Frozen,
    unfrozen=account_credits.Unfrozen,
    closed=account_credits.Closed,
)
_add("registry.persons", _field("psn_no"), recorded=registry.PersonRecorded)
_add("registry.relations", _pair, recorded=registry.RelationRecorded)
_add("registry.institutions", _field("fixmedins_code"), recorded=registry.InstitutionRecorded)
_add(
    "reconciliation.requests",
    _field("fixmedins_code"),
    totals=reconciliation.Totals,
    detail=reconciliation.Detail,
    clear=reconciliation.Clear,
    uncleared=reconciliation.Uncleared,
)
_add(
    "ledger.verdicts",
    _field("case_id"),
    actor="operator_id",
    break_closed=reconciliation.BreakClosed,
    period_closed=reconciliation.PeriodClosed,
    held_released=reconciliation.HeldReleased,
    recovery_settled=reconciliation.RecoverySettled,
)
_add(
    "answers",
    _answer_key,
    refused=answers.Refused,
    screened=answers.Screened,
    binding=answers.Binding,
    settlement=answers.Settlement,
    premium=answers.Premium,
    transfer=answers.Transfer,
    reconciliation=answers.Reconciliation,
    verdict=answers.Verdict,
    ledger_verdict=answers.LedgerVerdict,
    person_verdict=answers.PersonVerdict,
    message=answers.CentreMessage,
)


def spec(short: str) -> TypeSpec:
    """The registered type. Raises `KeyError` for an unknown one."""
    return TYPES[short]


def consumed_by(service: str) -> tuple[str, ...]:
    """Names of the topics that a service reads."""
    return tuple(topic.name for topic in _TOPICS if service in topic.consumers)


def answers_topic(source: str) -> str:
    """The topic on which `source` reads its own answers."""
    return f"answers.{source}"


def dead_letters_topic(service: str) -> str:
    """Where a service leaves what it could not handle."""
    return f"{service}.dead-letters"
