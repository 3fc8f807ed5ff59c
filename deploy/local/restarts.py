"""When a service that ended is started again: pure, so that every case is a test without a process."""

from __future__ import annotations

from dataclasses import dataclass

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h: how a service says that Kafka or PostgreSQL is away and not it is at fault."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Delays grow from `first` to `longest` seconds; `limit` ends in a row, each after less than `healthy` seconds, are enough."""

    first: float = 0.2
    longest: float = 5.0
    healthy: float = 20.0
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Next:
    """What to do about a service that ended: start it after `delay` seconds, or not at all (None).

    `failures` is the number of ends in a row to hand in next time.
    """

    delay: float | None
    failures: int
    outage: bool


def after_end(policy: Policy, failures: int, ran: float, code: int | None, servers_answer: bool) -> Next:
    """Decide about a service that ran for `ran` seconds and ended with `code` (None: unknown).

    An outage of Kafka or PostgreSQL costs nothing of the limit: the service could not have lived.
    """
    if code == TEMPORARY_FAILURE or not servers_answer:
        return Next(policy.first, failures, True)
    failures = 1 if ran >= policy.healthy else failures + 1
    if failures > policy.limit:
        return Next(None, failures, False)
    return Next(min(policy.longest, policy.first * 2 ** (failures - 1)), failures, False)


def how_ended(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "ended"
    if code < 0:
        return f"was killed by signal {-code}"
    if code == TEMPORARY_FAILURE:
        return "ended because a server is away"
    return f"ended with code {code}"
