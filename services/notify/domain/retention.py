"""How long it is kept to whom a notice went and what it said."""

from datetime import datetime, timedelta

from shared.policies.values import Notice as Rules


def gone_before(rules: Rules, now: datetime, *, staff: bool) -> datetime:
    """Notices that ended before this keep neither. `staff`: those that were handed to people, who need both to tell the person."""
    days = rules.retention_staff_days if staff else rules.retention_days
    return now - timedelta(days=days)
