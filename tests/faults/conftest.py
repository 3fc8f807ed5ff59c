"""One running line for all tests of faults: what one of them breaks is whole again before the next begins."""

from collections.abc import Iterator

import pytest

from tests.pipeline.running import Line, line


@pytest.fixture(scope="package")
def running() -> Iterator[Line]:
    """The stack, started once."""
    with line() as made:
        yield made
