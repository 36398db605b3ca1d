"""Turns text of any common encoding into UTF-8."""

import codecs
import re

from pipeline.errors import InputError
from pipeline.files import say
from pipeline.table.dialect import line_number

# In Windows-1252 text of the languages it was made for: no control characters, none of its five unused bytes, not
# four letters beyond ASCII in a row (as in Cyrillic or Chinese encodings), and nothing that is whole in UTF-8.
NOT_WINDOWS_1252 = re.compile(
    rb"[\x01-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{4}|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
)


def utf8(data: bytes) -> bytes:
    """The same text in UTF-8, without a byte order mark, and without carriage returns that end lines alone.

    Raises
    ------
    InputError
        It is not text, or in another encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"expected UTF-16 text, as its first two bytes say, found {error.reason} at byte {error.start + 1:,}: "
                "save the file as UTF-8"
            ) from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.count(b"\r") != data.count(b"\r\n"):  # pandas takes the delimiter after an empty line of these for its end
        data = re.sub(rb"\r(?!\n)", b"\n", data)
    if b"\0" in data:
        raise InputError(
            f"line {line_number(data, data.index(0))}: expected text, found a NUL byte, as in binary data: "
            "save the table as CSV in UTF-8"
        )
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if NOT_WINDOWS_1252.search(data):
            raise InputError(
                f"line {line_number(data, error.start)}: expected UTF-8 text, found byte {data[error.start]:#04x}: "
                "save the file as UTF-8"
            ) from None
        say("not UTF-8: read as Windows-1252")
        return data.decode("cp1252").encode()
    return data
