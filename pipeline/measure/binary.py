"""Two classes, of which one is positive: decisions by a threshold on its probability."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pipeline.measure import calibration, guarantee, isotonic, scores, thresholds
from pipeline.measure.metrics import METRICS
from pipeline.measure.proportions import share_of_classes, wilson
from pipeline.measure.task import Classification, Task
from pipeline.measure.thresholds import Threshold
from pipeline.table import weights

if TYPE_CHECKING:  # a logged model carries this module, and has no settings
    from pipeline.config import Config, Evaluate

DEFAULT_THRESHOLD = 0.5
OWN_THRESHOLD, PLATT, ISOTONIC = "threshold_score", "platt", "isotonic"  # columns of `Binary.cross_fitted`


class Binary(Task):
    """Two classes; code 1 is the positive one."""

    kind: ClassVar[str] = "binary"
    points: ClassVar[Mapping[str, str]] = {"default": "at 0.5", "tuned": "at t*"}

    def refused(self, params: "Config") -> list[str]:
        """Nothing: all settings are for two classes."""
        return []

    def columns(self, probability: np.ndarray, score: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """`probability` and, where there is one, `score`, of the positive class."""
        return {"probability": probability[:, 1], **({} if score is None else {scores.COLUMN: score})}

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Of the positive class, shape (n,)."""
        return np.asarray(rows.probability)

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """Of the positive class, shape (n,)."""
        return scores.of(rows)

    def correct(self, probability: np.ndarray, *, trained: np.ndarray, true: np.ndarray) -> np.ndarray:
        """See `pipeline.measure.calibration.correct_prior`; takes both classes' columns, too, and gives as many."""
        if probability.ndim == 2:
            return calibration.by_class(self.correct(probability[:, 1], trained=trained, true=true))
        return calibration.correct_prior(probability, trained=float(trained[1]), true=float(true[1]))

    def choose(self, rows: pd.DataFrame, settings: "Evaluate") -> Threshold:
        """See `pipeline.measure.guarantee.choose`, and where nothing is certified `pipeline.measure.thresholds.choose`.

        Rows come once for each repeat of the folds, and the guarantee takes those of the first.
        """
        score, rule, certified, held = self.score(rows), vars(settings), None, None
        if settings.guarantee:
            once = rows[~rows.index.duplicated()]
            certified, held = guarantee.choose(once.y.to_numpy(), self.score(once), rule)
        estimate = {"weight": weights.of(rows)}
        cut = thresholds.choose(rows.y.to_numpy(), score, rule, **estimate) if certified is None else certified
        return thresholds.at(cut, score, self.probability(rows))._replace(guarantee=held)

    def platt(self, rows: pd.DataFrame) -> dict[str, float]:
        """See `pipeline.measure.calibration.platt`."""
        return calibration.platt(rows.y.to_numpy(), self.probability(rows), weights.of(rows))

    def isotonic(self, rows: pd.DataFrame) -> dict[str, Any] | None:
        """See `pipeline.measure.isotonic`; None of fewer rows than it needs."""
        if rows.index.nunique() < isotonic.ENOUGH:
            return None
        once = rows[~rows.index.duplicated()]  # repeats of a row are no more rows
        low, high = calibration.targets(once.y.to_numpy(), weights.of(once))
        y, weight = rows.y.to_numpy(), weights.of(rows)
        return isotonic.isotonic(y, self.probability(rows), weight, low=low, high=high)

    def recalibrated(self, held: pd.DataFrame, others: pd.DataFrame) -> dict[str, np.ndarray]:
        """`platt`, and `isotonic` where there are enough rows for it."""
        probability = self.probability(held)
        found = {PLATT: calibration.recalibrate(probability, **self.platt(others))}
        if (curve := self.isotonic(others)) is not None:
            found[ISOTONIC] = isotonic.recalibrate(probability, **curve)
        return found

    def cross_fitted(self, held: pd.DataFrame, others: pd.DataFrame, settings: "Evaluate") -> dict[str, Any]:
        """The threshold t* as `threshold_score`, and the columns of `recalibrated`."""
        return {OWN_THRESHOLD: self.choose(others, settings).score, **self.recalibrated(held, others)}

    def holdout(
        self, rows: pd.DataFrame, *, tuned: Threshold | None, trained: np.ndarray, confidence: float
    ) -> Classification:
        """`rows`, `positives`, `threshold_free`, and by threshold `default` (0.5) and `tuned`, None without t*.

        `tuned` has t* as the probability `threshold`, and as the `threshold_score` that decides, except where rows
        bring their own.

        With declared weights `effective_positives` too, see `pipeline.table.weights.effective`; but for these, all
        figures are weighted.
        """
        y, probability, weight = rows.y.to_numpy(), self.probability(rows), weights.of(rows)
        effective = {"effective_positives": weights.effective(weight[y == 1])} if weights.declared(weight) else {}
        score, how = self.score(rows), {"confidence": confidence}
        default = at_threshold(y, probability >= DEFAULT_THRESHOLD, DEFAULT_THRESHOLD, weight, **how)
        return {
            "rows": len(y),
            "positives": int((y == 1).sum()),
            **effective,
            "threshold_free": self.threshold_free(y, probability, score, weight),
            "default": default,
            "tuned": None
            if tuned is None
            else {
                **at_threshold(y, score >= _cut(rows, tuned.score), tuned.probability, weight, **how),
                "threshold_score": tuned.score,
            },
        }

    def calibration(self, y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
        """`log_loss`, `brier`, and what `pipeline.measure.calibration.calibration` measures."""
        losses = {"log_loss": calibration.log_loss, "brier": calibration.brier}
        return {
            **{name: loss(y, probability, weight) for name, loss in losses.items()},
            **calibration.calibration(y, probability, weight),
        }

    def fold(
        self, held: pd.DataFrame, others: pd.DataFrame, fit: Mapping[str, Any], settings: "Evaluate"
    ) -> dict[str, Any]:
        """Threshold-free metrics by their names, decisions with the prefixes `default_` and `tuned_`, and the rest.

        `slope` and `in_the_large` are those of `pipeline.measure.calibration`. The `threshold`, and the Platt
        recalibration of `recalibrated_log_loss` and `recalibrated_brier`, are fitted on the other folds of the repeat:
        nothing is chosen on the rows that are measured. `tuned_f_beta` and `tuned_expected_cost` (per row) are there
        where they are the objective.
        """
        y, probability, weight = held.y.to_numpy(), self.probability(held), weights.of(held)
        chosen = self.choose(others, settings)
        measured = self.holdout(held, tuned=chosen, trained=np.empty(0), confidence=settings.confidence)
        recalibrated = calibration.recalibrate(probability, **self.platt(others))
        found = calibration.calibration(y, probability, weight)
        objective = thresholds.objective_value(measured["tuned"], vars(settings))
        return {
            "rows": measured["rows"],
            "positives": measured["positives"],
            "rarest": min(measured["positives"], measured["rows"] - measured["positives"]),
            "threshold": chosen.probability,
            **measured["threshold_free"],
            "slope": found["slope"],
            "in_the_large": found["in_the_large"],
            "recalibrated_log_loss": calibration.log_loss(y, recalibrated, weight),
            "recalibrated_brier": calibration.brier(y, recalibrated, weight),
            **{
                f"{point}_{name}": value
                for point in self.points
                for name, value in measured[point].items()
                if name not in ("threshold", "threshold_score", "intervals")
            },
            **{f"tuned_{name}": value for name, value in objective.items()},
        }

    def predicted(self, rows: pd.DataFrame, point: Mapping[str, Any], *, trained: np.ndarray | None) -> np.ndarray:
        """1 from the threshold on: of the score where the point has one of it, which rows may bring themselves."""
        if "threshold_score" in point:
            return np.asarray(self.score(rows) >= _cut(rows, point["threshold_score"]), dtype=int)
        return np.asarray(self.probability(rows) >= point["threshold"], dtype=int)

    def matrix(self, point: Mapping[str, Any]) -> list[list[float]]:
        """[[tn, fp], [fn, tp]]."""
        return [[point["tn"], point["fp"]], [point["fn"], point["tp"]]]

    def match(self, baseline: pd.DataFrame, method: pd.DataFrame, fit: Mapping[str, Any]) -> dict[str, float]:
        """The baseline alerts on its highest scores, as near as can be to as many rows as the method at 0.5."""
        y, before, weight = baseline.y.to_numpy() == 1, self.score(baseline), weights.of(baseline)
        if not y.any():
            raise ValueError("expected positives in every fold")
        after = self.probability(method) >= DEFAULT_THRESHOLD
        alerts = before >= _nearest(before, weight, after)
        same, rate, baseline_rate = (
            float(np.average(rows, weights=weight)) for rows in (alerts == after, after, alerts)
        )
        return {
            "same_decisions": same,
            "alert_rate": rate,
            "baseline_alert_rate": baseline_rate,
            "threshold": float(self.probability(baseline)[alerts].min()) if alerts.any() else np.inf,
            "gain": float(weight[after & y].sum() - weight[alerts & y].sum()) / float(weight[y].sum()),
        }

    def summary(self, holdout: Classification) -> str:
        """What it finds at 0.5."""
        point = holdout["default"]
        found, positives, alarms = map(weights.shown, (point["tp"], point["tp"] + point["fn"], point["fp"]))
        plural = "" if alarms == 1 else "s"
        return f"finds {found:,} of {positives:,} positives at 0.5, with {alarms:,} false positive{plural}"

    def output(self, probability: np.ndarray, raw: np.ndarray, score: np.ndarray) -> dict[str, np.ndarray]:
        """`probability`, `raw_probability` and `score`, of the positive class."""
        return {"probability": probability[:, 1], "raw_probability": raw[:, 1], scores.COLUMN: score}


def _cut(rows: pd.DataFrame, chosen: float) -> np.ndarray | float:
    """The score from which on each row is called positive: its own, else the one that was chosen for all."""
    return rows[OWN_THRESHOLD].to_numpy() if OWN_THRESHOLD in rows else chosen


def confusion(y: np.ndarray, decision: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """The confusion matrix's cells `tn`, `fp`, `fn`, `tp`: numbers of rows, or sums of declared weights, as floats.

    Parameters
    ----------
    y
        Shape (n,): 1 for the positive class, else 0.
    decision
        Shape (n,), bool: whether the row is predicted positive.
    weight
        Shape (n,): see `pipeline.table.weights`.
    """
    positive = y == 1
    cells = {
        "tn": ~positive & ~decision,
        "fp": ~positive & decision,
        "fn": positive & ~decision,
        "tp": positive & decision,
    }
    return {name: weight[rows].sum().item() for name, rows in cells.items()}


def at_threshold(
    y: np.ndarray, decision: np.ndarray, threshold: float, weight: np.ndarray, *, confidence: float
) -> dict[str, Any]:
    """The confusion matrix at a threshold, its metrics, and Wilson intervals of the proportions among them.

    With declared weights, a proportion's interval is that of as many rows of equal weight as carry as much information
    as those that it is a share of (see `pipeline.table.weights.effective`). Where a class has one weight and the other
    class another, precision has the interval of `pipeline.measure.proportions.share_of_classes`, which is narrower.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    decision
        Shape (n,), bool: whether the row is predicted positive.
    threshold
        The probability from which it is, in [0, 1].
    weight
        Shape (n,): see `pipeline.table.weights`.
    confidence
        Of the intervals, in (0, 1).

    Returns
    -------
    metrics
        `threshold`, the cells, the metrics of decisions, and `intervals`: [low, high] by name, None where undefined.

    References
    ----------
    Wilson's interval on effective numbers of rows: Franco, Little, Louis & Slud 2019, Journal of Survey Statistics and
    Methodology 7, 334-364.
    """
    cells, squares = (confusion(y, decision, each) for each in (weight, weight**2))
    decisions = [metric for metric in METRICS if metric.of == "decisions" and metric.binary is not None]
    intervals = {}
    for metric in decisions:
        if metric.trials is not None:
            successes, trials = (sum(cells[cell] for cell in part) for part in metric.trials)
            unit = trials / sum(squares[cell] for cell in metric.trials[1]) if trials else 1  # rows a unit of weight
            interval = wilson(successes * unit, trials * unit, confidence=confidence)
            intervals[metric.name] = list(interval) if interval else None
    if narrower := _of_classes(y, decision, weight, confidence=confidence):
        intervals["precision"] = list(narrower)
    return {
        "threshold": float(threshold),
        **cells,
        **{metric.name: metric.binary(**cells) for metric in decisions},  # type: ignore[misc]
        "intervals": intervals,
    }


def _of_classes(
    y: np.ndarray, decision: np.ndarray, weight: np.ndarray, *, confidence: float
) -> tuple[float, float] | None:
    """The interval of precision where each class has a weight of its own; None elsewhere."""
    sides = [y == code for code in (1, 0)]
    if not weights.declared(weight) or any(np.unique(weight[side]).size != 1 for side in sides):
        return None
    positives, others = ((int(decision[side].sum()), int(side.sum()), float(weight[side][0])) for side in sides)
    return None if positives[2] == others[2] else share_of_classes(positives, others, confidence=confidence)


def _nearest(score: np.ndarray, weight: np.ndarray, alerts: np.ndarray) -> float:
    """The score from which on the rows' weight is nearest to that of `alerts`, a mask; infinite if that is none."""
    values, group = np.unique(-score, return_inverse=True)
    above = np.append(0.0, np.cumsum(np.bincount(group, weight)))
    return float(np.append(np.inf, -values)[np.abs(above - weight[alerts].sum()).argmin()])
