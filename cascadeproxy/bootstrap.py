"""`python -m cascadeproxy.bootstrap`: a `.env` with fresh secrets, then `proxy run`.

Needs the standard library alone and no settings: it writes what they are read from.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = 0o600
USUAL_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GROQ_API_KEY")
# As django-environ reads a line.
LINE = re.compile(r"(?:export )?([A-Za-z_0-9]+)=(.*)")


def fresh_secrets() -> dict[str, str]:
    """Return new values for the secrets a `.env` must hold."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CASCADE_KEY_PEPPER": secrets.token_urlsafe(32),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def read(text: str) -> dict[str, str]:
    """Return the variables a `.env` sets to something."""
    matches = (LINE.fullmatch(line) for line in text.splitlines())
    values = {m[1]: m[2].strip("'\"") for m in matches if m}
    return {name: value for name, value in values.items() if value}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with `values` in place of lines that are empty or not there."""
    present = read(text)
    for name, value in values.items():
        if name in present:
            continue
        line = f"{name}={value}"
        text, found = re.subn(rf"(?m)^(?:export )?{name}=.*$", line, text, count=1)
        if not found:
            text = f"{text.rstrip()}\n{line}\n".lstrip()
    return text


def prepare(path: Path, example: Path) -> list[str]:
    """Make `path` a whole `.env` only its owner can read; return what was done.

    What it holds stays; only secrets that are empty or missing are filled in.
    """
    if not path.exists():
        _write(path, filled(example.read_text("utf-8"), fresh_secrets()))
        return [f"Wrote {path.name} with fresh secrets; only you can read it."]
    done = []
    before = path.read_text("utf-8")
    after = filled(before, fresh_secrets())
    if after != before:
        _write(path.resolve(), after)
        done.append(f"Filled in the secrets {path.name} lacked.")
    if path.stat().st_mode & 0o077:
        path.chmod(MODE)
        done.append(f"{path.name} was open to others; now only you can read it.")
    return done


def without_unasked_keys(
    environment: Mapping[str, str], env_file: Mapping[str, str], *, live: bool
) -> tuple[dict[str, str], list[str]]:
    """Return the environment to go on with, and a line on the keys left out of it.

    A provider key is used when `.env` holds it. One that only the environment holds
    belongs to something else until `live` says otherwise.
    """
    left_out = []
    kept = dict(environment)
    for name in _key_names(environment, env_file):
        in_environment = any(kept.get(n) for n in (name, f"{name}_FILE"))
        in_file = name in env_file or f"{name}_FILE" in env_file
        if live and not in_file:
            continue
        kept.pop(name, None)
        kept.pop(f"{name}_FILE", None)
        if in_environment and not in_file:
            left_out.append(name)
    if not left_out:
        return kept, []
    return kept, [
        f"{' and '.join(left_out)} found in the environment but not in .env: not "
        "used. `make run LIVE=1` uses it."
    ]


def main() -> None:
    """Prepare `.env` and become `manage.py proxy run`; arguments are passed on."""
    parser = argparse.ArgumentParser(prog="python -m cascadeproxy.bootstrap")
    parser.add_argument("--live", default="", help="use keys of the environment: 1")
    parser.add_argument("--only-env", action="store_true", help="do not start")
    options, rest = parser.parse_known_args()
    path = BASE_DIR / ".env"
    _tell(prepare(path, BASE_DIR / ".env.example"))
    if options.only_env:
        return
    inherited = os.environ  # noqa: TID251  the settings cannot be read yet
    live = options.live.lower() not in {"", "0", "no", "false"}
    values = read(path.read_text("utf-8"))
    environment, lines = without_unasked_keys(inherited, values, live=live)
    _tell(lines)
    command = [sys.executable, str(BASE_DIR / "manage.py"), "proxy", "run", *rest]
    os.execve(sys.executable, command, environment)  # noqa: S606  our own program


def _key_names(*sources: Mapping[str, str]) -> list[str]:
    further = [source.get("CASCADE_PROVIDER_KEY_NAMES", "") for source in sources]
    names = [name.strip() for text in further for name in text.split(",")]
    return list(dict.fromkeys([*USUAL_KEYS, *filter(None, names)]))


def _write(path: Path, text: str) -> None:
    # Whole or not at all, and never readable by others, not even for a moment.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
