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
IMPUTATIONS = ("median", "mean", "most_frequent")
ENCODINGS = ("onehot",)
TUNE_FOR = ("primary", "log_loss")  # what C can be best for
DEFAULT_C = 1.0  # scikit-learn's, which stands in the settings where C is chosen


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
    """What is fitted on training rows before sampler and model see them."""

    impute: Annotated[str | None, one_of(IMPUTATIONS, also=", or null")]
    missing_indicator: bool
    scale: bool
    encode: Annotated[str | None, one_of(ENCODINGS, also=" or null")]
    min_frequency: Fraction | None

    def conflicts(self) -> Iterator[Conflict]:
        """Settings of a step that isn't made."""
        if self.min_frequency is not None and self.encode is None:
            yield Conflict("min_frequency", "null, because preprocess.encode is null", self.min_frequency)
        if self.missing_indicator and self.impute is None:
            yield Conflict("missing_indicator", "false, because preprocess.impute is null", True)


def _choice_of_C(node: Node) -> Node:
    """Check the three keys of the model's node that aren't arguments of its class."""
    refuse(_conflicts_of_C(node))
    return node


def _conflicts_of_C(node: Node) -> Iterator[Conflict]:
    tune, grid = node.get("tune"), node.get("grid")
    if not isinstance(tune, bool):
        yield Conflict("tune", "true or false", tune)
    if tune is not True:
        return
    values = grid if isinstance(grid, list) else []
    sound = all(isinstance(C, int | float) and not isinstance(C, bool) and C > 0 for C in values)
    if len(values) < 2 or not sound or len(set(values)) < len(values):
        yield Conflict("grid", "two or more different values above 0, because model.tune is true", grid)
    if node.get("tune_for") not in TUNE_FOR:
        words = f"one of {', '.join(TUNE_FOR)}, because model.tune is true"
        yield Conflict("tune_for", words, node.get("tune_for"))
    if node.get("C", DEFAULT_C) != DEFAULT_C:
        words = f"{DEFAULT_C}, because model.tune is true and C is tuned for each variant"
        yield Conflict("C", words, node["C"], "To set C, add model.tune=false")


Model = Annotated[Node, AfterValidator(_choice_of_C)]


class Variant(Settings):
    """One way of treating the imbalance: a sampler, and arguments it overrides on the model."""

    sampler: Node
    model: Node


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
    confidence: Fraction

    def conflicts(self) -> Iterator[Conflict]:
        """Settings of other objectives, and those of this one that are missing."""
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
