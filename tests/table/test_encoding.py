from table_files import VISITS, refusal, refused

from pipeline.table.file import read_table


def test_windows_1252_is_read_where_nothing_else_fits(written, capsys):
    table = read_table(written("größe,buy\nklein,0\ngroß – 5 €,1\n".encode("cp1252")))
    assert table.to_dict("list") == {"größe": ["klein", "groß – 5 €"], "buy": [0, 1]}
    assert capsys.readouterr().out == "the file isn't UTF-8: reading it as Windows-1252\n"


@refused(
    (
        "NUL bytes",
        b"time,buy\n1,0\n\x00\x00,1\n",
        "v.csv",
        ["line 3: expected text, found a NUL byte, as in binary files. Save the table as CSV in UTF-8."],
    ),
    (
        "UTF-16 without a mark",
        VISITS.encode("utf-16-le"),
        "v.csv",
        ["line 1: expected text, found a NUL byte, as in binary files. Save the table as CSV in UTF-8."],
    ),
    (
        "UTF-16 cut off",
        VISITS.encode("utf-16")[:-1],
        "v.csv",
        [("expected UTF-16, due to the byte order mark, found truncated data at byte 67. Save the file as UTF-8.")],
    ),
    (
        "another encoding",
        "время,buy\n1,0\n".encode("cp1251"),
        "v.csv",
        ["line 1: expected UTF-8 text, found byte 0xe2. Save the file as UTF-8."],
    ),
    (
        "two encodings",
        "größe,buy\n".encode() + "größer,0\n".encode("latin-1"),
        "v.csv",
        ["line 2: expected UTF-8 text, found byte 0xf6. Save the file as UTF-8."],
    ),
    (
        "control characters",
        b"time,buy\n\x01\xe9,0\n",
        "v.csv",
        ["line 2: expected UTF-8 text, found byte 0xe9. Save the file as UTF-8."],
    ),
)
def test_what_is_not_text_in_a_known_encoding_is_refused_by_line(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]
