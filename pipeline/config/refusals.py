"""Errors of pydantic, reworded: which key, what was expected, what was found, and what to do."""

from collections.abc import Iterator, Sequence
from inspect import isclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipeline.config.secrets import without_secrets
from pipeline.config.values import CONFLICTS, EXPECTED
from pipeline.errors import nearest

# What pydantic's own types of errors expect, by the first word of their name.
KINDS = {
    "bool": "true or false",
    "dict": "keys and values",
    "float": "a number",
    "finite": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "keys and values",
    "string": "text",
}
MISSING = "???"  # what conf/ writes for a value that must be given


def problems(error: ValidationError, kind: type[BaseModel], *, give: str, under: str = "") -> list[str]:
    """A line for each key that `error` is about.

    Parameters
    ----------
    error
        Of `kind.model_validate`.
    kind
        The model.
    give
        The command that takes a missing key.
    under
        Key of the model, if it isn't the whole of the settings.
    """
    lines = (line for found in error.errors(include_url=False) for line in _lines(found, kind, give, under))
    return list(dict.fromkeys(lines))


def _lines(found: Any, kind: type[BaseModel], give: str, under: str) -> Iterator[str]:
    where, sort = found["loc"], found["type"]
    key = dotted(where, under)
    if sort == "missing":
        yield must_be_given(key, give)
    elif sort == "extra_forbidden":
        yield f"{key} is not a setting; {nearest(str(where[-1]), _model_at(kind, where[:-1]).model_fields)}"
    elif sort == CONFLICTS:
        for conflict in found["ctx"][CONFLICTS]:
            at = dotted([*where, conflict.key] if conflict.key else where, under)
            advice = f" {conflict.advice}." if conflict.advice else ""
            yield f"{at}: expected {conflict.expected}, found {shown(conflict.found)}.{advice}"
    else:
        words = found["msg"] if sort == EXPECTED else KINDS.get(sort.partition("_")[0], found["msg"])
        yield f"{key}: expected {words}, found {shown(found['input'])}."


def must_be_given(key: str, give: str) -> str:
    """The error for a value that is missing."""
    return f"{key} is missing. Set it with `{give} {key}=...`."


def dotted(where: Sequence[Any], under: str = "") -> str:
    """The path of a key below `under`, as the command line takes it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in [under, *where] if part != "")[1:]


def shown(value: Any) -> str:
    """A value as YAML has it, on one line and without secrets."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(without_secrets(value))


def _model_at(kind: type[BaseModel], where: Sequence[Any]) -> type[BaseModel]:
    """The model at a path below `kind`; a name that the user chose, such as a variant's, is no field."""
    for part in where:
        if part in kind.model_fields:
            annotation = kind.model_fields[part].annotation
            models = (a for a in (annotation, *get_args(annotation)) if isclass(a) and issubclass(a, BaseModel))
            kind = next(models, kind)
    return kind
