"""YAML nodes to plain values, each mistake kept with its line and field.

Only the node graph of the safe loader is read: no object is ever constructed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from routing.rules_file.problems import Problem, RulesFileError

TAG = "tag:yaml.org,2002:"
TRUE_WORDS = {"true", "yes", "on"}


@dataclass(frozen=True, slots=True)
class Place:
    """A node and the path of fields that leads to it."""

    node: Node
    path: str

    @property
    def line(self) -> int:
        """The line the node begins on, counted from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def empty(self) -> bool:
        """Whether nothing, or null, is written there."""
        return bool(self.node.tag == TAG + "null")

    def sub(self, name: str, node: Node) -> Place:
        """Return the place of field `name` inside this one."""
        return Place(node, f"{self.path}.{name}" if self.path else name)

    def item(self, index: int, node: Node) -> Place:
        """Return the place of the item `index` of this list."""
        return Place(node, f"{self.path}[{index}]")


Read = Callable[["Reader", Place], Any]


@dataclass(slots=True)
class Reader:
    """Reads the nodes of one file and collects what is wrong with them.

    A reading method returns None for what it complained about.
    """

    source: str
    problems: list[Problem] = field(default_factory=list)

    def complain(self, place: Place, message: str) -> None:
        """Keep a problem with `place`."""
        self.problems.append(
            Problem(line=place.line, field=place.path, message=message)
        )

    def finish(self) -> None:
        """Raise RulesFileError when anything was wrong."""
        if self.problems:
            raise RulesFileError(self.source, self.problems)

    def fields(self, place: Place, known: Collection[str]) -> dict[str, Place]:
        """Return the fields of a mapping; unknown and repeated ones are problems."""
        if not _is_mapping(place.node):
            self.complain(place, f"expected fields such as {_some(known)}")
            return {}
        found: dict[str, Place] = {}
        for key, value in place.node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else "?"
            here = Place(key, place.sub(name, key).path)
            if name not in known:
                self.complain(here, f"unknown field; {_suggestion(name, known)}")
            elif name in found:
                self.complain(here, "the field is there twice")
            else:
                found[name] = place.sub(name, value)
        return found

    def named(self, place: Place) -> dict[str, Place]:
        """Return the entries of a mapping whose keys are free names."""
        if not _is_mapping(place.node):
            self.complain(place, "expected names, each with a value")
            return {}
        keys = [str(k.value) for k, _ in place.node.value if isinstance(k, ScalarNode)]
        return self.fields(place, keys)

    def items(self, place: Place) -> list[Place]:
        """Return the items of a list."""
        if not isinstance(place.node, SequenceNode) or place.node.tag != TAG + "seq":
            self.complain(place, "expected a list")
            return []
        return [place.item(i, node) for i, node in enumerate(place.node.value)]

    def values(self, place: Place, known: Mapping[str, Read]) -> dict[str, Any]:
        """Return the fields of a mapping, read; those left empty are left out."""
        found = self.fields(place, known)
        return {
            name: known[name](self, where)
            for name, where in found.items()
            if not where.empty
        }

    def text(self, place: Place) -> str | None:
        """Return a string."""
        if _tag(place) == "str":
            return str(place.node.value)
        self.complain(place, f"expected text{_hint(place)}")
        return None

    def number(self, place: Place) -> float | None:
        """Return a finite number."""
        if _tag(place) in {"int", "float"}:
            try:
                number = float(place.node.value)
            except ValueError:
                number = math.nan
            if math.isfinite(number):
                return number
        self.complain(place, f"expected a number{_got(place)}")
        return None

    def integer(self, place: Place) -> int | None:
        """Return a whole number that a database column holds."""
        if _tag(place) == "int":
            try:
                number = int(place.node.value)
            except ValueError:
                number = 2**31
            if abs(number) < 2**31:
                return number
        self.complain(place, f"expected a whole number{_got(place)}")
        return None

    def flag(self, place: Place) -> bool | None:
        """Return true or false."""
        if _tag(place) == "bool":
            return place.node.value.lower() in TRUE_WORDS
        self.complain(place, f"expected true or false{_got(place)}")
        return None

    def texts(self, place: Place) -> list[str]:
        """Return a list of strings."""
        texts = [self.text(item) for item in self.items(place)]
        return [text for text in texts if text is not None]


def choice(*allowed: str) -> Read:
    """Return a reader of one of `allowed`."""

    def read(reader: Reader, place: Place) -> str | None:
        if _tag(place) == "str" and place.node.value in allowed:
            return str(place.node.value)
        reader.complain(place, f"expected one of {', '.join(allowed)}{_got(place)}")
        return None

    return read


def compose(text: str, source: str) -> Place:
    """Return the root of a YAML text. Raises RulesFileError when there is none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _unreadable(source, line, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unreadable(source, line, f"not YAML: {error.reason}") from None
    except RecursionError:
        raise _unreadable(source, 1, "nested too deeply") from None
    if node is None:
        raise _unreadable(source, 1, "the file is empty")
    return Place(node, "")


def _unreadable(source: str, line: int, message: str) -> RulesFileError:
    return RulesFileError(source, [Problem(line=line, field="", message=message)])


def _is_mapping(node: Node) -> bool:
    return isinstance(node, MappingNode) and node.tag == TAG + "map"


def _tag(place: Place) -> str:
    if not isinstance(place.node, ScalarNode):
        return ""
    return str(place.node.tag).removeprefix(TAG)


def _got(place: Place) -> str:
    # Values are quoted in messages except where they may be secrets: see `text`.
    if isinstance(place.node, ScalarNode):
        return f", not {place.node.value!r}"
    return ", not a list or fields"


def _hint(place: Place) -> str:
    return ": put it in quotes" if isinstance(place.node, ScalarNode) else ""


def _suggestion(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {_some(known)}"


def _some(known: Collection[str]) -> str:
    return ", ".join(known)
