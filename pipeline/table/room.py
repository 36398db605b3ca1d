"""How much memory there is, and files that would need more: refused before they take it."""

import gzip
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import MORE_ROOM, InputError
from pipeline.formatting import size

CGROUP, CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
CHUNK = 2**24  # bytes unpacked at once
# Bytes that one can become, at most: by the format of gzip; of Zstandard, whose blocks of four can become 128 kB.
GZIP_RATIO, ZSTANDARD_RATIO = 1032, 2**17 // 4


def total() -> int:
    """Bytes of this machine's memory, or of what the cgroup of this process may use of it."""
    import psutil

    return min(int(psutil.virtual_memory().total), *cgroup_limits())


def cgroup_limits(memberships: Path = CGROUP, mounted: Path = CGROUPS) -> list[int]:
    """Limits in bytes of the cgroups, version 1 or 2, that this process is in; at least one, of 2**63 without any.

    A group's limit holds for the groups within it. A container may see its own group as the root.
    """
    found = [2**63]
    with suppress(OSError, ValueError):  # not Linux, or not as Linux writes it
        for line in memberships.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            root, name = (mounted / "memory", "memory.limit_in_bytes") if controllers else (mounted, "memory.max")
            group = root / path.strip("/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(root):
                    with suppress(OSError, ValueError):  # no such file, or "max"
                        found.append(int((folder / name).read_text()))
    return found


def refuse_unpacked(needed: int, what: str) -> None:
    """Raise InputError if content of a file, of so many bytes, doesn't fit into memory; `what` begins the message."""
    if needed > (most := total()):
        raise InputError(
            f"{what} needs {size(needed)} or more in memory, but this machine or its container has {size(most)}. "
            f"{MORE_ROOM}"
        )


def refuse_large_zip(data: bytes, what: str) -> None:
    """Raise InputError if the files in a zip file together don't fit into memory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        refuse_unpacked(sum(each.file_size for each in archive.infolist()), what)


def ungzipped(data: bytes) -> bytes:
    """The content of a gzip file."""
    if len(data) * GZIP_RATIO > total():
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            _count(packed, "the content of the gzip file")
    return gzip.decompress(data)


def unzstandard(data: bytes) -> bytes:
    """The content of a Zstandard file."""
    if len(data) * ZSTANDARD_RATIO > total():
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as packed:
            _count(packed, "the content of the Zstandard file")
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as packed:
        content: bytes = packed.read()
    return content


def _count(packed: Any, what: str) -> None:
    """Refuse what would unpack to more than fits, by unpacking it without keeping it."""
    found = 0
    while chunk := packed.read(CHUNK):
        found += len(chunk)
        refuse_unpacked(found, what)
