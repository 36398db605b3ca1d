"""Settings for everything but the table: one model for each group in conf/."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.config.values import (
    Conflict,
    Fraction,
    Node,
    Number,
    Positive,
    Seed,
    Settings,
    Share,
    Whole,
    expected,
    one_of,
    refuse,
)

# What t* may be best for, and the settings that belong to each and to no other.
OBJECTIVES = {
    "balanced_accuracy": (),
    "f_beta": ("beta",),
    "expected_cost": ("false_negative_cost", "false_positive_cost"),
    "recall_at_precision": ("precision_floor",),
    "precision_at_recall": ("recall_floor",),
    "alert_budget": ("alerts",),
}
FRACTIONS = ("precision_floor", "recall_floor", "alerts")  # of these settings
WITH_FLOOR = ("recall_at_precision", "precision_at_recall")  # objectives that can come with a guarantee
# What a better model improves: ranking, recalibrated probabilities, and decisions at each variant's own threshold.
PRIMARY = ("average_precision", "roc_auc", "log_loss", "brier", "expected_cost", "f_beta")
AT_OWN_THRESHOLD = ("expected_cost", "f_beta")  # need the objective of the same name
SPLITS = ("rows", "group", "time")
DATE_PARTS = ("year", "month", "day", "day_of_week", "hour")
Transformer = Annotated[Node | None, expected("a class with its arguments, as in conf/preprocess/auto.yaml, or null")]
PLAIN = (bool, int, float, str, type(None))  # types of values that can be searched
REPLACE = "_replace_"  # of a variant's model: it takes the place of the common one
TUNE_FOR = ("primary", "log_loss")  # what the model's arguments can be best for


class Split(Settings):
    """The hold-out, and what folds must keep together."""

    test_size: Share
    seed: Seed
    by: Annotated[str, one_of(SPLITS)]
    group_duplicates: bool

    def conflicts(self) -> Iterator[Conflict]:
        """Two rules for what stays together."""
        if self.group_duplicates and self.by != "rows":
            yield Conflict("group_duplicates", f"false with split.by={self.by}", True)


class Preprocess(Settings):
    """What is fitted on training rows before sampler and model see them: constructor calls of transformers."""

    impute: Transformer
    scale: Transformer
    encode: Transformer
    date_parts: list[Annotated[str, one_of(DATE_PARTS)]]


def _searchable(node: Node) -> Node:
    """Check the keys of the model's node that aren't arguments of its class."""
    refuse(_conflicts_of_search(node))
    return node


def _conflicts_of_search(node: Node) -> Iterator[Conflict]:
    if (search := node.get("search")) is None:
        return
    if not isinstance(search, dict) or not search:
        yield Conflict("search", "values to choose from for each argument, such as {C: [0.1, 1.0]}, or null", search)
        return
    for name, values in search.items():
        sound = isinstance(values, list) and all(isinstance(value, PLAIN) for value in values)
        if not sound or len(values) < 2 or len({repr(value) for value in values}) < len(values):
            yield Conflict(f"search.{name}", "two or more different values", values)
    if node.get("tune_for") not in TUNE_FOR:
        words = f"one of {', '.join(TUNE_FOR)}, because model.search isn't null"
        yield Conflict("tune_for", words, node.get("tune_for"))


def _over_or_instead(node: Node) -> Node:
    """Check a variant's model, whose keys go over those of the common one, or instead of it with `_replace_`."""
    if not isinstance(node.get(REPLACE, False), bool):
        refuse([Conflict(REPLACE, "true or false", node[REPLACE])])
    refuse(_conflicts_of_search(node if node.get(REPLACE) else {"tune_for": TUNE_FOR[0], **node}))
    return node


Model = Annotated[Node, AfterValidator(_searchable)]


class Variant(Settings):
    """One way of treating the imbalance: a sampler, and arguments it overrides on the model, or a model of its own.

    Only a method of another model than the common one names its `baseline`: the variant of that model without
    resampling, by which `pipeline.config.baselines` tells the models apart. The files in conf/variant suit any model.
    """

    sampler: Node
    model: Annotated[Node, AfterValidator(_over_or_instead)]
    baseline: str | None = None


