"""Work beside a request: in a thread, which under gevent is a greenlet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(run: Callable[[], T], *, name: str) -> Future[T]:
    """Return what `run` is going to return, or raise, from a thread called `name`."""
    pending: Future[T] = Future()

    def settle() -> None:
        try:
            pending.set_result(run())
        except BaseException as error:  # noqa: BLE001  raised again where it is awaited
            pending.set_exception(error)

    threading.Thread(target=settle, name=name, daemon=True).start()
    return pending
