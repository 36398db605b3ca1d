"""Which task a table is: decided here, once, by its classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.measure.binary import Binary
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.task import Task
from pipeline.table import classes

TWO_CLASSES = Binary((0, 1), ("negative", "positive"))  # of codes alone, for tables that are simulated


def task_of(schema: Mapping[str, Any]) -> Task:
    """The task of the table with this schema, see `pipeline.table.read.load`."""
    return of_labels(classes.labels(schema), classes.names(schema))


def of_labels(labels: Sequence[Any], names: Sequence[str]) -> Task:
    """The task of classes with these labels and names, by code."""
    return Multiclass(labels, names) if len(labels) > 2 else Binary(labels, names)
