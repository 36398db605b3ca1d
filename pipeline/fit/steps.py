"""The steps of preprocessing, built from the settings."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from pipeline.config import Preprocess
from pipeline.errors import InputError
from pipeline.fit.build import build


@dataclass(frozen=True)
class Steps:
    """Transformers that are fitted on training rows; copies are fitted.

    Attributes
    ----------
    impute
        Fills missing numbers, where a hole in a categorical column is a level of its own, `missing`; None refuses
        missing values.
    scale
        Transforms filled numbers; None leaves them.
    encode
        Makes numbers of categories; None refuses categorical columns.
    date_parts
        Of each column of dates, these become columns, too: see `pipeline.fit.encoding.PARTS`.
    """

    impute: Any = None
    scale: Any = None
    encode: Any = None
    date_parts: Sequence[str] = ()

    @property
    def supervised(self) -> bool:
        """Whether categories are encoded by their rows' classes: then a sampler gets numbers alone."""
        from sklearn.utils import get_tags

        return self.encode is not None and bool(get_tags(self.encode).target_tags.required)

    @property
    def key(self) -> str:
        """The same text for the same steps."""
        made = [getattr(self, each.name) for each in fields(self)]
        return repr([(type(each), each.get_params()) if hasattr(each, "get_params") else each for each in made])


def steps(settings: Preprocess, trusted: Sequence[str]) -> Steps:
    """The steps of `preprocess`, unfitted.

    Raises
    ------
    InputError
        A class is unknown, not allowed, no transformer, or does not take its arguments; with all problems at once.
    """
    problems: list[str] = []
    made: dict[str, Any] = {}
    for name in ("impute", "scale", "encode"):
        if (node := getattr(settings, name)) is not None:
            try:
                made[name] = build(node, where=f"preprocess.{name}", method="transform", trusted=trusted)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return Steps(**made, date_parts=settings.date_parts)
