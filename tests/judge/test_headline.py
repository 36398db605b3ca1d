import pytest

from pipeline.judge import headline
from pipeline.judge.family import evidence, judged
from pipeline.judge.price import price
from pipeline.measure.statistics import student

DECLARED = {"primary": "average_precision", "metric": "average precision", "rope": 0.01, "alpha": 0.05}
LOSS = {"primary": "log_loss", "metric": "recalibrated log loss", "rope": 0.002, "alpha": 0.05}


def of(declared=DECLARED, df=49, **gains):
    limits = {key: declared[key] for key in ("rope", "alpha")}
    return judged({name: student(*gain, df, **limits) for name, gain in gains.items()}, **limits)


def kept(declared=DECLARED, *, threshold=0.0946, kind="binary", df=49, **gains):
    methods = of(declared, df, **gains)
    grade = evidence(methods, alpha=0.05)
    return headline.keep(methods, grade, threshold=threshold, price=price(methods), declared=declared, kind=kind)


def rebalanced(chosen, declared=DECLARED, *, threshold=0.31, **gains):
    return headline.rebalance(of(declared, **gains), chosen, threshold=threshold, declared=declared)


def test_a_gain_is_named_with_its_lower_bound():
    assert rebalanced("smote", smote=(0.034, 0.009), other=(0.0, 0.02)) == (
        "Rebalance with smote, threshold 0.310: it raises average precision by 0.034 (at least 0.016 with 95% "
        "confidence, adjusted for 2 methods)."
    )
    assert rebalanced("smote", LOSS, threshold=None, smote=(0.034, 0.009)) == (
        "Rebalance with smote: it lowers recalibrated log loss by 0.0340 (at least 0.0189 with 95% confidence)."
    )


def test_without_proof_the_price_of_being_wrong_is_named():
    assert kept(smote=(0.004, 0.015), random_under=(-0.002, 0.02), third=(0.0, 0.001)) == (
        "Keep the model as it is, and move its threshold from 0.5 to 0.095. None of 3 methods is shown to rank better. "
        "By keeping the model you lose at most 0.032 average precision, with 95% confidence (expected loss 0.008). If "
        "less than 0.032 doesn't matter to you, this is settled."
    )
    assert "smote isn't shown to give better probabilities. By keeping the model" in kept(LOSS, smote=(0.0, 0.02))


def test_an_infinite_price_is_left_out():
    said = kept(df=1, smote=(0.0, 0.01))
    assert "By keeping the model you lose at most 0.063 average precision, with 95% confidence. If less" in said


def test_proof_that_no_method_is_better_comes_with_the_best_gain():
    assert kept(smote=(0.001, 0.002), other=(-0.001, 0.002)) == (
        "Keep the model as it is, and move its threshold from 0.5 to 0.095. Both methods are shown not to rank better "
        "by more than 0.01 average precision. The best, smote, changes average precision by +0.001 (95% bounds, "
        "the lower one adjusted for 2 methods: -0.003 to +0.004)."
    )
    assert "smote is shown not to rank better by more than 0.01 average precision. It changes" in (
        kept(smote=(0.001, 0.002))
    )
    assert "All 3 methods are shown not to rank better by" in kept(a=(0, 0.002), b=(0, 0.002), c=(0, 0.002))


def test_without_a_rope_a_method_is_shown_not_to_be_better_at_all():
    assert "smote is shown not to rank better. It changes average precision by -0.004 (95% bounds: " in (
        kept({**DECLARED, "rope": 0.0}, smote=(-0.004, 0.0022))
    )


def test_harm_is_part_of_the_headline():
    harmful = {"smote": (-0.035, 0.009), "other": (-0.05, 0.01)}
    assert kept(third=(0.0, 0.02), smote=harmful["smote"]).endswith(
        "this is settled. smote is harmful here (average precision -0.035, significant)."
    )
    assert kept(third=(0.0, 0.02), **harmful).endswith(
        "smote and other are harmful here (average precision -0.035 to -0.050, significant)."
    )
    assert kept(**harmful).endswith(
        "0.01 average precision. Every method is harmful here (average precision -0.035 to -0.050, significant)."
    )
    assert kept(smote=harmful["smote"]).endswith(
        "0.01 average precision. smote is harmful here (average precision -0.035, significant)."
    )
    assert rebalanced("good", good=(0.05, 0.01), **harmful).endswith(
        "smote and other are harmful here (average precision -0.035 to -0.050, significant)."
    )
    # A loss that rises has a plus.
    assert "smote is harmful here (recalibrated log loss +0.0350, significant)." in kept(LOSS, smote=harmful["smote"])


@pytest.mark.parametrize(
    ("threshold", "kind", "words"),
    [
        (0.5, "binary", "Keep the model and its threshold as they are. smote"),
        (None, "binary", "Keep the model as it is. smote"),
        (1e-7, "binary", "Keep the model as it is, and move its threshold from 0.5 to 1e-07. smote"),
        (
            None,
            "multiclass",
            "Keep the model as it is. To find more of the rare classes, decide by class weights. smote",
        ),
    ],
)
def test_what_to_do_comes_first(threshold, kind, words):
    assert kept(threshold=threshold, kind=kind, smote=(0.0, 0.02)).startswith(words)
