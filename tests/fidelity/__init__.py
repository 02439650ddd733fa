"""The table of cases: what a client may see of us, row by row."""

import pytest

pytest.register_assert_rewrite("tests.fidelity.checks")
