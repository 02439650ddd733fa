"""The text of a file of rules to a `RulesFile`, with every mistake named at once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from routing import allowed, quirks, validators
from routing.models import CascadeRule
from routing.providers import ADAPTERS
from routing.rules_file.document import Entry, KeyValue, RulesFile
from routing.rules_file.key_fields import KEY_FIELDS
from routing.rules_file.naming import name_for
from routing.rules_file.nodes import Place, Read, Reader, choice, compose

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def parse(text: str, source: str) -> RulesFile:
    """Return what `text` says. Raises RulesFileError naming every mistake in it."""
    reader = Reader(source)
    top = reader.fields(compose(text, source), SECTIONS)
    given = {name: place for name, place in top.items() if not place.empty}
    auth = reader.values(given["auth"], AUTH) if "auth" in given else {}
    document = RulesFile(
        source=source,
        server=reader.values(given["server"], SERVER) if "server" in given else {},
        auth_mode=auth.get("mode"),
        client_keys=tuple(auth.get("api_keys") or ()),
        rules=_entries(reader, given.get("cascade_rules"), RULE),
        provider_keys=_provider_keys(reader, given.get("api_keys")),
        providers=_entries(reader, given.get("providers"), PROVIDER),
    )
    _require(reader, document.rules, "request_model", "draft_model")
    _require(reader, document.providers, "name")
    document = dataclasses.replace(document, rules=_named(reader, document.rules))
    _refuse_repeats(reader, document.rules)
    _refuse_repeats(reader, document.providers)
    reader.finish()
    return document


def _slug(reader: Reader, place: Place) -> str | None:
    name = reader.text(place)
    if name is not None:
        try:
            validate_slug(name)
        except ValidationError:
            reader.complain(place, "use letters, digits, - and _ only")
    return name


def _quirks(reader: Reader, place: Place) -> dict[str, Any]:
    known: dict[str, Read] = dict.fromkeys(quirks.NAMES, Reader.flag)
    known |= {name: choice(*words) for name, words in quirks.WORDS.items()}
    return reader.values(place, known)


def _between(low: int, high: int) -> Read:
    def read(reader: Reader, place: Place) -> int | None:
        number = reader.integer(place)
        if number is not None and not low <= number <= high:
            reader.complain(place, f"must lie between {low} and {high}, not {number}")
        return number

    return read


def _key(reader: Reader, place: Place) -> KeyValue | None:
    text = reader.text(place)
    if text is None:
        return None
    whole = REFERENCE.fullmatch(text)
    if whole:
        return _reference(reader, place, f"env:{whole[1]}")
    if "${" in text:
        reader.complain(place, 'write "${NAME}" alone, with nothing around it')
        return None
    if text.startswith(("env:", "file:")):
        return _reference(reader, place, text)
    return KeyValue(literal=text)


def _reference(reader: Reader, place: Place, reference: str) -> KeyValue:
    try:
        validators.key_reference(reference)
    except ValidationError as error:
        reader.complain(place, " ".join(error.messages))
    return KeyValue(reference=reference)


def _headers(reader: Reader, place: Place) -> str:
    """Return names with a pattern, or a list of them, as the lines of a rule's row."""
    lines = []
    for name, where in reader.named(place).items():
        alone = isinstance(where.node.value, str)
        for pattern in [where] if alone else reader.items(where):
            lines += _header_line(reader, pattern, name)
    return "\n".join(lines)


def _header_line(reader: Reader, place: Place, name: str) -> list[str]:
    text = reader.text(place)
    if text is None:
        return []
    line = f"{name}: {text}"
    if len(line.splitlines()) > 1:
        reader.complain(place, "write the pattern on one line")
    try:
        validators.header_patterns(line)
    except ValidationError as error:
        reader.complain(place, " ".join(error.messages))
    return [line]


def _client_keys(reader: Reader, place: Place) -> list[Entry]:
    return [_client_key(reader, item) for item in reader.items(place)]


def _client_key(reader: Reader, place: Place) -> Entry:
    if isinstance(place.node.value, str):
        key = _key(reader, place)
        return Entry(path=place.path, line=place.line, values={"key": key}, lines={})
    entry = _entry(reader, place, CLIENT_KEY)
    if not entry.values.get("key"):
        reader.problems.append(entry.problem("", "key is missing"))
    return entry


def _models(reader: Reader, place: Place) -> list[Entry]:
    return [_model(reader, item) for item in reader.items(place)]


def _model(reader: Reader, place: Place) -> Entry:
    if isinstance(place.node.value, str):
        name = reader.text(place)
        return Entry(path=place.path, line=place.line, values={"name": name}, lines={})
    entry = _entry(reader, place, MODEL)
    _require(reader, (entry,), "name")
    return entry


def _entries(
    reader: Reader, place: Place | None, known: Mapping[str, Read]
) -> tuple[Entry, ...] | None:
    if place is None:
        return None
    return tuple(_entry(reader, item, known) for item in reader.items(place))


