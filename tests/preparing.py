"""Steps of preprocessing for tests, by short names."""

import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.fit.preprocessing import preprocess
from pipeline.fit.steps import Steps


def steps(impute="median", scale=True, mark=False, encode=False, min_frequency=None, date_parts=()):
    """As conf/preprocess has them: `standard` by default, `auto` with `mark` and `encode`, and `none` by `NONE`."""
    return Steps(
        impute and SimpleImputer(strategy=impute, add_indicator=mark),
        StandardScaler() if scale else None,
        OneHotEncoder(min_frequency=min_frequency, drop="if_binary", handle_unknown="infrequent_if_exist")
        if encode
        else None,
        date_parts,
    )


STANDARD, NONE = steps(), Steps()


def fitted_on(X, holes=True, **how):
    """What `preprocess` makes of X, whose classes don't matter, by the arguments of `steps`."""
    return preprocess(X, pd.Series(0, X.index), steps(**how), holes=holes)
