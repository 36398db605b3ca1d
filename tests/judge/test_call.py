from dataclasses import replace

import numpy as np

from pipeline.judge.family import call
from pipeline.measure.statistics import correlated


def test_call_at_and_beside_its_borders():
    test = correlated(np.array([0.0, 1.0]), test_over_train=0.0, rope=0.01, alpha=0.05)

    def word(mean, p, equivalent=0.0):
        return call(replace(test, mean=mean, equivalent=equivalent), p, p, rope=0.01, alpha=0.05)

    assert [word(mean, 0.04) for mean in (0.0101, 0.01, 0.0, -0.01, -0.0101)] == [
        "BETTER", "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE", "WORSE",
    ]  # fmt: skip
    assert [word(0.5, 0.05), word(-0.5, 0.05), word(0.5, 0.0499), word(-0.5, 0.0499)] == [
        "INCONCLUSIVE", "INCONCLUSIVE", "BETTER", "WORSE",
    ]  # fmt: skip
    assert [word(0.005, 1.0, equivalent) for equivalent in (0.95, 0.9501)] == ["INCONCLUSIVE", "EQUIVALENT"]
    # BETTER rests on the one-sided p, WORSE on the two-sided one.
    assert call(replace(test, mean=0.5), 0.04, 0.08, rope=0.01, alpha=0.05) == "BETTER"
    assert call(replace(test, mean=-0.5), 0.96, 0.08, rope=0.01, alpha=0.05) == "INCONCLUSIVE"
    # Significant and too small to matter.
    assert word(0.005, 0.001, 0.99) == "EQUIVALENT"


def test_call_of_differences():
    noise = np.tile([-1.0, 1.0], 25)
    for mean, spread, expected in (
        (0.05, 0.02, "BETTER"),
        (-0.05, 0.02, "WORSE"),
        (0.001, 0.002, "EQUIVALENT"),
        (0.03, 0.2, "INCONCLUSIVE"),
        (0.0, 0.0, "EQUIVALENT"),
        (0.01, 0.0, "EQUIVALENT"),
        (0.02, 0.0, "BETTER"),
        (-0.02, 0.0, "WORSE"),
    ):
        test = correlated(mean + spread * noise, test_over_train=0.25, rope=0.01, alpha=0.05)
        assert call(test, test.p_better, test.p, rope=0.01, alpha=0.05) == expected
