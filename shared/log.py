"""Structured logs: one JSON object a line. A line names a message (topic, partition, offset, id, type), never its content."""

import logging
import sys
import traceback
from typing import Any

import structlog

from shared.db import sqlstate


def configure(service: str, level: str = "INFO") -> None:
    """Sets up structlog and the standard library's loggers for one process; safe to call again."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # the stream of now, not of this call
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", force=True
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(_without_texts)
    # aiokafka writes some 40 lines a second while a broker is away: one line a logger and second is enough.
    for name in ("aiokafka", "faststream"):
        logger = logging.getLogger(name)
        logger.addFilter(_Seldom())
        for handler in logging.getLogger().handlers:
            handler.addFilter(_Seldom(name))


def _without_texts(record: logging.LogRecord) -> bool:
    """Of an exception that a library logs, keeps the class: its text may quote a row of the database or what a message said."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg, record.args = f"{record.getMessage()} [{kind.__name__ if kind else 'error'}]", ()
    record.exc_info = record.exc_text = None
    return True


class _Seldom(logging.Filter):
    """Passes one record a second of each logger and drops exceptions, which may quote what a message said."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._prefix):
            return True
        record.exc_info = record.exc_text = None
        place = (record.name, record.lineno)
        if record.created - self._last.get(place, 0.0) < 1.0:
            return False
        self._last[place] = record.created
        return True


def get(**values: Any) -> structlog.stdlib.BoundLogger:
    """A logger with `values` bound."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(**values)
    return logger


def fault(error: BaseException) -> dict[str, Any]:
    """What may be logged of an exception: class, SQLSTATE, constraint and places; not its text."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno}:{frame.name}" for frame in frames]
    facts = {"error": type(error).__qualname__, "sqlstate": sqlstate(error), "places": places}
    facts["constraint"] = getattr(error, "constraint_name", None)
    return {name: value for name, value in facts.items() if value}
