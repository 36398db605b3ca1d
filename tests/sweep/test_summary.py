import pandas as pd

from pipeline.sweep import summary


def test_a_sweep_is_summed_up_by_macro_recall_where_there_are_several_classes():
    several = pd.DataFrame({"default_macro_f1": [0.5], "default_balanced_accuracy": [0.6]})
    assert list(summary.decisions(several)) == ["default_balanced_accuracy", "tuned_balanced_accuracy"]
    two = pd.DataFrame({"default_balanced_accuracy": [0.6]})
    assert summary.decisions(two) == summary.DECISIONS
