"""Fetches tables from OpenML and from imbalanced-learn."""

import warnings
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError, nearest
from pipeline.table import arrow
from pipeline.table.download import DOWNLOADS


def fetch_openml(data_id: int | None = None, *, name: str | None = None, version: int | None = None) -> pd.DataFrame:
    """A table of OpenML, by its number or its name.

    Parameters
    ----------
    data_id
        The table's number on OpenML.
    name
        Its name, used where `data_id` is None.
    version
        The version of that name; None is the active one.

    Raises
    ------
    InputError
        The table can't be downloaded, or doesn't exist.
    """
    from sklearn import datasets

    which: dict[str, Any] = {"data_id": data_id}
    if data_id is None:
        which = {"name": name, "version": version or "active"}
    shown = data_id if data_id is not None else f"{name!r}{f' version {version}' if version else ''}"
    page = f"https://www.openml.org/d/{data_id}" if data_id is not None else "https://www.openml.org"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Multiple active versions", UserWarning)  # the SHA-256 tells them apart
            found = datasets.fetch_openml(**which, as_frame=True, parser="pandas", cache=False)
    except (OSError, HTTPException, ValueError) as error:
        raise InputError(
            f"OpenML {shown}: the download failed ({_one_line(error)}). On a machine with network access, download it "
            f"from {page} as ARFF or Parquet, then use it with -S data=csv -S data.path=FILE."
        ) from None
    return arrow.columns(found.frame)


def fetch_imbalanced(name: str, *, folder: Path = DOWNLOADS) -> pd.DataFrame:
    """One of imbalanced-learn's benchmark tables: features `f0`, `f1`, ..., then `target`, 1 for the rare class and -1.

    Parameters
    ----------
    name
        The table's name in `imblearn.datasets.fetch_datasets`.
    folder
        Where the tables are kept; one download brings all 27.

    Raises
    ------
    InputError
        The table can't be downloaded, or doesn't exist.
    """
    from imblearn import datasets
    from imblearn.datasets._zenodo import MAP_NAME_ID, URL

    if name not in MAP_NAME_ID:
        raise InputError(f"imbalanced-learn has no table {name!r}; {nearest(name, MAP_NAME_ID)}")
    try:
        found = datasets.fetch_datasets(data_home=str(folder), filter_data=(name,))[name]
    except (OSError, EOFError, HTTPException, ValueError) as error:
        raise InputError(
            f"imbalanced-learn's {name}: the download failed ({_one_line(error)}). On a machine with network access, "
            f"download {URL}, then unpack it into {folder / 'zenodo'}."
        ) from None
    table = pd.DataFrame(found.data, columns=[f"f{place}" for place in range(found.data.shape[1])])
    return arrow.columns(table.assign(target=found.target))


def _one_line(error: BaseException) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())[:160] or type(error).__name__
