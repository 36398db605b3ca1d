"""Lays the variants' results side by side, at both thresholds, with what the best possible rule would do."""

import shutil
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from pipeline import config, plots, thresholds
from pipeline.errors import run
from pipeline.files import (
    EVALUATE,
    INGEST,
    REPORTS,
    RESAMPLE,
    SPLIT,
    TRAIN,
    read_json,
    read_table,
    say,
    write,
)
from pipeline.metrics import holdout
from pipeline.plots import BEST
from pipeline.report import render
from pipeline.statistics import bootstrap_logit
from pipeline.verdict import REFERENCE, WORDS, verdict

SCHEMA_VERSION = 1
DRAWS = 1000  # of the bootstrap
POINTS = ("default", "tuned")
RANKING = ("average_precision", "roc_auc")
TRAINING_COUNTS = ("negative", "positive", "synthetic_negative", "synthetic_positive")
DECISION_METRICS = ("precision", "recall", "specificity", "f1", "balanced_accuracy", "g_mean", "mcc", "accuracy")


def compare(
    results: dict[str, dict[str, Any]],
    *,
    table: dict[str, Any],
    classes: dict[str, Any],
    declared: dict[str, Any],
    best: dict[str, Any] | None,
    said: dict[str, Any],
    intervals: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Everything that the report, the CSV and the terminal say.

    Parameters
    ----------
    results
        By variant, in the order to show: what `evaluate` wrote as metrics.json.
    table
        What `ingest` wrote as schema.json.
    classes
        Class counts of training and test rows, as `split` wrote them.
    declared
        How thresholds and intervals were made, as in the configuration.
    best
        `pipeline.metrics.holdout` of the true probabilities; None where they are not known.
    said
        See `pipeline.verdict.verdict`.
    intervals
        By variant: [low, high] of `average_precision` and `roc_auc` on the test rows, None where there is none.

    Returns
    -------
    comparison
        `schema_version`, `table`, `split`, `declared`, `verdict`, `variants`, `best_possible`, `caveats`; numbers
        unrounded, undefined ones None.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "table": table,
        "split": classes,
        "declared": declared,
        "verdict": said,
        "variants": [
            {
                **result,
                "intervals": intervals[name],
                "sentence": sentence(result, results.get(REFERENCE), declared["objective"]),
            }
            for name, result in results.items()
        ],
        "best_possible": best,
        "caveats": [*caveats(results, best, folds=declared["folds"]), *penalty(said)],
    }


def sentence(result: dict[str, Any], reference: dict[str, Any] | None, objective: str) -> str:
    """In plain words, what a variant does on the test rows, beside what the plain model does."""
    ours, theirs = result["holdout"], reference["holdout"] if reference else None
    beside = theirs if reference is not result else None
    found = _found(ours["default"], ours["positives"])
    parts = [f"At 0.5 it finds {found}" + (f"; the plain model finds {_found(beside['default'])}." if beside else ".")]
    if ours["tuned"]:
        at = f"At its own threshold for {objective.replace('_', ' ')}, {ours['tuned']['threshold']:.3f}, it finds "
        tuned = _found(ours["tuned"])
        plain = (
            f"; the plain model at its own, {beside['tuned']['threshold']:.3f}, {_found(beside['tuned'])}"
            if beside
            else ""
        )
        parts.append(at + tuned + plain + ".")
    precision = ours["threshold_free"]["average_precision"]
    if precision is not None:
        gain = round(precision - beside["threshold_free"]["average_precision"], 3) + 0.0 if beside else None
        parts.append(
            f"Its ranking has average precision {precision:.3f}"
            + (f", {gain:+.3f} against the plain model" if gain is not None else "")
            + "."
        )
    return " ".join(parts)


def _found(point: dict[str, Any], positives: int | None = None) -> str:
    of = f" of {positives:,} positives" if positives else ""
    return f"{point['tp']:,}{of} with {point['fp']:,} false alarm{'s' if point['fp'] != 1 else ''}"


def caveats(results: dict[str, dict[str, Any]], best: dict[str, Any] | None, *, folds: int) -> list[str]:
    """What stands against reading too much into these figures, computed from them."""
    any_holdout = next(iter(results.values()))["holdout"]
    positives = any_holdout["positives"]
    found = [
        f"The test rows hold {positives:,} positives: one more found moves recall by {1 / positives:.2g}. "
        "One split cannot say which variant is better: the verdict comes from the folds."
    ]
    unconverged = [name for name, result in results.items() if not _converged(result)]
    if unconverged:
        found.append(
            f"Not converged, on all training rows or in a fold: {', '.join(unconverged)}. "
            "Raise model.max_iter, or scale the features."
        )
    off = [name for name, result in results.items() if _misses(result)]
    if off:
        found.append(
            "Probabilities corrected for the share of the classes are off by more than 10 %, and beyond chance: "
            f"{', '.join(off)}. The formula does not hold here: the model is misspecified."
        )
    if any_holdout["tuned"] is None:
        found.append(
            "The training rows hold fewer than 10 positives: too few to choose a threshold out of fold."
            if folds
            else "No threshold was chosen, since evaluate.folds is 0."
        )
    if best is not None:
        found.append(
            f"The row '{BEST}' decides by each row's true probability. It is best on average over many tables; "
            "on few positives a model can look better by luck."
        )
    return found


