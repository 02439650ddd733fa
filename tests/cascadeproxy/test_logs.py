"""How a log record is written: for people, or one JSON object a line."""

from __future__ import annotations

import logging
import re
import sys

import msgspec
import pytest

from cascadeproxy.logs import InOneLine, JsonFormatter, TextFormatter, WithTraceback


def make_log(message="hello %s", args=("acme",), *, level=logging.INFO, **extra):
    record = logging.LogRecord("routing.x", level, "x.py", 1, message, args, None)
    record.__dict__.update(extra)
    return record


def with_exception():
    try:
        raise ZeroDivisionError("why")
    except ZeroDivisionError:
        record = make_log(level=logging.ERROR)
        record.exc_info = sys.exc_info()
        return record


def test_writes_one_json_object_a_line():
    line = JsonFormatter().format(make_log(fields={"cost_nusd": 7, "model": "a\nb"}))
    assert "\n" not in line
    parsed = msgspec.json.decode(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", parsed.pop("ts"))
    assert parsed == {
        "level": "info",
        "logger": "routing.x",
        "message": "hello acme",
        "cost_nusd": 7,
        "model": "a\nb",
    }


def test_puts_a_traceback_into_the_json():
    line = JsonFormatter().format(with_exception())
    assert "\n" not in line
    assert "ZeroDivisionError: why" in msgspec.json.decode(line)["exception"]


def test_writes_a_line_for_people():
    line = TextFormatter().format(make_log())
    assert re.fullmatch(r"\d\d:\d\d:\d\d hello acme", line)


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_names_the_level_when_it_matters(level):
    line = TextFormatter().format(make_log(level=logging.getLevelName(level)))
    assert line.endswith(f" {level} hello acme")


def test_puts_a_traceback_below_the_line():
    first, *rest = TextFormatter().format(with_exception()).split("\n")
    assert first.endswith("ERROR hello acme")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ZeroDivisionError: why"


@pytest.mark.parametrize("odd", ["\n", "\r", "\x1b", "\x00", "\x85", "\u2028", "\x7f"])
def test_a_client_cannot_write_a_line_of_its_own(odd):
    line = TextFormatter().format(make_log(args=(f"a{odd}12:00:00 forged",)))
    assert odd not in line
    assert "forged" in line


def test_of_djangos_errors_only_unforeseen_ones_are_logged():
    assert not WithTraceback().filter(make_log())
    assert WithTraceback().filter(with_exception())


def test_what_strangers_bring_about_is_told_in_one_short_line():
    record = logging.LogRecord(
        "django.security", logging.ERROR, "", 0, "Invalid host %s", ("a" * 9000,), None
    )
    record.exc_info = (ValueError, ValueError("x"), None)
    assert InOneLine().filter(record)
    line = TextFormatter().format(record)
    assert len(line) < 300
    assert "ValueError" not in line
