"""Loggers of the libraries that talk to providers: whole requests go through them, with number, text and password.

httpx logs each URL at INFO, and with it what Kannel's interface wants in it; Alibaba's core sets itself to DEBUG and writes to
a stream of its own; asyncio and aiohttp quote objects. What is worth knowing of a provider our own lines say.
"""

import logging
from typing import Final

LOGGERS: Final = (
    "Tea",
    "aiohttp.access",
    "aiohttp.client",
    "aiohttp.internal",
    "aiohttp.server",
    "aiohttp.web",
    "alibabacloud-tea",
    "credentials",
    "darabonba-core",
    "httpcore",
    "httpx",
    "requests",
    "smpplib",
    "tencentcloud_sdk_common",
    "urllib3",
)


def silence() -> None:
    """Nothing of them is written, whatever level the root has and whatever handler they brought along."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