def _no_single_fold(folds: int) -> int:
    if folds == 1:
        raise ValueError("one fold leaves no rows to train on")
    return folds


class Evaluate(Settings):
    """How the tuned threshold is chosen, and how sure the intervals are."""

    objective: Annotated[str, one_of(tuple(OBJECTIVES))]
    beta: Positive | None
    false_negative_cost: Positive | None
    false_positive_cost: Positive | None
    precision_floor: Fraction | None
    recall_floor: Fraction | None
    alerts: Fraction | None
    guarantee: bool
    folds: Annotated[
        Whole, Field(ge=0), AfterValidator(_no_single_fold), expected("0, or a whole number of at least 2")
    ]
    repeats: Annotated[
        Literal["auto"] | Annotated[Whole, Field(ge=1)], expected("auto, or a whole number of at least 1")
    ]
    shuffle: bool
    confidence: Fraction

    def conflicts(self) -> Iterator[Conflict]:
        """Settings of other objectives, those of this one that are missing, and repeats of the same folds."""
        if not self.shuffle and self.repeats != 1:
            yield Conflict(
                "repeats", "1 with evaluate.shuffle=false, because each repeat would be the same", self.repeats
            )
        if self.guarantee and self.objective not in WITH_FLOOR:
            yield Conflict("guarantee", f"false without evaluate={' or evaluate='.join(WITH_FLOOR)}", True)
        for objective, keys in OBJECTIVES.items():
            for key in keys:
                value = getattr(self, key)
                if objective != self.objective and value is not None:
                    yield Conflict(key, f"null without evaluate={objective}", value)
                if objective == self.objective and value is None:
                    kind = "a fraction between 0 and 1" if key in FRACTIONS else "a number above 0"
                    yield Conflict(key, f"{kind}, because evaluate.objective is {objective}", None)


class Compare(Settings):
    """The metric that decides, and by how much a method must be better; declared before anything runs."""

    primary: Annotated[
        str,
        one_of(PRIMARY, why=" (other metrics change with the threshold or the class proportions)"),
    ]
    rope: Share
    alpha: Annotated[Number, Field(gt=0, lt=0.5), expected("a fraction between 0 and 0.5")]


class Tracking(Settings):
    """Which MLflow store the results are published to."""

    uri: Annotated[
        str | None,
        Field(pattern=r"^(https?://|sqlite:///(?!:memory:$).)"),
        expected("sqlite:///FILE, http://HOST:PORT, https://HOST or null"),
    ]
    artifacts: str | None
    experiment: str
    timeout: Annotated[Number, Field(gt=0), expected("a number of seconds above 0")]

    def conflicts(self) -> Iterator[Conflict]:
        """A name that would lead out of the folder of the artifacts."""
        if {"", ".", ".."} & set(self.experiment.replace("\\", "/").split("/")):
            yield Conflict("experiment", "a name without empty parts, . and .. between slashes", self.experiment)


def _some(jobs: int) -> int:
    if jobs == 0:
        raise ValueError("without a job nothing is done")
    return jobs


class Machine(Settings):
    """What of this machine is used: no result depends on it."""

    jobs: Annotated[
        Whole,
        Field(ge=-1),
        AfterValidator(_some),
        expected("-1, which is one a core, or a whole number of at least 1"),
    ]
    memory: Annotated[Number, Field(gt=0, le=1), expected("a share above 0 and at most 1")]


class Audit(Settings):
    """How many times `rebalance audit` shuffles the labels."""

    null: Annotated[Whole, Field(ge=1), expected("a whole number of at least 1")]


class Plan(Settings):
    """The tables that `rebalance plan` simulates."""

    roc_auc: Annotated[Number, Field(gt=0.5, lt=1), expected("a fraction between 0.5 and 1")]
    tables: Annotated[Whole, Field(ge=2), expected("a whole number of at least 2")]
    rows: Annotated[Whole, Field(ge=100), expected("a whole number of at least 100")]
    methods: list[str]
