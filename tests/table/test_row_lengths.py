from table_files import QUOTE, refusal, refused


@refused(
    (
        "a row too long",
        "time,pages,buy\n1,2,0\n1,2,3,0\n",
        "v.csv",
        [f"line 3: expected 3 fields, as in the header, found 4. {QUOTE}"],
    ),
    (
        "the first row too long",
        "time,pages,buy\n1,2,a,b\n1,2,0\n",
        "v.csv",
        [f"line 2: expected 3 fields, as in the header, found 4. {QUOTE}"],
    ),
    (  # pandas alone would take the first column for an index, which counts in equal steps
        "row numbers without a name",
        "time,pages,buy\n1,5,3,0\n2,7,3,0\n",
        "v.csv",
        [
            (
                "lines 2, 3: expected 3 fields, as in the header, found 4. Name every column in the header, "
                "including the first."
            )
        ],
    ),
    (
        "a delimiter at the end of rows",
        "time;pages;buy\n1;2;0;\n3;2;1;\n",
        "v.csv",
        [
            "lines 2, 3: expected 3 fields, as in the header, found 4. Remove the delimiter at the end of "
            "each row, or add it to the header."
        ],
    ),
    (
        "decimal commas between commas",
        "time,pages,buy\n120,5,2,0\n250,5,3,1\n17,3,1\n",
        "v.csv",
        [
            "lines 2, 3: expected 3 fields, as in the header, found 4. If these are decimal commas, write "
            "decimal points, or separate columns by semicolons. Otherwise, name every column in the header."
        ],
    ),
    (  # pandas alone would fill the end with a missing value
        "a row too short",
        "buy,time,pages\n1,2,0\n\n0,7\n",
        "v.csv",
        [f"line 4: expected 3 fields, as in the header, found 2. {QUOTE}"],
    ),
    (
        "a row too short beside a quoted comma",
        'note,time,buy\n"x,y",1,\n0,7\n',
        "v.csv",
        [f"line 3: expected 3 fields, as in the header, found 2. {QUOTE}"],
    ),
    (
        "a row too short below cells of two lines",
        'buy,note,pages\n1,"a\nb",0\n\n \n0,"c\r\nd",\n0,7\n',
        "v.csv",
        [f"line 8: expected 3 fields, as in the header, found 2. {QUOTE}"],
    ),
    (  # pandas alone would lose the last row
        "a row too short among old Mac line ends",
        "buy,note\n0,1\nb\n\r,\r",
        "v.csv",
        [f"line 3: expected 2 fields, as in the header, found 1. {QUOTE}"],
    ),
)
def test_rows_with_too_few_or_too_many_fields_are_refused_by_line(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@refused(
    (
        "a quote that does not close",
        'note,buy\na,0\n"b,1\nc,0\n',
        "v.csv",
        ["line 3: a quote is never closed. Close or remove it."],
    ),
    (
        "a quote that does not close in the last column",
        'buy,note\n0,a\n1,"b\n0,c\n',
        "v.csv",
        ["line 3: a quote is never closed. Close or remove it."],
    ),
    (
        "a quote that does not close, and nothing after it",
        'buy,note\n"b\n\n',
        "v.csv",
        ["line 2: a quote is never closed. Close or remove it."],
    ),
    (
        "a quote that does not close in a long file",
        'buy,note\n0,a\n1,"b\n' + "0,c\n" * 40_000,
        "v.csv",
        ["line 3: a quote is never closed. Close or remove it."],
    ),
)
def test_a_quote_that_is_never_closed_is_refused_by_line(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]
