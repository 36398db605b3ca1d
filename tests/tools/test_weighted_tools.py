import pytest
from weighted_table import settings, table

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import run
from pipeline.measure.tasks import task_of
from pipeline.table import split
from pipeline.tools import labels, plan


def test_the_audit_goes_by_weights_and_the_plan_refuses_them(project):
    params = settings(project, table(), "~variant@variants.random_over", "~variant@variants.class_weight")
    rows, _, schema, roles = run.table(params.data)
    found, _ = labels.over_folds(rows, params, roles, task_of(schema))
    training = split.split(rows, target="y", test_size=0.3, seed=42, labels=[0, 1])[0]
    assert found["none"].default_tp.dtype == "float64"
    total = sum(found["none"][f"default_{cell}"].sum() for cell in ("tn", "fp", "fn", "tp"))
    assert total == pytest.approx(roles.weight[training.index].sum())
    with pytest.raises(InputError) as refused:
        plan.plan(params, config.Plan(roc_auc=0.8, tables=2, rows=200, methods=["random_under"]))
    assert refused.value.problems == [
        "data.weight: expected null, found w. The plan weights all rows equally. Plan with data.weight=null "
        "'data.drop=[who,day,w]', and take the result as the best case."
    ]
