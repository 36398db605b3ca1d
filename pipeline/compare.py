"""Lays the variants' results side by side, at both thresholds, with what the best possible rule would do."""

import hashlib
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from pipeline import calibration, config, costs, equivalence, plots, thresholds, weights, words
from pipeline.classes import several
from pipeline.config import Config
from pipeline.errors import run
from pipeline.evidence import Evidence, pack
from pipeline.files import EVALUATE, INGEST, REPORTS, RESAMPLE, SPLIT, TRAIN, digest, read_json, read_table, say, write
from pipeline.metrics import BEST, holdout
from pipeline.report import render
from pipeline.run import code
from pipeline.statistics import bootstrap_logit, fold_ratio
from pipeline.verdict import REFERENCE, is_loss, metric_words, verdict
from pipeline.words import digits, number, signed

SCHEMA_VERSION = 2
LOCK = Path("requirements.lock")
# Modules beside those of a run that the verdict depends on.
JUDGING = ("caveats", "classwise", "compare", "costs", "equivalence", "evidence", "verdict")
RATIOS = tuple(float(f"{10 ** (k / 8):.3g}") for k in range(-24, 25))  # of a miss's cost to a false alarm's
DRAWS = 1000  # of the bootstrap
POINTS = ("default", "tuned")
RANKING = ("average_precision", "roc_auc")
TRAINING_COUNTS = ("negative", "positive", "synthetic_negative", "synthetic_positive")
DECISION_METRICS = ("precision", "recall", "specificity", "f1", "balanced_accuracy", "g_mean", "mcc", "accuracy")


def declare(params: Config) -> dict[str, Any]:
    """The settings in force, as pages and verdict print them."""
    return {
        **vars(params.evaluate),
        **vars(params.compare),
        "seed": params.seed,
        "split": vars(params.split),
        "preprocess": vars(params.preprocess),
        "tuned": config.grid(params) is not None,
        "grid": config.grid(params),
    }


def hashes(params: Config) -> dict[str, str | None]:
    """SHA-256 of the settings that results depend on, of the code and its packages, and of the lock, if it is here."""
    settings = {key: value for key, value in asdict(params).items() if key != "tracking"}
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.is_file() else None
    return {"config": digest(settings), "code": code(*JUDGING), "lock": lock}


def compare(evidence: Evidence) -> dict[str, Any]:
    """Everything that the report, the CSV and the terminal say.

    Returns
    -------
    comparison
        `schema_version`, `table`, `split`, `declared`, `verdict`, `translation`, `cost_map`, `variants`,
        `best_possible`; numbers unrounded, undefined ones None.
    """
    results, declared, first = evidence.results, evidence.declared, next(iter(evidence.predictions.values()))
    seen = {name: rows for name, rows in evidence.out_of_fold.items() if rows is not None}
    best = None
    if evidence.truth is not None:
        training = next(iter(seen.values())) if seen else None
        best = best_possible(evidence.truth, first, training, declared, confidence=declared["confidence"])
    intervals = {
        name: {metric: _interval(rows, metric, declared) for metric in RANKING}
        for name, rows in evidence.predictions.items()
    }
    lines = {}
    all_defined = all(rows is not None and rows.positives.min() > 0 for rows in evidence.folds.values())
    how: dict[str, Any] = {"alpha": declared["alpha"]}
    if (plain := evidence.folds.get(REFERENCE)) is not None:
        how["test_over_train"] = fold_ratio(plain)
    if REFERENCE in seen and all_defined:
        for name in seen:
            if name != REFERENCE:
                lines[name] = equivalence.equivalence(seen[REFERENCE], seen[name], **how)
                lines[name]["sentence"] = equivalence.sentence(name, lines[name])
    translation = costs.translation(trained=0.5, true=weights.share(weights.training(evidence.classes)))
    said = verdict(
        results,
        evidence.folds,
        table=evidence.table,
        classes=evidence.classes,
        declared=declared,
        hashes=evidence.hashes,
        intervals=intervals,
        lines=lines,
        translation=translation,
        leaked=evidence.leaked,
        failed=evidence.failed,
        known=evidence.truth is not None,
    )
    mapped = []
    if REFERENCE in seen:
        # Each remedy could be the cheapest: at each ratio the error holds for all of them together (Bonferroni).
        remedies = len(evidence.results) + len(evidence.failed) - 1
        each = {**how, "alpha": declared["alpha"] / max(remedies, 1)}
        # A mistake about the rarer class costs more: a miss from 1 on, or where negatives are rarer up to 1.
        rare = weights.share(weights.training(evidence.classes)) <= 0.5
        ratios = [ratio for ratio in RATIOS if (ratio >= 1 if rare else ratio <= 1)]
        mapped = costs.cost_map(seen, ratios=ratios, reference=REFERENCE, **each)
    return {
        "schema_version": SCHEMA_VERSION,
        "table": evidence.table,
        "split": evidence.classes,
        "declared": declared,
        "verdict": said,
        "translation": translation,
        "cost_map": mapped,
        "cost_changes": costs.changes(mapped) if mapped else [],
        "variants": [
            {
                **result,
                "intervals": intervals[name],
                "sentence": sentence(result, results.get(REFERENCE), declared["objective"]),
            }
            for name, result in results.items()
        ],
        "best_possible": best,
    }


