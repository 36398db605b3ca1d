"""Six rows, and the errors for which a table is refused."""

import pytest

from pipeline.errors import InputError
from pipeline.table.ingest import ingest

ROWS = {"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
TWO = [0, 0, 1, 0, 1, 0]


def refusal(source, **settings):
    with pytest.raises(InputError) as caught:
        ingest(source, **settings)
    return caught.value.problems