def _entry(reader: Reader, place: Place, known: Mapping[str, Read]) -> Entry:
    found = reader.fields(place, known)
    return Entry(
        path=place.path,
        line=place.line,
        values={
            name: known[name](reader, where)
            for name, where in found.items()
            if not where.empty
        },
        lines={name: where.line for name, where in found.items()},
    )


def _provider_keys(reader: Reader, place: Place | None) -> tuple[Entry, ...]:
    if place is None:
        return ()
    return tuple(
        Entry(
            path=where.path,
            line=where.line,
            values={"name": name, "api_key": _key(reader, where)},
            lines={},
        )
        for name, where in reader.named(place).items()
        if not where.empty
    )


def _require(reader: Reader, entries: tuple[Entry, ...] | None, *names: str) -> None:
    for entry in entries or ():
        for name in names:
            if name not in entry.values:
                reader.problems.append(entry.problem("", f"{name} is missing"))


def _named(reader: Reader, rules: tuple[Entry, ...] | None) -> tuple[Entry, ...] | None:
    if rules is None:
        return None
    taken = {rule.values["name"] for rule in rules if "name" in rule.values}
    named = []
    for rule in rules:
        name = rule.values.get("name") or _derived(reader, rule, taken)
        taken.add(name)
        named.append(dataclasses.replace(rule, values={**rule.values, "name": name}))
    return tuple(named)


def _derived(reader: Reader, rule: Entry, taken: set[str]) -> str:
    models = [str(rule.values.get(f, "")) for f in ("request_model", "draft_model")]
    name = name_for(models[0], models[1], taken)
    if name is None:
        message = "another rule has these models already: give this one a name"
        reader.problems.append(rule.problem("", message))
    return name or ""


def _refuse_repeats(reader: Reader, entries: tuple[Entry, ...] | None) -> None:
    seen: set[Any] = set()
    for entry in entries or ():
        name = entry.values.get("name")
        if name and name in seen:
            reader.problems.append(entry.problem("name", f"{name} is there twice"))
        seen.add(name)


SECTIONS = ("server", "auth", "cascade_rules", "api_keys", "providers")
SERVER: Mapping[str, Read] = {
    "host": Reader.text,
    "port": _between(*allowed.PORTS),
    "workers": _between(*allowed.WORKERS),
    "log_level": choice(*allowed.LOG_LEVELS),
}
AUTH: Mapping[str, Read] = {
    "mode": choice(*allowed.AUTH_MODES),
    "api_keys": _client_keys,
}
CLIENT_KEY: Mapping[str, Read] = {
    "name": Reader.text,
    "key": _key,
    "tag": Reader.text,
    "may_force": Reader.flag,
    "account_access": Reader.flag,
    **KEY_FIELDS,
}
RULE: Mapping[str, Read] = {
    "name": _slug,
    "enabled": Reader.flag,
    "priority": Reader.integer,
    "request_model": Reader.text,
    "draft_model": Reader.text,
    "verifier_model": Reader.text,
    "quality_threshold": Reader.number,
    "prior": Reader.number,
    "key": Reader.text,
    "tag": Reader.text,
    "tools": choice(*CascadeRule.Tools.values),
    "streaming": choice(*CascadeRule.Streaming.values),
    "subagents": choice(*CascadeRule.Subagents.values),
    "min_prompt_tokens": Reader.integer,
    "max_prompt_tokens": Reader.integer,
    "headers": _headers,
    "rollout_percent": Reader.number,
    "draft_timeout_s": Reader.number,
    "latency": choice(*CascadeRule.Latency.values),
    "slow_draft_s": Reader.number,
    "clamp_max_tokens": Reader.flag,
    "economics": Reader.flag,
    "fallback_model": Reader.text,
    "on_verifier_error": choice(*CascadeRule.OnVerifierError.values),
    "response_model": choice(*CascadeRule.ResponseModel.values),
    "mode": choice(*CascadeRule.Mode.values),
    "second_model": Reader.text,
    "second_when": choice(*CascadeRule.When.values),
    "judge_model": Reader.text,
    "judge_when": choice(*CascadeRule.When.values),
    "shadow_percent": Reader.number,
    "shadow_per_day": Reader.integer,
    "shadow_quiet_hours": Reader.text,
    "check_budget_percent": Reader.number,
    "max_harm_percent": Reader.number,
    "certificate_confidence": Reader.number,
    "on_lapse": choice(*CascadeRule.OnLapse.values),
    "store_text": choice(*CascadeRule.StoreText.values),
    "store_text_percent": Reader.number,
    "notes": Reader.text,
}
MODEL: Mapping[str, Read] = {
    "name": Reader.text,
    "display_name": Reader.text,
    "enabled": Reader.flag,
}
PROVIDER: Mapping[str, Read] = {
    "name": _slug,
    "kind": choice(*ADAPTERS),
    "base_url": Reader.text,
    "api_key": _key,
    "models": _models,
    "enabled": Reader.flag,
    "priority": Reader.integer,
    "private": Reader.flag,
    "takes_client_credentials": Reader.flag,
    "quirks": _quirks,
}
