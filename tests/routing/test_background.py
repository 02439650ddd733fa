import threading

import pytest

from routing.background import in_background


def test_runs_in_another_thread():
    here = threading.current_thread()
    found = in_background(threading.current_thread, name="beside").result(timeout=10)
    assert found is not here
    assert found.name == "beside"


def test_what_it_raises_is_raised_where_it_is_awaited():
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_background(fail, name="beside").result(timeout=10)
