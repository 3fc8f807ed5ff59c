"""What notify adds to the metrics of every service. Labels hold names from closed lists only."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.metrics import Metrics


class Gauges:
    """Registered once per process in the service's own registry."""

    def __init__(self, metrics: Metrics) -> None:
        r = metrics.registry
        self.link_up = Gauge(
            "gongji_notify_link_up", "1 while the provider's link stands", ["medium", "provider"], registry=r
        )
        self.attempts = Counter(
            "gongji_notify_attempts_total",
            "Attempts by what they came to",
            ["medium", "provider", "outcome"],
            registry=r,
        )
        self.reports = Counter(
            "gongji_notify_reports_total",
            "Reports over HTTP by what became of them",
            ["provider", "outcome"],
            registry=r,
        )
        self.share = Gauge(
            "gongji_notify_provider_share", "How much of its medium a provider gets", ["provider"], registry=r
        )
        self._add_times(r)
        self._add_waiting(r)

    def _add_times(self, r: CollectorRegistry) -> None:
        self.waited = Histogram(
            "gongji_notify_wait_seconds", "Service-clock seconds from the notice's making to an attempt", ["medium"],
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 600, 3600, 36000), registry=r,
        )  # fmt: skip
        self.handed = Histogram(
            "gongji_notify_handed_seconds",
            "Service-clock seconds from when an attempt was due (hours, caps and the message centre allowed it) until the provider had it",
            ["provider"], buckets=(0.5, 1, 2, 5, 10, 30, 60, 600), registry=r,
        )  # fmt: skip
        self.delivery = Histogram(
            "gongji_notify_delivery_seconds", "Service-clock seconds from when a provider had it until it arrived", ["provider"],
            buckets=(1, 2, 5, 10, 30, 60, 300, 1800, 3600, 36000), registry=r,
        )  # fmt: skip

    def _add_waiting(self, r: CollectorRegistry) -> None:
        self.unmatched = Gauge(
            "gongji_notify_receipts_unmatched",
            "Receipts of the last week that name no attempt of ours",
            ["provider"],
            registry=r,
        )
        self.waiting = Gauge(
            "gongji_notify_waiting_notices", "Notices that are not final", ["state", "medium"], registry=r
        )
        self.for_staff = Gauge(
            "gongji_notify_for_staff",
            "Notices handed to the staff whose person nobody has told yet",
            registry=r,
        )
        self.for_staff_oldest = Gauge(
            "gongji_notify_for_staff_oldest_seconds",
            "Service-clock seconds since the oldest of them came to the staff",
            registry=r,
        )