def sentence(result: dict[str, Any], reference: dict[str, Any] | None, objective: str) -> str:
    """In plain words, what a variant does on the test rows, beside what the plain model does."""
    ours, theirs = result["holdout"], reference["holdout"] if reference else None
    beside = theirs if reference is not result else None
    found = _found(ours["default"], among=True)
    parts = [f"At 0.5 it finds {found}" + (f"; the plain model finds {_found(beside['default'])}." if beside else ".")]
    if ours["tuned"]:
        where = words.threshold(ours["tuned"]["threshold"])
        at = f"At its own threshold for {objective.replace('_', ' ')}, {where}, it finds "
        tuned = _found(ours["tuned"])
        plain = (
            f"; the plain model at its own, {words.threshold(beside['tuned']['threshold'])}, {_found(beside['tuned'])}"
            if beside
            else ""
        )
        parts.append(at + tuned + plain + ".")
    precision = ours["threshold_free"]["average_precision"]
    if precision is not None:
        gain = precision - beside["threshold_free"]["average_precision"] if beside else None
        parts.append(
            f"Its ranking has average precision {precision:.3f}"
            + (f", {signed(gain)} against the plain model" if gain is not None else "")
            + "."
        )
    return " ".join(parts)


def _found(point: dict[str, Any], *, among: bool = False) -> str:
    right, wrong, positives = map(weights.shown, (point["tp"], point["fp"], point["tp"] + point["fn"]))
    of = f" of {positives:,} positives" if among and positives else ""
    return f"{right:,}{of} with {wrong:,} false alarm{'s' if wrong != 1 else ''}"


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
            *(number(h["threshold_free"][key]) for key in ("average_precision", "roc_auc")),
            number(h["threshold_free"]["log_loss"], 4),
            number(h["threshold_free"]["brier_skill"]),
            number(h["threshold_free"]["predicted_over_observed"], 2),
        ]
        for name, h in judged
    ]
    return "\n".join(
        [
            f"# {table['name']}: {sum(test.values()):,} test rows, {test['positive']:,} positive",
            "",
            *([said, ""] if (said := weights.sentence(table)) else []),
            f"**{comparison['verdict']['sentence']}**",
            "",
            *(f"{place}. {reason}" for place, reason in enumerate(comparison["verdict"]["reasons"], start=1)),
            "",
            *tests(comparison["verdict"]),
            "Decisions: what moving a threshold moves too. tn/fp/fn/tp on the test rows.",
            "",
            aligned(
                ["variant", "recall at 0.5", "precision", "matrix", "tuned t*", "recall at t*", "precision", "matrix"],
                decisions,
            ),
            "",
            "Ranking and probabilities: what only a better model moves.",
            "",
            aligned(
                ["variant", "average precision", "ROC AUC", "log loss", "Brier skill", "predicted/observed"], ranking
            ),
            "",
            *(f"- **{v['variant']}**: {v['sentence']}" for v in comparison["variants"]),
            "",
            *comparison["verdict"]["caveats"],
            "",
        ]
    )