def penalty(said: dict[str, Any]) -> list[str]:
    """What stands against reading a difference as the remedy's own work; nothing where there is no difference."""
    apart = [remedy["variant"] for remedy in said["remedies"] if remedy["call"] in ("BETTER", "WORSE")]
    if not apart:
        return []
    return [
        "The model's C is the same for every variant, though resampling and weights change how much it penalises: part "
        f"of the difference may come from that ({', '.join(apart)}). Sweep model.C before you believe it."
    ]


def _misses(result: dict[str, Any]) -> bool:
    """Whether corrected probabilities foretell too many or too few positives, by a tenth and by two deviations."""
    ratio, positives = (
        result["probabilities"]["prior_corrected"]["predicted_over_observed"],
        result["holdout"]["positives"],
    )
    return ratio is not None and abs(ratio - 1) > 0.1 and abs(ratio - 1) * positives > 2 * sqrt(positives)


def _converged(result: dict[str, Any]) -> bool:
    training = result["training"]
    return bool(result["model"]["converged"]) and (
        training["folds"] is None or training["folds_converged"] == training["folds"] * training["repeats"]
    )


def flat(comparison: dict[str, Any]) -> pd.DataFrame:
    """One row a variant, and one for the best possible rule; a column a figure."""
    rows = [row(v["variant"], v["training"], v["holdout"]) for v in comparison["variants"]]
    if comparison["best_possible"]:
        rows.append(row(BEST, {}, comparison["best_possible"]))
    return pd.DataFrame(rows).convert_dtypes()


def row(name: str, training: dict[str, Any], judged: dict[str, Any]) -> dict[str, Any]:
    """The figures of a variant as cells by column; `training` and `judged` as in metrics.json."""
    return {
        "variant": name,
        **{f"training_{kind}": training.get(kind) for kind in TRAINING_COUNTS},
        **judged["threshold_free"],
        **{
            f"{point}_{key}": (judged[point] or {}).get(key)
            for point in POINTS
            for key in ("threshold", "tn", "fp", "fn", "tp", *DECISION_METRICS)
        },
    }


def markdown(comparison: dict[str, Any]) -> str:
    """Two tables, since two things must not be confused, and a sentence a variant."""
    judged = plots.judged(comparison).items()
    table, test = comparison["table"], comparison["split"]["test"]
    decisions = [[name, *_decision(h["default"])[1:], *_decision(h["tuned"])] for name, h in judged]
    ranking = [
        [
            name,
            *(number(h["threshold_free"][key]) for key in ("average_precision", "roc_auc", "log_loss", "brier_skill")),
        ]
        + [number(h["threshold_free"]["predicted_over_observed"], 2)]
        for name, h in judged
    ]
    return "\n".join(
        [
            f"# {table['name']}: {sum(test.values()):,} test rows, {test['positive']:,} positive",
            "",
            f"**{comparison['verdict']['sentence']}**",
            "",
            *_tests(comparison["verdict"]),
            "Decisions: what moving a threshold moves too. tn/fp/fn/tp on the test rows.",
            "",
            _table(
                ["variant", "recall at 0.5", "precision", "matrix", "tuned t*", "recall at t*", "precision", "matrix"],
                decisions,
            ),
            "",
            "Ranking and probabilities: what only a better model moves.",
            "",
            _table(
                ["variant", "average precision", "ROC AUC", "log loss", "Brier skill", "predicted/observed"], ranking
            ),
            "",
            *(f"- **{v['variant']}**: {v['sentence']}" for v in comparison["variants"]),
            "",
            *comparison["caveats"],
            "",
        ]
    )


def _tests(said: dict[str, Any]) -> list[str]:
    """The table of remedies against none, as lines."""
    if not said["remedies"]:
        return []
    metric = WORDS[said["declared"]["primary"]]
    headers = ["remedy", "call", metric, "against none", "interval", "Holm p", "P(worse)", "P(equiv.)", "P(better)"]
    rows = [
        [
            remedy["variant"],
            remedy["call"],
            number(remedy["mean_primary"]),
            f"{remedy['mean']:+.3f}",
            f"{remedy['low']:+.3f} to {remedy['high']:+.3f}",
            *(number(remedy[key]) for key in ("p_holm", "worse", "equivalent", "better")),
        ]
        for remedy in said["remedies"]
    ]
    above = f"Evidence: {metric} over the folds of the training rows; none has {said['reference']:.3f}."
    return [above, "", _table(headers, rows), ""]


def _decision(point: dict[str, Any] | None) -> list[str]:
    if point is None:
        return ["–"] * 4
    return [
        number(point["threshold"]),
        number(point["recall"]),
        number(point["precision"]),
        "/".join(str(point[cell]) for cell in ("tn", "fp", "fn", "tp")),
    ]


