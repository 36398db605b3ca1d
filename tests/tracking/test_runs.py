from pipeline.tracking import runs


def test_any_text_becomes_a_name_that_mlflow_accepts():
    from mlflow.utils.validation import _validate_metric_name

    assert runs.metric_name("test", "income > 5/year") == "test/income___5_year"
    for name in ("..", "", "a//b", "recall @ 10 %", "größe", "x" * 400, "x" * 243 + "/"):
        legal = runs.metric_name("model", name)
        _validate_metric_name(legal)
        assert len(legal) <= 250


def test_the_address_shows_the_children_with_charts():
    published = runs.Published("3", "abc", new=True)
    assert runs.page(published, metric="holdout/roc_auc") == (
        "#/experiments/3/runs?workflowType=machine_learning&compareRunsMode=CHART"
        "&searchFilter=tags.mlflow.parentRunId%3D%27abc%27"
        "&orderByKey=metrics.%60holdout%2Froc_auc%60&orderByAsc=false"
    )


def test_text_that_is_too_long_for_mlflow_is_shortened():
    assert runs.cut("x" * 250, "key") == "x" * 250
    assert runs.cut("x" * 251, "key") == "x" * 247 + "..."
