"""Files of rules for commands: what is wrong with one becomes a CommandError."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError

from routing.errors import ConfigurationError
from routing.rules_file import loading, parsing
from routing.rules_file.document import RulesFile
from routing.rules_file.problems import RulesFileError

EXAMPLE = Path(__file__).parent.parent / "data" / "example_rules.yaml"


def read(path: Path) -> RulesFile:
    """Return the file at `path`, parsed. Raises CommandError naming every mistake."""
    try:
        return parsing.parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: not UTF-8 text at byte {error.start}.") from None
    except RulesFileError as error:
        raise CommandError(f"Nothing was loaded.\n{error}") from None


def store(document: RulesFile, *, prune: bool = False) -> loading.Loaded:
    """Load `document` and return what that did. Raises CommandError, nothing loaded."""
    try:
        return loading.load(document, prune=prune)
    except RulesFileError as error:
        raise CommandError(f"Nothing was loaded.\n{error}") from None
    except ConfigurationError as error:
        raise CommandError(f"Nothing was loaded. {error.message}") from None


def write_example(path: Path) -> None:
    """Write the example file to `path`. Raises CommandError rather than overwrite."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(EXAMPLE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise CommandError(f"{path} exists already and was left alone.") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from None
