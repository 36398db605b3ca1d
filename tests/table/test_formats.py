import gzip

import pandas as pd
import pytest
from table_files import (
    READ,
    VISITS,
    feather,
    packed,
    parquet,
    refusal,
    refused,
    workbook,
    zstandard,
)

from pipeline.table.file import read_table

WHOLE_GZIP = gzip.compress("".join(f"{i / 7},{i % 2}\n" for i in range(40_000)).encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (VISITS, "visits.csv"),
        ("\ufeff" + VISITS, "visits.csv"),
        ("\n \n" + VISITS, "visits.csv"),
        (VISITS.rstrip(), "visits.csv"),
        (VISITS.replace("\n", "\r\n"), "visits.csv"),
        (VISITS.replace("\n", "\r"), "visits.csv"),
        (VISITS.encode("utf-16"), "visits.csv"),
        (VISITS.encode("utf-16-be").join([b"\xfe\xff", b""]), "visits.csv"),
        (VISITS.replace(",", ";"), "visits.csv"),
        (VISITS.replace(",", "\t"), "visits.tsv"),
        (VISITS.replace(",", "|"), "visits.txt"),
        (VISITS.replace(",", " , "), "visits.csv"),
        ("time;pages;buy\n120,0;2;0\n250,5;3;1\n", "visits.csv"),
        ("time\tpages\tbuy\n120\t2\t0\n250,5\t3\t1\n", "visits.tsv"),
        ('"time";"pages";"buy"\n"120";"2";"0"\n" 250,5 ";"3";"1"\n', "visits.csv"),
        (gzip.compress(VISITS.encode()), "visits.csv.gz"),
        (gzip.compress(VISITS.encode()), "visits.csv"),
        (zstandard(VISITS.encode()), "visits.csv.zst"),
        (packed({"visits.csv": VISITS}), "visits.zip"),
        (packed({"in/": "", "in/visits.csv": VISITS, "__MACOSX/._visits.csv": "x"}), "visits.zip"),
        (parquet(READ), "visits.parquet"),
        (parquet(READ), "visits.csv"),
        (parquet(READ.set_axis([3, 7])), "visits.parquet"),
        (gzip.compress(parquet(READ)), "visits.parquet.gz"),
        (feather(READ), "visits.feather"),
        (workbook(visits=[[*READ], *READ.astype(object).to_numpy().tolist()]), "visits.xlsx"),
        (workbook(a=[[], [None, *READ], [], *([None, *row] for row in READ.astype(object).to_numpy())], b=[]), "v.csv"),
    ],
    ids=[
        "commas",
        "byte order mark",
        "blank lines above",
        "no last line end",
        "Windows line ends",
        "old Mac line ends",
        "UTF-16",
        "UTF-16, big end first",
        "semicolons",
        "tabs",
        "vertical bars",
        "padded",
        "decimal commas",
        "decimal commas and tabs",
        "all quoted and padded",
        "gzip",
        "gzip named .csv",
        "Zstandard",
        "zip",
        "zip with a folder and a Mac's notes",
        "Parquet",
        "Parquet named .csv",
        "Parquet with an index",
        "gzip of Parquet",
        "Feather",
        "Excel",
        "Excel named .csv, with blank rows, a blank column and a blank sheet",
    ],
)
def test_one_table_reads_alike_however_it_is_written(written, content, name):
    pd.testing.assert_frame_equal(read_table(written(content, name)), READ)


@refused(
    (
        "empty",
        "",
        "v.csv",
        ["expected a table, found an empty file. Copy the file again, or correct data.path."],
    ),
    (
        "blank",
        " \n\n",
        "v.csv",
        ["expected a table, found an empty file. Copy the file again, or correct data.path."],
    ),
    (
        "byte order mark alone",
        "\ufeff",
        "v.csv",
        ["expected a table, found an empty file. Copy the file again, or correct data.path."],
    ),
    (
        "empty, packed",
        gzip.compress(b""),
        "v.csv.gz",
        ["expected a table, found an empty file. Copy the file again, or correct data.path."],
    ),
    (
        "git-lfs pointer",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "v.csv",
        ["expected a table, found a Git LFS pointer. Run `git lfs pull` in its repository."],
    ),
    (
        "git-lfs pointer named .gz",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "v.csv.gz",
        ["expected a table, found a Git LFS pointer. Run `git lfs pull` in its repository."],
    ),
    (
        "web page",
        "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        "v.csv",
        ["expected a table, found a web page. Download the raw file."],
    ),
    (
        "web page named .gz",
        "<HTML>\n",
        "v.csv.gz",
        ["expected a table, found a web page. Download the raw file."],
    ),
    (
        "JSON",
        '[{"time": 1, "buy": 0}]',
        "v.csv",
        ["expected a table, found JSON. Export the table as CSV."],
    ),
    (
        "text named .gz",
        b"time,buy\n1,0\n",
        "v.csv.gz",
        [
            "expected a gzip file, because of the suffix .gz, found b'time,buy\\n1,0\\n'. Copy the file again, or "
            "correct its suffix."
        ],
    ),
    (
        "text named .parquet",
        b"time,buy\n1,0\n",
        "v.parquet",
        [
            "expected a Parquet file, because of the suffix .parquet, found b'time,buy\\n1,0\\n'. Copy the file "
            "again, or correct its suffix."
        ],
    ),
)
def test_what_is_not_a_table_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@refused(
    (
        "half a gzip file",
        WHOLE_GZIP[: len(WHOLE_GZIP) // 2],
        "v.csv.gz",
        [
            "expected a gzip file, found a damaged one (Compressed file ended before the end-of-stream "
            "marker was reached). Copy the file again."
        ],
    ),
    (
        "zip of two",
        packed({"a.csv": VISITS, "b.csv": VISITS}),
        "v.zip",
        ["expected one table in the zip file, found 2 files: a.csv, b.csv. Unpack it."],
    ),
    (
        "zip of none",
        packed({}),
        "v.zip",
        ["expected one table in the zip file, found 0 files. Unpack it."],
    ),
    (
        "packed twice",
        gzip.compress(gzip.compress(VISITS.encode())),
        "v.csv.gz",
        ["expected a table, found a compressed file inside a compressed file. Unpack it once."],
    ),
)
def test_an_archive_that_is_damaged_or_holds_no_single_table_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


BROKEN = {
    "v.csv.gz": (WHOLE_GZIP, "a gzip file"),
    "v.csv.zst": (zstandard(VISITS.encode() * 1000), "a Zstandard file"),
    "v.zip": (packed({"v.csv": VISITS}), "a zip file"),
    "v.parquet": (parquet(READ), "a Parquet file"),
    "v.feather": (feather(READ), "a Feather file"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_binary_file_that_was_cut_off_is_refused(written, name, part):
    data, kind = BROKEN[name]
    (problem,) = refusal(written(data[: int(len(data) * part)], name))
    assert problem.startswith(f"{name}: expected {kind}, found a damaged one (")
    assert problem.endswith("). Copy the file again.")


def test_a_compressed_file_with_flipped_bits_is_refused(written):
    flipped = bytearray(WHOLE_GZIP)
    flipped[-6] ^= 0xFF
    (problem,) = refusal(written(bytes(flipped), "v.csv.gz"))
    assert problem.startswith("v.csv.gz: expected a gzip file, found a damaged one (CRC check failed")
