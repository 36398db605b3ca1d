import io

import pandas as pd
import scipy.io
from table_files import ARFF, QUOTE, refusal, refused

from pipeline.table.file import read_table


def test_arff_reads_as_scipy_s_reader_does(written):
    plain = ARFF.replace("'not yet'", "no")  # scipy's does not find a quoted class again
    table = read_table(written(plain, "v.arff"))
    rows, meta = scipy.io.arff.loadarff(io.StringIO(plain))
    expected = pd.DataFrame(rows)
    for name in ("first visit", "buy"):
        expected[name] = expected[name].str.decode("ascii").replace("?", None).astype("str")
    assert meta.names() == list(table.columns)
    pd.testing.assert_frame_equal(table, expected)


def test_arff_has_text_which_scipy_s_reader_refuses(written):
    text = "@relation r\n@attribute größe string\n@attribute n integer\n@data\n'a, b\\' ß',1\n?,2\n"
    table = read_table(written(text, "v.csv"))
    assert table["größe"].iloc[0] == "a, b' ß"
    assert table["größe"].isna().tolist() == [False, True]
    assert table.n.tolist() == [1.0, 2.0]
    assert read_table(written(ARFF, "v.arff"))["first visit"].iloc[1] == "not yet"


@refused(
    (
        "ARFF whose rows and attributes differ",
        ARFF.replace("120", "12O").replace("'not yet',?", "never,?"),
        "v.arff",
        [
            "column 'first visit', line 10: expected one of {yes, 'not yet'}, as declared by @attribute, "
            "found 'never'. Correct this cell, or the declaration.",
            "column 'time', line 8: expected a number, as declared by @attribute, found '12O'. Correct this "
            "cell, or the declaration.",
        ],
    ),
    (
        "ARFF with a row too short",
        ARFF.replace("yes,120,0", "yes,120"),
        "v.arff",
        [f"line 8: expected 3 fields, as in the header, found 2. {QUOTE}"],
    ),
    (
        "ARFF with attributes that are none",
        ARFF.replace("NUMERIC", "relational").replace("@attribute buy", "@attribut buy"),
        "v.arff",
        [
            "line 5: expected @attribute NAME and numeric, string, date or {CLASSES}, found '@attribute time "
            "relational'. Correct this line.",
            "line 6: expected @attribute NAME and numeric, string, date or {CLASSES}, found '@attribut buy "
            "{0,1}'. Correct this line.",
        ],
    ),
    (
        "sparse ARFF",
        ARFF[: ARFF.index("yes,120")] + "{1 120}\n",
        "v.arff",
        ["expected a value for each attribute, found a sparse ARFF file. Save it as dense ARFF or CSV."],
    ),
    (
        "ARFF without rows",
        ARFF[: ARFF.index("yes,120")],
        "v.arff",
        ["expected rows below the header, found none. Copy the file again."],
    ),
    (
        "ARFF cut off",
        ARFF[: ARFF.index("@DATA")],
        "v.arff",
        ["expected a line @data above the rows, found none. Copy the file again."],
    ),
)
def test_arff_with_errors_is_refused_by_line(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]
