"""Reads the rows of an SQL query."""

import os
import re
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from pipeline.config.secrets import without
from pipeline.errors import InputError
from pipeline.table import arrow


def read_sql(url: str | None, query: str, *, variable: str | None = None) -> pd.DataFrame:
    """The rows that a query returns.

    Parameters
    ----------
    url
        SQLAlchemy's address of a database: `sqlite:///FILE`, `postgresql+psycopg2://USER:$PASSWORD@HOST/NAME`. A
        `$NAME` in it is replaced by the environment variable. None with `variable`.
    query
        A SELECT with an ORDER BY over columns that identify every row, since folds depend on the order of rows.
    variable
        The environment variable that has the address.

    Raises
    ------
    InputError
        The database or the query fails, or the result can't be used as a table.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    shown = f"${variable}" if variable else str(url).partition(":")[0]
    secrets: list[str] = []
    try:
        given, secrets = _from_environment(url, variable)
        address = sqlalchemy.make_url(given)
        secrets += [address.password or "", *map(str, address.query.values())] if variable else []
        shown = shown if variable else sqlalchemy.make_url(str(url)).render_as_string(hide_password=True)
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
        reason = without(secrets, str(getattr(error, "orig", None) or error).strip().splitlines()[0])
        raise InputError(f"{shown}: the query failed ({reason}). Correct data.sql.url or data.sql.query.") from None
    except InputError as error:
        raise InputError(f"{shown}: {problem}" for problem in error.problems) from None


def _from_environment(url: str | None, variable: str | None) -> tuple[str, list[str]]:
    """The address that `variable` has, or with each `$NAME` replaced by the environment variable, and their values."""
    key = "data.sql.url_env names" if variable else "data.sql.url has"
    names = [variable] if variable else re.findall(r"\$([A-Za-z_]\w*)", str(url))
    if missing := [name for name in names if name not in os.environ]:
        raise InputError(
            f"{key} ${missing[0]}, but there is no such environment variable. Run `export {missing[0]}=...`."
        )
    values = [os.environ[name] for name in names]
    if variable:
        return values[0], values
    return re.sub(r"\$([A-Za-z_]\w*)", lambda found: quote(os.environ[found[1]], safe=""), str(url)), values
