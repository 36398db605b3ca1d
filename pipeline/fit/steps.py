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
        return _looks_at_classes(self.encode)

    @property
    def depends_on_classes(self) -> bool:
        """Whether any step is fitted to its rows' classes, so that other labels make other rows."""
        return any(map(_looks_at_classes, (self.impute, self.scale, self.encode)))

    @property
    def key(self) -> str:
        """The same text for the same steps."""
        made = [getattr(self, each.name) for each in fields(self)]
        return repr([(type(each), each.get_params()) if hasattr(each, "get_params") else each for each in made])


def _looks_at_classes(step: Any) -> bool:
    """Whether a transformer, or one inside of it, needs the classes of the rows that it is fitted to."""
    from sklearn.base import BaseEstimator
    from sklearn.utils import get_tags

    parts = [] if step is None else [step, *step.get_params().values()]
    return any(get_tags(each).target_tags.required for each in parts if isinstance(each, BaseEstimator))


def _seeded(step: Any, *, where: str) -> Any:
    """The transformer, whose random states are 0 where none is given, since the same settings give the same rows."""
    given = step.get_params()
    unset = [path for path, value in given.items() if path.rpartition("__")[2] == "random_state" and value is None]
    for each in given.values():
        if getattr(each, "shuffle", False) and getattr(each, "random_state", 0) is None:
            each.random_state = 0
    for path, value in given.items():
        cv = path.removesuffix("random_state") + "cv"
        if value == "deprecated" and path.endswith("random_state") and not hasattr(given[cv], "split"):
            raise InputError(
                f"{where}.{cv.replace('__', '.')}: expected a splitter with a random_state, as in "
                f"conf/preprocess/target_encoder.yaml, because other shuffles give other numbers, found {given[cv]}."
            )
    return step.set_params(**dict.fromkeys(unset, 0))


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
                built = build(node, where=f"preprocess.{name}", method="transform", trusted=trusted)
                made[name] = _seeded(built, where=f"preprocess.{name}")
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return Steps(**made, date_parts=settings.date_parts)
