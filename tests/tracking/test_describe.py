from pipeline.tracking.describe import flat_metrics


def test_classes_of_one_legal_name_keep_their_metrics_apart():
    nested = {"classes": {"a<b": {"f1": 0.25}, "a>b": {"f1": 0.5}}, "matrix": [[1, 2], [3, 4]]}
    assert flat_metrics(nested) == {"classes/a_b/f1": 0.25, "classes/a_b_2/f1": 0.5}
