"""Stable codes for why a record became a dead letter. Operators, dashboards and the replay tool know them by these names."""

from enum import StrEnum


class Reason(StrEnum):
    """Level-one faults, in the order in which they are looked for, then faults that the transaction finds."""

    TOO_LARGE = "too-large"  # value above 256 KiB, or headers above 16 KiB
    HEADER_NULL = "header-null"  # an envelope header without a value
    HEADER_BINARY = "header-binary"  # an envelope header that is not UTF-8
    HEADER_REPEATED = "header-repeated"
    HEADER_MISSING = "header-missing"
    SPEC_VERSION = "spec-version"
    CONTENT_TYPE = "content-type"
    BAD_ID = "bad-id"
    BAD_TIME = "bad-time"
    BAD_SUBJECT = "bad-subject"
    BAD_TYPE = "bad-type"
    UNKNOWN_SOURCE = "unknown-source"
    SOURCE_SET_ASIDE = "source-set-aside"
    UNKNOWN_TYPE = "unknown-type"
    WRONG_TOPIC = "wrong-topic"
    NOT_ENTITLED = "not-entitled"
    UNKNOWN_OPERATOR = "unknown-operator"  # who speaks in the body is not registered
    UNKNOWN_VERSION = "unknown-version"
    NULL_VALUE = "null-value"
    NULL_KEY = "null-key"
    BYTE_ORDER_MARK = "byte-order-mark"
    NOT_UTF8 = "not-utf8"
    NUL_CHARACTER = "nul-character"
    LONE_SURROGATE = "lone-surrogate"
    NOT_A_NUMBER = "not-a-number"  # NaN, Infinity
    HUGE_NUMBER = "huge-number"
    TOO_DEEP = "too-deep"
    DUPLICATE_KEYS = "duplicate-keys"
    BROKEN_JSON = "broken-json"
    NOT_AN_OBJECT = "not-an-object"
    BAD_ADDRESS = "bad-address"  # the field that the key is made of is missing or wrong
    KEY_MISMATCH = "key-mismatch"
    SUBJECT_MISMATCH = "subject-mismatch"
    CONTRACT_BROKEN = "contract-broken"  # one of our own services wrote what its contract does not allow
    ID_REUSED = "id-reused"
    HANDLER_FAILED = "handler-failed"