def tests(said: dict[str, Any]) -> list[str]:
    """The table of remedies against none, as lines."""
    if not said["remedies"]:
        return []
    declared = said["declared"]
    metric, places = metric_words(declared), digits(declared["rope"])
    headers = ["remedy", "call", metric, "gain", "interval", "Holm p", "P(worse)", "P(equiv.)", "P(better)"]
    rows = [
        [
            remedy["variant"],
            remedy["call"],
            number(remedy["mean_primary"], places),
            signed(remedy["mean"], places),
            f"{signed(remedy['low'], places)} to {signed(remedy['high'], places)}",
            *(number(remedy[key]) for key in ("p_holm", "worse", "equivalent", "better")),
        ]
        for remedy in said["remedies"]
    ]
    above = (
        f"Evidence: {metric} over the folds of the training rows; none has {number(said['reference'], places)}. A gain "
        f"against it is above 0 where the remedy is better{', which here is less' if is_loss(declared) else ''}."
    )
    return [above, "", aligned(headers, rows), ""]


def _decision(point: dict[str, Any] | None) -> list[str]:
    if point is None:
        return ["–"] * 4
    return [
        words.threshold(point["threshold"]),
        number(point["recall"]),
        number(point["precision"]),
        "/".join(str(weights.shown(point[cell])) for cell in ("tn", "fp", "fn", "tp")),
    ]


def aligned(headers: list[str], rows: list[list[str]], *, left: int = 1) -> str:
    """A table as text, of which the first `left` columns are words."""
    align = (*["left"] * left, *["right"] * (len(headers) - left))
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align)


def best_possible(
    truth: pd.Series, test: pd.DataFrame, training: pd.DataFrame | None, rule: dict[str, Any], *, confidence: float
) -> dict[str, Any]:
    """What deciding by the true probabilities does on the test rows.

    No model can expect a lower log loss or Brier score, or at t* a better objective.

    Parameters
    ----------
    truth
        True probability of the positive class, by row_id.
    test
        `y`, and `weight` where it is declared, by row_id.
    training
        Rows by row_id, perhaps more than once, with `weight` where it is declared. Their true probabilities choose the
        threshold: it has the best expected objective, each row counting as `truth` of a positive and `1 - truth` of a
        negative. None chooses no threshold.
    rule, confidence
        As for `pipeline.thresholds.choose` and `pipeline.metrics.holdout`.
    """
    tuned = None
    if training is not None:
        once = training[~training.index.duplicated()]
        known, stands = truth[once.index].to_numpy(), weights.of(once)
        sides, weight = np.repeat([1, 0], len(known)), np.concatenate([known, 1 - known])
        if stands is not None:
            weight = weight * np.tile(stands, 2)
        tuned = thresholds.choose(sides, np.tile(known, 2), rule, weight=weight)
    y, probability = test.y.to_numpy(), truth[test.index].to_numpy()
    return holdout(y, probability, tuned=tuned, confidence=confidence, weight=weights.of(test))


