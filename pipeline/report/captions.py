"""What each figure shows, for readers who don't see it, and its caption."""

# By figure: alternative text and caption. In braces: what to call the rules of decision, and the rows.
CAPTIONS = {
    "class_counts": (
        "Bars of the class counts in the table and its parts, and in the rows that each variant's model is fitted on, "
        "with the counts beside them.",
        "Class weights leave the rows as they are.",
    ),
    "precision_recall": (
        "Precision against recall on the {rows}, a line for each variant, with a dot at 0.5 and a diamond at t*.",
        "Where the dots of all variants follow one curve, rebalancing only moved the threshold.",
    ),
    "thresholds": (
        "Precision and recall over the threshold, for the baseline and the leading method, with a dotted line at each "
        "one's t*.",
        "A lower threshold finds more positives, with more false positives.",
    ),
    "distributions": (
        "Histograms of the raw probabilities of negatives and of positives, a panel for the baseline and one for the "
        "leading method.",
        "The less the two classes overlap, the better the model. Shifting both together changes nothing but the "
        "threshold.",
    ),
    "roc": (
        "ROC curves on the {rows}, a line for each variant, with a dot at 0.5 and a diamond at t*.",
        "The rarer the positives, the better an ROC curve looks: false positives are divided by all negatives.",
    ),
    "reliability": (
        "Observed proportion of positives over predicted probability, in ten bins of {rows}: a panel for the raw "
        "probabilities, and one for each correction. The tables have their metrics.",
        "On the diagonal, probabilities are well calibrated. To the right of it, they are too high.",
    ),
    "cost_map": (
        "Cost of each variant against the baseline's, against the cost of a false negative in false positives, with a "
        "strip that shows the cheapest variant.",
        "Each variant uses the threshold that is cheapest for it on the other folds.",
    ),
    "decision_curve": (
        "Decision curve: net benefit of each variant over the threshold probability, beside alerting on all rows and "
        "on none.",
        "A model is useful where its line is above both gray lines, and better than another where it is above that. "
        "Net benefit is true positives per row, minus false positives per row times the odds of the threshold "
        "probability, which is 1 / (1 + cost of a false negative, in false positives). On the {rows}, with "
        "recalibrated probabilities (without folds, prior-corrected ones).",
    ),
    "components": (
        "Training rows and synthetic rows on the two leading principal components of the training rows, a panel for "
        "each variant.",
        "Where synthetic rows are among those of the other class, the model is fitted on rows that may not exist.",
    ),
}
RUNS = ("Every run on {} as a dot, a row for each configuration.", "The bar is the mean of the runs.")
