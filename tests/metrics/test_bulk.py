import pytest
from django.db import DataError, connection

from metrics import bulk
from metrics.models import JournalFile

pytestmark = pytest.mark.django_db
NAMES = ("name", "loaded_bytes", "rejected_lines")


def insert(rows, conflict="(name) DO NOTHING"):
    return bulk.insert(JournalFile, NAMES, rows, conflict=conflict)


def test_rows_are_written_whatever_their_number():
    assert insert([(f"file {n}", n, 0) for n in range(1001)]) == 1001
    assert JournalFile.objects.get(name="file 700").loaded_bytes == 700


def test_nothing_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert insert([]) == 0


def test_what_is_there_already_is_not_counted():
    insert([("a", 1, 0)])
    assert insert([("a", 2, 0), ("b", 3, 0)]) == 1
    assert JournalFile.objects.get(name="a").loaded_bytes == 1


def test_what_is_there_already_can_grow():
    insert([("a", 2, 0)])
    table = JournalFile._meta.db_table
    both = f"{table}.loaded_bytes + excluded.loaded_bytes"
    insert([("a", 5, 0)], conflict=f"(name) DO UPDATE SET loaded_bytes = {both}")
    assert JournalFile.objects.get(name="a").loaded_bytes == 7


@pytest.mark.parametrize("text", ["%s", "'; --", '"{}[]', "\\", "zeichen ü 🙂", "\n"])
def test_no_text_is_anything_but_text(text):
    insert([(text, 0, 0)])
    assert JournalFile.objects.get().name == text


def test_a_number_that_is_too_large_is_refused():
    expected = DataError if connection.vendor == "postgresql" else OverflowError
    with pytest.raises(expected):
        insert([("a", 2**70, 0)])
