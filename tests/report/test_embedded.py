import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from visitors import FITS, with_recall_floor

from pipeline.report.embedded import pack, unpack
from pipeline.report.verify import recompute


def test_what_is_packed_comes_back_to_the_bit(evidence):
    again = unpack(pack(evidence))
    for name in evidence.results:
        assert again.predictions[name].equals(evidence.predictions[name])
        assert again.out_of_fold[name].equals(evidence.out_of_fold[name])
        assert again.folds[name].equals(evidence.folds[name][list(FITS)])
        assert again.components[name].equals(evidence.components[name])
        assert again.results[name].keys() == {"variant", "training", "model"}
        assert again.results[name]["model"] == evidence.results[name]["model"]
    assert again.truth.to_dict() == evidence.truth.to_dict()
    assert (again.declared, again.table, again.classes) == (evidence.declared, evidence.table, evidence.classes)


def test_without_folds_there_is_less_to_carry(evidence):
    none = dict.fromkeys(evidence.out_of_fold)
    again = unpack(pack(replace(evidence, out_of_fold=none, folds=none, truth=None)))
    assert again.out_of_fold == again.folds == none
    assert again.truth is None


def test_a_guarantee_is_recomputed_from_what_was_packed():
    evidence = with_recall_floor(0.4)
    again = unpack(pack(evidence))
    assert "guarantee" not in again.results["none"]
    assert recompute(again).results["none"]["guarantee"] == evidence.results["none"]["guarantee"]


def test_a_column_s_name_cannot_end_the_block_it_stands_in(evidence):
    named = replace(evidence, table={**evidence.table, "features": ["</script><b>"]})
    text = pack(named)
    assert "<" not in text
    assert unpack(text).table["features"] == ["</script><b>"]


def test_predictions_beyond_ten_megabytes_stay_where_they_are(evidence):
    many = pd.DataFrame({"y": np.zeros(700_000), "probability": np.zeros(700_000)})
    assert pack(replace(evidence, predictions=dict.fromkeys(evidence.predictions, many))) is None


def test_a_page_cannot_carry_python_objects(evidence):
    content = json.loads(pack(evidence))
    content["test"]["y"][0] = "|O"
    with pytest.raises((ValueError, TypeError)):
        unpack(json.dumps(content))
