import re

import numpy as np
import pandas as pd
import pytest
from table_files import LEAVE, refusal, refused

from pipeline.table import cells
from pipeline.table.file import read_table


def test_words_such_as_na_are_missing_in_numbers_and_values_in_text(written):
    rows = ["1.5,NA,NA ,True", "?,none, ,NA", "NaN,,?,False", '"", x y ,4,', "None,null,N/A,True"]
    table = read_table(written("a,b,c,d\n" + "\n".join(rows) + "\n"))
    numbers = pd.DataFrame(
        {
            "a": [1.5, np.nan, np.nan, np.nan, np.nan],
            "c": [np.nan, np.nan, np.nan, 4.0, np.nan],
            "d": pd.array([True, None, False, None, True], dtype="boolean"),
        }
    )
    pd.testing.assert_frame_equal(table[["a", "c", "d"]], numbers)
    pd.testing.assert_series_equal(table.b, pd.Series(["NA", "none", None, "x y", "null"], dtype="str", name="b"))


def test_a_whole_number_beyond_64_bits_is_a_float(written):
    table = read_table(written("id,code,buy\n99999999999999999999999,18446744073709551615,1\n,-1,0\n"))
    assert table.code.tolist() == [18446744073709551615.0, -1.0]
    assert table.id.iloc[0] == 1e23
    table = read_table(written(f"id,buy\n{'9' * 400},1\n2,0\n"))
    assert table.id.tolist() == [np.inf, 2.0]


@refused(
    (
        "decimal points and decimal commas",
        'note;time;buy\n"a\n";3;2,5\n\nb;1.25;3\n',
        "v.csv",
        [
            "column 'time', line 5: expected a number, found '1.25'. Write all numbers in one way, because other "
            f"columns have decimal commas, {LEAVE}"
        ],
    ),
    (
        "decimals or thousands",
        "time;buy\n1,234;0\n2,500;1\n",
        "v.csv",
        [
            "column 'time', line 2: expected a number, found '1,234', which may mean 1234 or 1.234. Write "
            f"numbers with a decimal point and without thousands separators, {LEAVE}"
        ],
    ),
)
def test_numbers_in_another_notation_are_refused_by_line(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@pytest.mark.parametrize("window", [1, 3, 2**16])
def test_a_zero_before_a_digit_is_found_wherever_a_cell_may_begin(window, monkeypatch):
    monkeypatch.setattr(cells, "WINDOW", window)
    random = np.random.default_rng(0)
    for _ in range(300):
        text = bytes(
            random.choice(list(b"00001957.,;|\"' \t\n\v\f\r\x08\x0e-a\xc3"), size=random.integers(12)).tolist()
        )
        for start in range(len(text) + 1):
            expected = re.search(rb"[\s,;|\"]0[0-9]", text[start:]) is not None
            assert cells.zero_led(text, start) == expected, (text, start)
