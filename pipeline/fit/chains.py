"""The chain that each fold refits: preprocessing, sampler, model."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import pandas as pd

from pipeline import config
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.fit import encoding, variants
from pipeline.fit.memory import Limit, limit
from pipeline.fit.preprocessing import preprocess
from pipeline.fit.steps import Steps, steps
from pipeline.measure.primary import Criterion, criterion
from pipeline.measure.task import Task
from pipeline.table import columns

SHARED = 2**28  # bytes of prepared rows that are kept for other variants in a process, at most


@dataclass(frozen=True)
class Chain:
    """What each fold fits anew.

    Attributes
    ----------
    preprocessing
        Steps of `preprocess`.
    sampler, model
        Unfitted; copies are fitted.
    search
        Values of the model's arguments to choose from; empty leaves them as they are.
    criterion
        What they are chosen for; None without a search.
    task
        Of the table.
    memory
        What the sampler may use; None: there is no limit.
    negatives
        Whether the negatives are a sample of all; see `pipeline.fit.models.train`.
    class_weight
        Of rows; see `pipeline.fit.variants.row_weights`.
    """

    preprocessing: Steps
    sampler: Any
    model: Any
    search: Sequence[Mapping[str, Any]]
    criterion: Criterion | None
    task: Task
    memory: Limit | None = None
    negatives: bool = False
    class_weight: Any = None


@dataclass(frozen=True)
class Prepared:
    """Rows of a fold, up to where variants part.

    Attributes
    ----------
    preprocessor
        See `pipeline.fit.preprocessing.preprocess`; fitted on the training rows.
    rows
        Training rows, prepared: what a sampler gets.
    unseen
        Held rows, encoded: what the model gets.
    """

    preprocessor: Any
    rows: pd.DataFrame
    unseen: pd.DataFrame


Prepare = Callable[[pd.DataFrame, pd.Series, pd.DataFrame, Steps], Prepared]


def prepared(X: pd.DataFrame, y: pd.Series, unseen: pd.DataFrame, steps: Steps) -> Prepared:
    """Training rows X of codes y, and unseen rows, by what X says; see `pipeline.fit.preprocessing.preprocess`."""
    numbers = X.columns.drop(columns.categorical(X))
    holes = any(part[numbers].isna().any(axis=None) for part in (X, unseen))
    fitted, rows = preprocess(X, y, steps, holes=holes)
    return Prepared(fitted, rows, encoding.encode_unseen(fitted, unseen, X))


class Shared:
    """`prepared`, for several variants on one table: what was made is kept, as far as `SHARED` reaches.

    Rows are told by their row_id, so that it must not be given rows of another table. A process that one is sent to
    keeps what it makes itself, until it is sent another.
    """

    def __init__(self, most: int = SHARED) -> None:
        self._name, self._most = uuid4(), most
        self._kept: dict[str, Prepared] = {}
        self._bytes = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_this_process, (self._name,)

    def __call__(self, X: pd.DataFrame, y: pd.Series, unseen: pd.DataFrame, steps: Steps) -> Prepared:
        """See `prepared`."""
        key = hashlib.sha256(repr((len(X), steps.key)).encode())
        if steps.depends_on_classes:
            key.update(y.to_numpy().tobytes())
        for rows in (X, unseen):
            key.update(rows.index.to_numpy().tobytes())
        if (found := self._kept.get(key.hexdigest())) is None:
            found = prepared(X, y, unseen, steps)
            size = sum(int(rows.memory_usage(deep=True).sum()) for rows in (found.rows, found.unseen))
            # Variants come in turns to the same folds: to make room for late ones would drop what is wanted first.
            if self._bytes + size <= self._most:
                self._kept[key.hexdigest()] = found
                self._bytes += size
        return found


@lru_cache(1)
def _in_this_process(_: UUID) -> Shared:
    return Shared(SHARED // 4)  # there may be a process on each core


def chain(params: Config, name: str, task: Task) -> Chain:
    """The chain of variant `name`, as configured, for a table of this task.

    Raises
    ------
    InputError
        Settings are for two classes, and the table has more; or they name labels that the table does not have.
    """
    if problems := task.refused(params):
        raise InputError(problems)
    model = variants.model(params, name, task.labels)
    return Chain(
        preprocessing=steps(params.preprocess, params.trusted_packages),
        sampler=variants.sampler(params, name, task.labels),
        model=model,
        search=config.candidates(params, name),
        criterion=criterion(params, name),
        task=task,
        memory=limit(params, name),
        negatives=params.data.negatives_per_positive is not None,
        class_weight=variants.row_weights(params, name, model, task.labels),
    )
