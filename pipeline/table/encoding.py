"""Converts text in UTF-16 or Windows-1252 to UTF-8."""

import codecs
import re

from pipeline.errors import InputError
from pipeline.files import say
from pipeline.table.dialect import line_number

# Western European text in Windows-1252 has no control characters, none of the five unused bytes, no four letters
# beyond ASCII in a row (as Cyrillic or Chinese encodings have), and no valid UTF-8 sequences.
NOT_WINDOWS_1252 = re.compile(
    rb"[\x01-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{4}|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
)


def utf8(data: bytes) -> bytes:
    """The same text in UTF-8, without a byte order mark; a carriage return alone becomes a line end.

    Raises
    ------
    InputError
        The data isn't text, or is in another encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"expected UTF-16, due to the byte order mark, found {error.reason} at byte {error.start + 1:,}. "
                "Save the file as UTF-8."
            ) from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):  # with these, pandas misreads empty lines
        data = re.sub(rb"\r(?!\n)", b"\n", data)
    if b"\0" in data:
        raise InputError(
            f"line {line_number(data, data.index(0))}: expected text, found a NUL byte, as in binary files. "
            "Save the table as CSV in UTF-8."
        )
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if NOT_WINDOWS_1252.search(data):
            raise InputError(
                f"line {line_number(data, error.start)}: expected UTF-8 text, found byte {data[error.start]:#04x}. "
                "Save the file as UTF-8."
            ) from None
        say("the file isn't UTF-8: reading it as Windows-1252")
        return data.decode("cp1252").encode()
    return data
