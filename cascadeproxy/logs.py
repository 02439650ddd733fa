"""How a log record is written: for people, or one JSON object a line."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

# What could end a line or move a terminal's cursor: clients name models as they like.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

MAX_TOLD_CHARS = 200


class WithTraceback(logging.Filter):
    """Lets through what was not foreseen. Django logs each 5xx answer; so do we."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record carries an exception."""
        return bool(record.exc_info)


class InOneLine(logging.Filter):
    """Tells briefly, without a traceback, what any stranger can bring about."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record; it goes on."""
        record.msg, record.args = record.getMessage()[:MAX_TOLD_CHARS], ()
        record.exc_info = record.exc_text = None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line; the fields of `extra={"fields": {...}}` beside it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class TextFormatter(logging.Formatter):
    """A line for people: time, level when it matters, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one readable line, with its traceback below."""
        message = _CONTROL.sub(_escaped, record.getMessage())
        moment = datetime.fromtimestamp(record.created).astimezone()
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        line = f"{moment:%H:%M:%S} {level}{message}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _escaped(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
