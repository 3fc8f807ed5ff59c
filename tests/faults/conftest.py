"""One running line for all tests of faults: what one of them breaks is whole again before the next begins."""

import logging
from collections.abc import Iterator

import pytest

from tests.pipeline.running import Line, line


@pytest.fixture(scope="package")
def running() -> Iterator[Line]:
    """The stack, started once."""
    with line() as made:
        yield made


@pytest.fixture(autouse=True)
def quiet_client() -> None:
    """What the client library says of every attempt during an outage would bury the report of a failure."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
