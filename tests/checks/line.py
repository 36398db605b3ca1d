"""The line that a check prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What a check must give, what it gave, and whether that will do: None where nothing could be asked of it."""

    check: str
    must: str
    found: str
    holds: bool | None
