"""What each threshold decides on the rows that are judged, for a page's slider."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline import formatting
from pipeline.judge.evidence import Evidence
from pipeline.measure import scores
from pipeline.measure.binary import confusion
from pipeline.measure.thresholds import at
from pipeline.table import weights

STEPS = 100  # thresholds of a slider, at most


def explorer(evidence: Evidence, names: Sequence[str]) -> dict[str, dict[str, Any]] | None:
    """The confusion matrix of each of these variants at up to `STEPS` thresholds; None with more than two classes.

    Returns
    -------
    decided
        By variant: `threshold`, falling probabilities as they are shown; `tn`, `fp`, `fn` and `tp`, one for each; and
        `start`, the place of the threshold t*, or else of 0.5.
    """
    if evidence.task.classes > 2:
        return None
    return {name: _decided(evidence, name) for name in names}


def _decided(evidence: Evidence, name: str) -> dict[str, Any]:
    rows, tuned = evidence.predictions[name], evidence.results[name]["holdout"]["tuned"]
    y, probability, weight = rows.y.to_numpy(), rows.probability.to_numpy(), weights.of(rows)
    score = scores.of(rows)
    cuts = np.unique(score)[::-1]
    if len(cuts) > STEPS:  # as many rows from one step to the next, and more steps where the fewest rows are called
        places = np.geomspace(1, len(cuts), STEPS).round().astype(int) - 1
        cuts = cuts[np.unique(places)]
    if tuned is not None:  # itself a step, with the decisions that tables have of it
        cuts = np.unique(np.append(cuts, tuned["threshold_score"]))[::-1]
    cells = [confusion(y, score >= cut, weight) for cut in cuts]
    lowest = [at(cut, score, probability).probability for cut in cuts]
    start = int(np.argmin(np.abs(np.array(lowest) - 0.5)))
    if tuned is not None:
        start = int(np.flatnonzero(cuts == tuned["threshold_score"])[0])
        lowest[start] = tuned["threshold"]
    return {
        "threshold": [formatting.threshold(value) for value in lowest],
        **{cell: [weights.shown(each[cell]) for each in cells] for cell in ("tn", "fp", "fn", "tp")},
        "start": start,
    }