def number(value: float | None, digits: int = 3) -> str:
    """A figure for a table; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def _table(headers: list[str], rows: list[list[str]]) -> str:
    align = ("left", *["right"] * (len(headers) - 1))
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align)


def best_possible(
    truth: pd.Series, test: pd.DataFrame, training: pd.Index | None, rule: dict[str, Any], *, confidence: float
) -> dict[str, Any]:
    """What deciding by the true probabilities does on the test rows.

    No model can expect a lower log loss or Brier score, or at t* a better objective.

    Parameters
    ----------
    truth
        True probability of the positive class, by row_id.
    test
        `y` by row_id.
    training
        Rows whose true probabilities choose the threshold: it has the best expected objective, each row counting as
        `truth` of a positive and `1 - truth` of a negative. None chooses no threshold.
    rule, confidence
        As for `pipeline.thresholds.choose` and `pipeline.metrics.holdout`.
    """
    tuned = None
    if training is not None:
        known = truth[training].to_numpy()
        sides, weight = np.repeat([1, 0], len(known)), np.concatenate([known, 1 - known])
        tuned = thresholds.choose(sides, np.tile(known, 2), rule, weight=weight)
    return holdout(test.y.to_numpy(), truth[test.index].to_numpy(), tuned=tuned, confidence=confidence)


def pages(
    results: dict[str, dict[str, Any]],
    predictions: dict[str, pd.DataFrame],
    *,
    declared: dict[str, Any],
    command: str,
    table: dict[str, Any],
    classes: dict[str, Any],
    truth: pd.Series | None,
    training: pd.Index | None,
    folds: dict[str, pd.DataFrame | None],
) -> dict[str, Any]:
    """All that a comparison writes: the content of each file, by its path below the folder of reports.

    Parameters
    ----------
    results, declared, table, classes
        As for `compare`.
    predictions
        By variant: `y` and `probability` by row_id, of the test rows.
    command
        That makes these files.
    truth, training
        As for `best_possible`; without `truth` there is no such row.
    folds
        As for `pipeline.verdict.verdict`.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    best = None
    if truth is not None:
        first = next(iter(predictions.values()))
        best = best_possible(truth, first, training, declared, confidence=declared["confidence"])
        predictions = {**predictions, BEST: first.assign(probability=truth)}
    thresholds = {name: (result["holdout"]["tuned"] or {}).get("threshold") for name, result in results.items()}
    rule = {key: declared[key] for key in ("primary", "rope", "alpha")}
    said = verdict(folds, thresholds=thresholds, table=table, **rule)
    intervals = {
        name: {metric: _interval(predictions[name], metric, declared) for metric in RANKING} for name in results
    }
    comparison = compare(
        results, table=table, classes=classes, declared=declared, best=best, said=said, intervals=intervals
    )
    drawn = {name: plots.png(figure) for name, figure in plots.draw(comparison, predictions).items()}
    points = plots.tables(comparison, predictions)
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        **{f"plots/{name}.csv": rows.to_csv(index=False, lineterminator="\n") for name, rows in points.items()},
        "comparison.json": comparison,
        "verdict.json": said,
        "comparison.csv": flat(comparison).to_csv(index=False, lineterminator="\n"),
        "comparison.md": markdown(comparison),
        "index.html": render(comparison, drawn, command=command),
    }


def _forget(folder: Path, *, keep: list[str]) -> None:
    """Delete the folders of variants that are compared no longer, as a fresh clone would not have them."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path)


def _interval(rows: pd.DataFrame, metric: str, declared: dict[str, Any]) -> list[float] | None:
    how = {"confidence": declared["confidence"], "draws": DRAWS, "seed": declared["seed"]}
    ends = bootstrap_logit(rows.y.to_numpy(), rows.probability.to_numpy(), metric, **how)
    return None if ends is None else list(ends)


def _folds(name: str) -> pd.DataFrame | None:
    path = EVALUATE / name / "folds.parquet"
    return read_table(path) if path.is_file() else None


def main() -> None:
    """Read, lay side by side, draw, write."""
    params = config.load()
    for folder in (RESAMPLE, TRAIN, EVALUATE, REPORTS):
        _forget(folder, keep=[*params.variants, *config.RESERVED_NAMES])
    results = {name: read_json(EVALUATE / name / "metrics.json") for name in params.variants}
    truth = training = None
    if params.data.simulation is not None:
        truth = read_table(INGEST / "truth.parquet").probability
        first = EVALUATE / next(iter(params.variants)) / "out_of_fold.parquet"
        training = read_table(first).index.unique() if first.is_file() else None
    files = pages(
        results,
        {name: read_table(EVALUATE / name / "predictions.parquet") for name in params.variants},
        declared={
            **vars(params.evaluate),
            **vars(params.compare),
            "seed": params.seed,
            "preprocess": vars(params.preprocess),
        },
        command="dvc repro",
        table=read_json(INGEST / "schema.json"),
        classes=read_json(SPLIT / "classes.json"),
        truth=truth,
        training=training,
        folds={name: _folds(name) for name in params.variants},
    )
    for name, content in files.items():
        write(REPORTS / name, content)
    say(files["verdict.json"]["sentence"])
    say(f"compared {', '.join(results)}")


if __name__ == "__main__":
    run(main)