def pages(evidence: Evidence) -> dict[str, Any]:
    """All that a comparison writes: the content of each file, by its path below the folder of reports.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    from pipeline import classwise  # which imports this module

    if several(evidence.table):
        return classwise.pages(evidence)
    comparison, predictions = compare(evidence), dict(evidence.predictions)
    if evidence.truth is not None:
        predictions[BEST] = next(iter(predictions.values())).assign(probability=evidence.truth)
    figures = plots.draw(comparison, predictions, mended(evidence), evidence.components)
    drawn = {name: plots.png(figure) for name, figure in figures.items()}
    points = plots.tables(comparison, predictions)
    page = render(comparison, drawn, command=evidence.command, evidence=pack(evidence))
    return contents(comparison, drawn, points, flat(comparison), markdown(comparison), page)


def contents(
    comparison: dict[str, Any],
    drawn: dict[str, bytes],
    points: dict[str, pd.DataFrame],
    figures: pd.DataFrame,
    text: str,
    page: str,
) -> dict[str, Any]:
    """What `pages` gives, of its parts: pictures, points of curves, a row for each variant, Markdown, and HTML."""
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        **{f"plots/{name}.csv": rows.to_csv(index=False, lineterminator="\n") for name, rows in points.items()},
        "comparison.json": comparison,
        "verdict.json": comparison["verdict"],
        "comparison.csv": figures.to_csv(index=False, lineterminator="\n"),
        "comparison.md": text,
        "index.html": page,
    }


def mended(evidence: Evidence) -> dict[str, dict[str, pd.DataFrame]]:
    """Predictions of the test rows as they are and as each correction makes them: by form, then by variant."""
    forms: dict[str, dict[str, pd.DataFrame]] = {"raw": dict(evidence.predictions), "prior_corrected": {}, "platt": {}}
    for name, rows in evidence.predictions.items():
        how = evidence.results[name]["probabilities"]["corrections"]
        raw = rows.probability.to_numpy()
        corrected = calibration.correct_prior(raw, trained=how["trained"], true=how["true"])
        forms["prior_corrected"][name] = rows.assign(probability=corrected)
        if how["platt"] is not None:
            forms["platt"][name] = rows.assign(probability=calibration.recalibrate(raw, **how["platt"]))
    return {form: by_variant for form, by_variant in forms.items() if by_variant}


def _forget(folder: Path, *, keep: list[str]) -> None:
    """Delete the folders of variants that are compared no longer, as a fresh clone would not have them."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path)


def _interval(rows: pd.DataFrame, metric: str, declared: dict[str, Any]) -> list[float] | None:
    how = {"confidence": declared["confidence"], "draws": DRAWS, "seed": declared["seed"], "weight": weights.of(rows)}
    ends = bootstrap_logit(rows.y.to_numpy(), rows.probability.to_numpy(), metric, **how)
    return None if ends is None else list(ends)


def _optional(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None


def read(params: Config) -> Evidence:
    """What the stages left in data/."""
    known, schema = params.data.simulation is not None, read_json(INGEST / "schema.json")
    drawn = {} if several(schema) else params.variants
    return Evidence(
        results={name: read_json(EVALUATE / name / "metrics.json") for name in params.variants},
        predictions={name: read_table(EVALUATE / name / "predictions.parquet") for name in params.variants},
        out_of_fold={name: _optional(EVALUATE / name / "out_of_fold.parquet") for name in params.variants},
        folds={name: _optional(EVALUATE / name / "folds.parquet") for name in params.variants},
        declared=declare(params),
        table=schema,
        classes=read_json(SPLIT / "classes.json"),
        truth=read_table(INGEST / "truth.parquet").probability if known else None,
        components={name: read_table(RESAMPLE / name / "components.parquet") for name in drawn},
        hashes=hashes(params),
        failed={},  # without all of them the stage does not run
        command="dvc repro",
    )


def main() -> None:
    """Read, lay side by side, draw, write."""
    params = config.load()
    for folder in (RESAMPLE, TRAIN, EVALUATE, REPORTS):
        _forget(folder, keep=[*params.variants, *config.RESERVED_NAMES])
    files = pages(read(params))
    for name, content in files.items():
        write(REPORTS / name, content)
    say(files["verdict.json"]["sentence"])
    say(f"compared {', '.join(params.variants)}")


if __name__ == "__main__":
    run(main)
