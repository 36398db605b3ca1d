"""Settings with a key changed, and what is said of them."""

from copy import deepcopy

import pytest

from pipeline import config
from pipeline.errors import InputError


def changed(raw, path, value):
    """A copy of nested mappings with one key set, or removed by `...`."""
    copy = deepcopy(raw)
    *parents, last = path.split(".")
    node = copy
    for key in parents:
        node = node[key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copy


def refusal(raw):
    with pytest.raises(InputError) as caught:
        config.check(raw)
    return caught.value.problems
