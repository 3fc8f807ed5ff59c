"""What is remembered between two measurements of slowness."""

from datetime import timedelta
from typing import Any

from services.notify.domain.weights import Seen, Share, moves
from services.notify.gauges import Gauges
from services.notify.providers.balancing import Balancing
from shared.metrics import Metrics
from shared.testing.messages import MONDAY


def test_a_slow_provider_does_not_come_back_because_nobody_measured() -> None:
    nothing: Any = None
    balancing = Balancing(nothing, nothing, [], [], Gauges(Metrics()))
    balancing._remembered({"a": Seen(100, 0, 0.5), "b": Seen(100, 0, 0.0)}, slowness=True)
    seen = balancing._remembered({"a": Seen(100, 0), "b": Seen(100, 0)}, slowness=False)
    assert (seen["a"].slow, seen["b"].slow) == (0.5, 0.0)
    fell = MONDAY - timedelta(minutes=5)
    shares = [Share("a", 90, 100, False, fell, fell), Share("b", 100, 100, False, fell)]
    assert [(one.after.weight, one.why) for one in moves(shares, seen, MONDAY)] == [(80, "slow")]
