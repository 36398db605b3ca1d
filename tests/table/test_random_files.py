"""A few random files of each kind; tests/system/test_fuzz.py has many."""

from hypothesis import HealthCheck, given, settings
from random_files import ANY_OTHER, ANY_TEXT, ANY_WRITTEN, check_other, check_text, check_written

few = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@few
@given(data=ANY_TEXT)
def test_a_few_texts_give_their_rows_and_columns_or_are_refused(data):
    check_text(data)


@few
@given(**ANY_OTHER)
def test_a_few_other_files_give_a_table_or_are_refused(seed, edits, cut):
    check_other(seed, edits, cut)


@few
@given(**ANY_WRITTEN)
def test_a_few_written_tables_read_back(rows, delimiter, pack, encoding):
    check_written(rows, delimiter, pack, encoding)
