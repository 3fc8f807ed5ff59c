"""CloudEvents 1.0, Kafka binary binding: names of headers and of types.

Source: CloudEvents Kafka Protocol Binding 1.0.2 §3.2; trace context travels as the bare header `traceparent` (W3C).
"""

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
PREFIX = "gongji."
MAX_BODY_BYTES = 256 * 1024

CE_ID = "ce_id"
CE_SOURCE = "ce_source"
CE_TYPE = "ce_type"
CE_TIME = "ce_time"
CE_SPECVERSION = "ce_specversion"
CE_SUBJECT = "ce_subject"
TRACEPARENT = "traceparent"
REQUEST_SOURCE = "x-request-source"
REQUEST_ID = "x-request-id"
"""An answer names the request that it answers by these two headers."""


def ce_type(short: str, version: int = 1) -> str:
    """`binding.requests.submitted` → `gongji.binding.requests.submitted.v1`."""
    return f"{PREFIX}{short}.v{version}"


def split_type(full: str) -> tuple[str, int] | None:
    """The short name and the version of a full `ce_type`; `None` if it is not one of ours."""
    name, dot, version = full.rpartition(".v")
    if (
        not dot
        or not name.startswith(PREFIX)
        or not version.isascii()
        or not version.isdigit()
        or version[0] == "0"
    ):
        return None
    return name.removeprefix(PREFIX), int(version[:6])


def service_source(service: str) -> str:
    """`ce_source` of one of our own services."""
    return f"gongji-{service}"
