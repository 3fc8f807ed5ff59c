"""Prometheus metrics of every service, in one list. Names and labels are an interface for dashboards and alarms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]


class Metrics:
    """One registry a process. Labels hold names from closed lists only: no ids, no personal data."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.lag = Gauge("gongji_lag_records", "Records not yet handled", ["topic", "partition"], registry=r)
        self.batch_size = Histogram(
            "gongji_batch_records", "Records of a batch", buckets=(1, 5, 20, 50, 100, 250, 500), registry=r
        )
        self.batch_seconds = Histogram(
            "gongji_batch_seconds",
            "Seconds from the start of a batch to its commit",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 20),
            registry=r,
        )
        self.handled = Counter(
            "gongji_handled_total", "Messages that the handler decided", ["type"], registry=r
        )
        self.redelivered = Counter(
            "gongji_redelivered_total", "Records dropped because their offset was past", registry=r
        )
        self.duplicates = Counter(
            "gongji_duplicates_total", "Repeated ids that got their first answer again", registry=r
        )
        self.dead_letters = Counter("gongji_dead_letters_total", "Dead letters", ["reason"], registry=r)
        self.batch_failures = Counter(
            "gongji_batch_failures_total", "Batches rolled back", ["cause"], registry=r
        )
        self._beside_the_batch(r)

    def _beside_the_batch(self, r: CollectorRegistry) -> None:
        """The relay, due rows, what is stopped, and the clients."""
        self.outbox_rows = Gauge("gongji_outbox_rows", "Batches waiting for the relay", registry=r)
        self.outbox_age = Gauge(
            "gongji_outbox_age_seconds", "Age of the oldest batch that waits for the relay", registry=r
        )
        self.published = Counter("gongji_published_total", "Records acknowledged by the broker", registry=r)
        self.publish_slow = Counter(
            "gongji_publish_slow_total", "Waits for the broker past the time limit", registry=r
        )
        self.refused = Counter("gongji_refused_total", "Records that the broker refused for good", registry=r)
        self.relay_leader = Gauge("gongji_relay_leader", "1 in the process that publishes", registry=r)
        self.due_overdue = Gauge(
            "gongji_due_overdue_rows", "Due rows that wait for partitions to be read", registry=r
        )
        self.due_fired = Counter("gongji_due_fired_total", "Due rows decided", ["kind"], registry=r)
        self.brake = Gauge("gongji_brake", "1 while the service is stopped by its brake", registry=r)
        self.set_aside = Gauge("gongji_sources_set_aside", "Sources set aside for their faults", registry=r)
        self.paused = Gauge("gongji_partitions_paused", "Partitions paused at an unknown version", registry=r)
        self.commit_failures = Counter(
            "gongji_commit_failures_total", "Failed offset commits or seeks", registry=r
        )
        self.rebalances = Counter("gongji_rebalances_total", "Assignments of partitions", registry=r)
        self.ready = Gauge("gongji_ready", "1 while the service is ready", registry=r)

    def exposition(self) -> bytes:
        """The text that `/metrics` answers."""
        return generate_latest(self.registry)
