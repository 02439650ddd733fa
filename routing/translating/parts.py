"""Pieces of content between the two APIs: texts, images, documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from routing.quirks import Quirks
from routing.translating.values import (
    CannotBeSaid,
    Json,
    all_objects,
    mapping,
    objects,
    string,
    text_in,
)

_DATA_URL = re.compile(r"data:([\w.+/-]+)(?:;[\w=.-]+)*;base64,(.*)", re.DOTALL)
_PDF = "application/pdf"
_FILE_NAME = "document.pdf"


def chat_content(parts: Sequence[Json]) -> str | list[Json]:
    """Return parts as a content: plain text when they are one text, else the list."""
    if len(parts) == 1 and parts[0].get("type") == "text":
        return string(parts[0].get("text"))
    return list(parts)


def text_part(text: str) -> Json:
    """Return a text as a part, which is a block too."""
    return {"type": "text", "text": text}


def chat_parts(content: Any, quirks: Quirks) -> list[Json]:
    """Return the parts a content of the Messages API comes to, in order.

    Raises CannotBeSaid for what has no part.
    """
    if isinstance(content, str):
        return [text_part(content)]
    return [part for block in objects(content) for part in _parts(block, quirks)]


def is_medium(part: Json) -> bool:
    """Whether a part is no text, and so may not stand in the result of a tool."""
    return part.get("type") != "text"


def _parts(block: Json, quirks: Quirks) -> Iterable[Json]:
    match block.get("type"):
        case "text":
            return [text_part(string(block.get("text")))]
        case "image":
            url = _image_url(mapping(block, "source"))
            return [{"type": "image_url", "image_url": {"url": url}}]
        case "document":
            return _document(block, mapping(block, "source"), quirks)
        case "search_result":
            head = f"{string(block.get('title'))}\n{string(block.get('source'))}"
            return [text_part(head), *chat_parts(block.get("content"), quirks)]
        case kind:
            raise CannotBeSaid(
                f"messages: this model's provider takes no {kind} blocks."
            )


def _image_url(source: Any) -> str:
    kind = source.get("type")
    if kind == "base64":
        return f"data:{source.get('media_type')};base64,{source.get('data')}"
    if kind == "url":
        return string(source.get("url"))
    raise CannotBeSaid("messages: this model's provider has no files of yours.")


def _document(block: Json, source: Any, quirks: Quirks) -> Iterable[Json]:
    match source.get("type"):
        case "text":
            return [text_part(string(source.get("data")))]
        case "content":
            return chat_parts(source.get("content"), quirks)
        case "base64" if quirks.files:
            name = string(block.get("title")) or _FILE_NAME
            data = f"data:{_PDF};base64,{string(source.get('data'))}"
            return [{"type": "file", "file": {"filename": name, "file_data": data}}]
    raise CannotBeSaid("messages: this model's provider takes no such documents.")


def message_blocks(content: Any) -> list[Json]:
    """Return the blocks a content of Chat Completions comes to, in order.

    Empty texts are left out: the Messages API refuses them. Raises CannotBeSaid.
    """
    if isinstance(content, str):
        return [text_part(content)] if content else []
    blocks = [_block(part) for part in all_objects(content, "messages: content")]
    return [b for b in blocks if b.get("type") != "text" or b.get("text")]


def _block(part: Json) -> Json:
    match part.get("type"):
        case "text":
            return text_part(text_in(part, "text"))
        case "refusal":
            return text_part(text_in(part, "refusal"))
        case "image_url":
            return _image(text_in(part.get("image_url"), "url"))
        case "file":
            return _file(mapping(part, "file"))
        case kind:
            raise CannotBeSaid(f"messages: this model takes no {kind} parts.")


def _image(url: str) -> Json:
    inline = _DATA_URL.fullmatch(url)
    if inline:
        source = {"type": "base64", "media_type": inline[1], "data": inline[2]}
    else:
        source = {"type": "url", "url": url}
    return {"type": "image", "source": source}


def _file(file: Any) -> Json:
    inline = _DATA_URL.fullmatch(string(file.get("file_data")))
    if inline is None or inline[1] != _PDF:
        raise CannotBeSaid("messages: this model takes files as PDF data URLs only.")
    source = {"type": "base64", "media_type": _PDF, "data": inline[2]}
    title = string(file.get("filename"))
    named = {"title": title} if title and title != _FILE_NAME else {}
    return {"type": "document", "source": source, **named}
