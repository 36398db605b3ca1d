"""Settings of the table: its source, and what its columns mean."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.config.values import Conflict, Number, Seed, Settings, Whole, expected, refuse
from pipeline.formatting import ISO, label_text, name_text

ROLES = ("group", "time", "weight")  # keys of columns that aren't features
NAME = r"[A-Za-z0-9_-]{1,64}"  # of tables and presets, which become folders and words on command lines
SIMULATED_TARGET = "buy"
KINDS = ("numeric", "integer", "boolean", "categorical", "date")  # what a column can be declared as, by name
SOURCES = ("simulation", "url", "openml", "imbalanced", "sql")  # where a table that's no file comes from


class Simulation(Settings):
    """A simulated table: its size, its prevalence, and its seed."""

    rows: Annotated[Whole, Field(ge=2), expected("a whole number of at least 2")]
    prevalence: Number
    seed: Seed

    def conflicts(self) -> Iterator[Conflict]:
        """A prevalence that leaves a class no row."""
        if not 0 < round(self.rows * self.prevalence) < self.rows:
            words = f"a fraction that gives each class at least one of {self.rows:,} rows"
            yield Conflict("prevalence", words, self.prevalence)


class OpenML(Settings):
    """A table of OpenML, by its number, or by its name and, unless it's the active one, its version."""

    id: Whole | None
    name: str | None
    version: Whole | None

    def conflicts(self) -> Iterator[Conflict]:
        """An id and a name, neither of them, or a version of an id."""
        if (self.id is None) == (self.name is None):
            found = {"id": self.id, "name": self.name}
            yield Conflict("", "either an id or a name", found, "For example, set -S data.openml.id=310")
        if self.version is not None and self.id is not None:
            yield Conflict("version", "null with data.openml.id, because an id has one version", self.version)


def _ordered(query: str) -> str:
    if not re.match(r"\s*(?:select|with)\b.*\border\s+by\b", query, re.IGNORECASE | re.DOTALL):
        words = "a SELECT with ORDER BY, because a database may return rows in a different order each time"
        refuse([Conflict("", words, " ".join(query.split())[:60])])
    return query


class SQL(Settings):
    """A database's address, with `$NAME` for a password, or the variable that has it, and a SELECT with ORDER BY."""

    url: str | None
    url_env: str | None
    query: Annotated[str, AfterValidator(_ordered)]

    def conflicts(self) -> Iterator[Conflict]:
        """Two addresses, none, or one of another form."""
        if (self.url is None) == (self.url_env is None):
            found = {"url": self.url, "url_env": self.url_env}
            advice = "For example, set -S data.sql.url=sqlite:///visits.db"
            yield Conflict("", "either url or url_env, the environment variable that has the address", found, advice)
        elif self.url is not None and "://" not in self.url:
            yield Conflict("url", "an address such as sqlite:///FILE or postgresql+psycopg2://USER@HOST/NAME", self.url)
        elif self.url_env is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.url_env):
            words = "the name of an environment variable, in capitals, such as SHOP_DB"
            yield Conflict("url_env", words, self.url_env)


def _from_pairs(given: Any) -> Any:
    """A mapping, which may be given as a list of pairs, since Hydra's grammar can't have every text as a key."""
    pairs = isinstance(given, list) and all(isinstance(each, list) and len(each) == 2 for each in given)
    return dict(given) if pairs and all(isinstance(key, str | int | float) for key, _ in given) else given


def _by_text(classes: dict[Any, Any] | None) -> dict[Any, Any] | None:
    """Labels as text, as sweeps keep them in JSON."""
    return None if classes is None else {label_text(label): to for label, to in classes.items()}


