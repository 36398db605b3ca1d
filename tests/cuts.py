"""Thresholds on probabilities, for models without another score."""

from pipeline.measure import scores
from pipeline.measure.thresholds import Threshold


def at(probability):
    """The threshold that calls rows positive from this probability on."""
    return Threshold(probability, float(scores.from_probability(probability)))
