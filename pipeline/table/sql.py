"""Reads the rows of an SQL query."""

import os
import re
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from pipeline.errors import InputError
from pipeline.table import arrow


def read_sql(url: str, query: str) -> pd.DataFrame:
    """The rows that a query returns.

    Parameters
    ----------
    url
        SQLAlchemy's address of a database: `sqlite:///FILE`, `postgresql+psycopg2://USER:$PASSWORD@HOST/NAME`. A
        `$NAME` in it is replaced by the environment variable.
    query
        A SELECT with an ORDER BY over columns that identify every row, since folds depend on the order of rows.

    Raises
    ------
    InputError
        The database or the query fails, or the result can't be used as a table.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    shown = url.partition(":")[0]
    try:
        address = sqlalchemy.make_url(_expanded(url))
        shown = sqlalchemy.make_url(url).render_as_string(hide_password=True)
        file = Path(address.database or "")
        on_disk = address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")
        if on_disk and not file.is_file():  # SQLite would create an empty database
            raise InputError(f"{file}: no such file. Correct data.sql.url.")
        engine = sqlalchemy.create_engine(address)
        try:
            with engine.connect() as connection:
                result = connection.execute(sqlalchemy.text(query))
                table = pd.DataFrame(result.fetchall(), columns=pd.Index(result.keys()))
        finally:
            engine.dispose()
        return arrow.columns(table)
    except ImportError as error:
        raise InputError(f"{shown}: the driver {error.name!r} is missing. Install it with pip.") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(f"{shown}: the query failed ({reason}). Correct data.sql.url or data.sql.query.") from None
    except InputError as error:
        raise InputError(f"{shown}: {problem}" for problem in error.problems) from None


def _expanded(url: str) -> str:
    """The address with each `$NAME` replaced by the environment variable."""
    names = re.findall(r"\$([A-Za-z_]\w*)", url)
    if missing := [name for name in names if name not in os.environ]:
        raise InputError(
            f"data.sql.url has ${missing[0]}, but there is no such environment variable. Run `export {missing[0]}=...`."
        )
    return re.sub(r"\$([A-Za-z_]\w*)", lambda found: quote(os.environ[found[1]], safe=""), url)