def _by_name(columns: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if columns is None else {name_text(name): kind for name, kind in columns.items()}


def _marks(missing: list[Any] | dict[str, list[Any]] | None) -> list[str] | dict[str, list[str]] | None:
    """Marks of missing values as text."""
    if isinstance(missing, dict):
        return {name_text(name): [label_text(mark) for mark in marks] for name, marks in missing.items()}
    return None if missing is None else [label_text(mark) for mark in missing]


Pairs = BeforeValidator(_from_pairs)
Name: TypeAlias = Annotated[str, AfterValidator(name_text)]  # of a column


class Data(Settings):
    """Where the table comes from, and what its columns mean."""

    name: Annotated[str, Field(pattern=rf"^{NAME}\Z"), expected("a name of 1 to 64 letters, digits, _ and -")]
    path: str
    files: str | None
    target: Name
    positive: Any
    classes: Annotated[dict[Any, Any] | None, Pairs, AfterValidator(_by_text)]
    drop: list[Name]
    group: Name | None
    time: Name | None
    weight: Name | None
    columns: Annotated[dict[str, Any] | None, Pairs, AfterValidator(_by_name)]
    missing: Annotated[list[Any] | dict[str, list[Any]] | None, Pairs, AfterValidator(_marks)]
    integers: bool
    header: bool
    names: list[str] | None
    skip_rows: Annotated[Whole, Field(ge=0), expected("a whole number of at least 0")]
    sheet: str | None
    negatives_per_positive: Annotated[Number | None, Field(ge=1), expected("a number of at least 1, or null")]
    simulation: Simulation | None
    url: str | None
    openml: OpenML | None
    imbalanced: str | None
    sql: SQL | None
    sha256: Annotated[
        str | None, Field(pattern="^[0-9a-f]{64}$"), expected("64 hexadecimal digits in lower case, or null")
    ]

    @property
    def source(self) -> str | None:
        """Which of `SOURCES` the table comes from; None for a file."""
        return next((key for key in SOURCES if getattr(self, key) is not None), None)

    def conflicts(self) -> Iterator[Conflict]:
        """Columns with two roles, and tables with two sources."""
        if self.target in self.drop:
            yield Conflict("drop", "columns other than data.target", self.target)
        roles = {role: getattr(self, role) for role in ROLES if getattr(self, role)}
        named = [self.target, *roles.values()]
        if len(set(named)) < len(named) or set(roles.values()) & set(self.drop):
            words = "different columns, none of them in data.drop"
            keys = ", ".join(["target", *(f"data.{role}" for role in roles)])
            yield Conflict(keys, words, ", ".join(named))
        if self.negatives_per_positive is not None and self.weight is not None:
            yield Conflict("negatives_per_positive", "null with data.weight", self.negatives_per_positive)
        if self.files is not None and {"", ".."} & set(self.files.split("/")):
            yield Conflict("files", "a pattern of files below data.path, such as '*.parquet'", self.files)
        if self.files is not None and self.source is not None:
            yield Conflict("files", f"null with data.{self.source}", self.files)
        if self.target in (self.columns or {}):
            yield Conflict("columns", "features, not the target", self.target)
        for name, kind in (self.columns or {}).items():
            if isinstance(kind, list) and len(set(map(label_text, kind))) < max(2, len(kind)):
                yield Conflict(f"columns.{name}", "two or more different levels in order", kind)
            if not (isinstance(kind, list) or kind in (*KINDS, ISO) or "%" in str(kind)):
                words = f"one of {', '.join(KINDS)}, a date format such as %d/%m/%Y, or levels in order: [S, M, L]"
                yield Conflict(f"columns.{name}", words, kind)
        if self.names is not None and self.header:
            yield Conflict(
                "names", "null with data.header=true", self.names, "If there is no header, add data.header=false"
            )
        there = [key for key in SOURCES if getattr(self, key) is not None]
        if len(there) > 1:
            *first, last = (f"data.{key}" for key in SOURCES)
            yield Conflict("", f"only one of {', '.join(first)} and {last}", ", ".join(there))
        if self.source not in (None, "url") and not self.path.endswith(".yaml"):
            made = "simulated" if self.source == "simulation" else "fetched"
            advice = "For a file, use -S data=csv -S data.path=FILE -S data.target=COLUMN"
            yield Conflict("path", f"a YAML file, because this table is {made}", self.path, advice)
        if self.simulation is not None and self.target != SIMULATED_TARGET:
            yield Conflict("target", f"{SIMULATED_TARGET!r}, the target of the simulated table", self.target)
        if self.simulation is not None and self.classes is not None:
            yield Conflict("classes", "null, because a simulated table has two classes", self.classes)
