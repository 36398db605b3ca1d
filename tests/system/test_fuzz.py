"""A hundred random tables and files of each kind; with `--hypothesis-profile=fuzz`, ten thousand."""

from hypothesis import HealthCheck, given, settings
from random_files import ANY_OTHER, ANY_TEXT, ANY_WRITTEN, check_other, check_text, check_written
from random_frames import check_frame, frames

fuzzed = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@fuzzed
@given(case=frames())
def test_any_frame_gives_its_rows_and_columns_or_is_refused(case):
    check_frame(case)


@fuzzed
@given(data=ANY_TEXT)
def test_any_text_gives_its_rows_and_columns_or_is_refused(data):
    check_text(data)


@fuzzed
@given(**ANY_OTHER)
def test_any_other_file_gives_a_table_or_is_refused(seed, edits, cut):
    check_other(seed, edits, cut)


@fuzzed
@given(**ANY_WRITTEN)
def test_a_written_table_reads_back(rows, delimiter, pack, encoding):
    check_written(rows, delimiter, pack, encoding)
