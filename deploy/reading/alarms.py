"""Which pages of docs/runbook.md the figures of a service call for. Pure: figures in, names of pages out."""

from collections.abc import Mapping
from typing import Any

PATIENCE = 30.0
"""Seconds for which records may wait before anybody is called: a rebalance or a restart takes up to ten."""
DUE_PATIENCE = 60.0
STAFF_PATIENCE = 86_400.0
"""Seconds of the service clock within which somebody tells a person what no text and no call could."""
CHECK_PATIENCE = 172_800.0
"""Real seconds since the last check of the ledger that came to its end: two nights."""
STRIP_PATIENCE = 172_800.0
"""Seconds of the service clock past the retention: the night's work comes once a day."""
NIGHT_PATIENCE = 86_400.0
"""Seconds of the service clock for which the night's work may be due while rows are sealed under an older key."""
MANY_RESTARTS = 3
ENOUGH_LOOKS, MOST_DISAGREED = 20, 0.1
"""Second looks in a province without which a share says nothing, and the share of disagreements past which somebody should ask why."""

PAGES: dict[str, str] = {
    "service-restarts": "服务反复退出 / a service ends again and again",
    "lag-grows": "积压增长 / lag grows",
    "outbox-grows": "发件箱增长 / the outbox grows",
    "brake-on": "服务自动停止 / the brake is on",
    "partition-paused": "分区暂停于未知版本 / a partition is paused at an unknown version",
    "source-set-aside": "来源被搁置 / a source is set aside",
    "dead-letters": "死信 / dead letters",
    "kafka-down": "Kafka 不可用 / Kafka is down",
    "postgresql-down": "PostgreSQL 不可用或只读 / PostgreSQL is down or read-only",
    "topic-shorter": "主题短于已读位置 / a topic is shorter than what was read of it",
    "provider-dark": "通知服务商中断 / a provider is dark",
    "handed-to-staff": "通知转人工 / notices that people have to tell",
    "kept-too-long": "个人信息未按期清除 / personal data are kept too long",
    "older-key-needed": "旧密钥仍须保留 / an older key is still needed",
    "overdue-review": "到期事项逾期 / due rows are overdue, reviews among them",
    "documents-wait": "材料未能核验 / documents cannot be verified",
    "reviewers-disagree": "复看不一致率过高 / second looks disagree too often",
    "breaks-overdue": "对账差错逾期 / breaks of the reconciliation are overdue",
    "ledger-broken": "账务不平或未按时核对 / the ledger is broken, or is not checked",
    "probing": "疑似试探他人信息 / somebody asks for strangers",
}
"""Anchors of the runbook's pages and their titles."""


def alarms(row: Mapping[str, Any]) -> list[str]:
    """Pages for one service. `row` holds its figures (`Figures.as_dict`) and, where they are known, `state` and `restarts`."""
    wrong: Mapping[str, str] = row.get("wrong") or {}
    problem = str(row.get("problem") or "")
    on = {
        "service-restarts": row.get("state") == "failed" or (row.get("restarts") or 0) >= MANY_RESTARTS,
        "lag-grows": _over(row, "oldest_waiting_s", PATIENCE),
        "outbox-grows": _over(row, "outbox_oldest_s", PATIENCE),
        "brake-on": bool(row.get("brake")),
        "partition-paused": "version" in wrong,
        "source-set-aside": bool(row.get("set_aside")),
        "dead-letters": bool(row.get("dead_letters_last_hour")) or bool(row.get("refused_by_broker")),
        "kafka-down": "kafka" in wrong or "Kafka" in problem,
        "postgresql-down": "database" in wrong or "PostgreSQL" in problem,
        "topic-shorter": bool(row.get("beyond_end")),
        "provider-dark": any(not up for up in (row.get("links") or {}).values()),
        "handed-to-staff": _over(row, "staff_oldest_s", STAFF_PATIENCE),
        "kept-too-long": _over(row, "unstripped_late_s", STRIP_PATIENCE),
        "older-key-needed": bool(row.get("older_keys_needed")) and _over(row, "night_late_s", NIGHT_PATIENCE),
        "overdue-review": _over(row, "overdue_oldest_s", DUE_PATIENCE),
        "documents-wait": bool(row.get("documents_late")),
        "reviewers-disagree": any(_disagree(one) for one in (row.get("looks") or {}).values()),
        "breaks-overdue": bool(row.get("breaks_overdue")),
        "ledger-broken": bool(row.get("ledger_broken")) or _over(row, "ledger_check_age_s", CHECK_PATIENCE),
        "probing": bool(row.get("sponsors_stopped")),
    }
    return [page for page in PAGES if on[page]]


def _disagree(looks: Mapping[str, int]) -> bool:
    disagreed = looks.get("disagreed", 0)
    looked = looks.get("agreed", 0) + disagreed
    return looked >= ENOUGH_LOOKS and disagreed > MOST_DISAGREED * looked


def _over(row: Mapping[str, Any], name: str, limit: float) -> bool:
    value = row.get(name)
    return value is not None and value > limit
