"""Decides whether an address holds a secret, which settings must not: they are committed, logged and published."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"
# What stands for a secret. In capitals, as such variables are, because a password may begin with $, too.
REFERENCE = re.compile(r"\$[A-Z_][A-Z0-9_]*")
REPLACED = ("data.sql.url", "data.url")  # keys in which references are replaced when the table is read
# Keys that hold names, labels or a query of the table, which may look like anything.
NOT_ADDRESSES = {
    *(f"data.{key}" for key in ("target", "positive", "classes", "drop", "group", "time", "weight", "columns")),
    *(f"data.{key}" for key in ("missing", "names", "sql.query")),
}
WEB = ("http", "https")  # whose authority ends at the first slash; a database's password may hold slashes
ANYWHERE = ("password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "credential", "signature", "jwt")
AT_THE_END = ("auth", "authorization", "bearer", "pass", "pat", "pw", "sas", "sig")
OPENING = ("access", "account", "api", "auth", "consumer", "master", "private", "secret", "shared", "signing", "ssh")
ORDERING = ("foreign", "group", "order", "partition", "primary", "row", "sheet", "sort")  # words before a harmless key
FILES = ("file", "path")  # last words of options that say where a secret is kept
SEPARATORS = re.compile(r"([?&;#])")
MLFLOW = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"


def hidden(text: str, *, references: bool = True) -> str | None:
    """The address `text` with `***` for each secret; None if it holds none, or is no address.

    Parameters
    ----------
    text
        Any text; an address has `://`.
    references
        Whether `$NAME` may stand for a secret.
    """
    scheme, mark, rest = ("", "//", text[2:]) if text.startswith("//") else text.partition("://")
    if not mark:
        return None
    shown = scheme + mark + _options(_user(rest, scheme.lower() in WEB, references), references)
    return None if shown == text else shown


def without_secrets(value: Any) -> Any:
    """A setting as messages may show it: nested values too, and addresses that lack `://`."""
    if isinstance(value, str):
        bare = hidden(f"//{value}")
        return hidden(value, references=False) or (bare[2:] if bare else value)
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items()}
    return [without_secrets(each) for each in value] if isinstance(value, list | tuple) else value


def problems(raw: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The key of each address in nested settings that holds a secret, and what is wrong with it."""
    if key in NOT_ADDRESSES:
        return
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            yield from problems(value, f"{key}.{name}" if key else str(name))
    elif isinstance(raw, list):
        for number, value in enumerate(raw):
            yield from problems(value, f"{key}[{number}]")
    elif isinstance(raw, str) and (shown := hidden(raw, references=key in REPLACED)):
        yield key, f"{key}: {_refusal(key, shown)}"


def _refusal(key: str, shown: str) -> str:
    why = f"because params.yaml is committed, found {shown!r}"
    if key in REPLACED:
        example = shown.replace(HIDDEN, "$PASSWORD")
        return f"expected an environment variable, as $NAME, for the password, {why}. For example: {example}."
    instead = f"Leave it out, and set {MLFLOW} in the environment." if key == "tracking.uri" else "Leave it out."
    return f"expected an address without a password, token or key, {why}. {instead}"


def in_overrides(words: Sequence[str]) -> list[str]:
    """What is wrong with each `key=value` whose value holds a secret, before Hydra reads, and shows, any of them."""
    found = []
    for word in words:
        key, _, value = word.lstrip("+~").partition("=")
        found += [problem for _, problem in problems(value.strip("'\""), key)]
    return found


def without(values: Sequence[str], text: str) -> str:
    """The text, such as a driver's error, without these values, as they are or percent-encoded."""
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, HIDDEN).replace(quote(value, safe=""), HIDDEN)
    return text


def filled(url: str) -> tuple[str, list[str]]:
    """A web address with the environment's values for its references, and these values.

    Only a whole user, password or value of an option is a reference: `$` has its own meaning elsewhere, such as in
    `?$limit=100`.

    Raises
    ------
    KeyError
        There is no such environment variable.
    """
    values: list[str] = []

    def value(found: re.Match[str]) -> str:
        values.append(os.environ[found[0][1:]])
        return quote(values[-1], safe="")

    return re.sub(rf"(?<=[:/=]){REFERENCE.pattern}(?=[@:&;#]|$)", value, url), values


def _user(rest: str, web: bool, references: bool) -> str:
    """What follows `://`, its password hidden."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, colon, after = rest.partition(":")
    if not colon or set("/?#@[") & set(user):
        alone = authority.rpartition("@")[0]
        token = alone and (web or ":" in unquote(alone)) and not (references and REFERENCE.fullmatch(alone))
        return f"{HIDDEN}{rest[len(alone) :]}" if token else rest
    password, at, host = after.partition("@")
    if not at or not password:
        return rest
    if references and REFERENCE.fullmatch(password) and "@" not in re.split(r"[/?#]", host, maxsplit=1)[0]:
        return rest
    if web and "@" not in authority and authority.rpartition(":")[2].isdecimal():  # a port, and an @ further on
        return rest
    return f"{user}:{HIDDEN}{after[after.rindex('@') :]}"  # to the last @, because one of a password may be unquoted


def _options(text: str, references: bool) -> str:
    """Options such as `?name=value&name=value` or `name=value;name=value`, their secrets hidden."""
    first, *pieces = SEPARATORS.split(text)
    # What comes first is a host and a path, whose folders may look like options: `year=2024/`.
    shown = first if "/" in first else _option(first, references)
    inside, braced = shown.endswith(HIDDEN) and shown != first, False
    for mark, piece in zip(pieces[::2], pieces[1::2], strict=True):
        if braced or (inside and "=" not in piece):  # the rest of a secret that holds a separator itself
            braced = braced and "}" not in piece
            continue
        option = _option(piece, references)
        inside = option != piece and option.endswith(HIDDEN)
        value = piece.partition("=")[2]
        braced = inside and value.startswith("{") and "}" not in value
        shown += mark + option
    return shown


def _option(piece: str, references: bool) -> str:
    name, equals, value = piece.partition("=")
    plain = unquote_plus(value if equals else name)
    if equals and value and _names_a_secret(unquote_plus(name)):
        return piece if references and REFERENCE.fullmatch(plain) else f"{name}={HIDDEN}"
    # A value may hold options or an address itself, such as that of odbc_connect.
    inner = plain if "=" not in plain else hidden(plain, references=references) or _options(plain, references)
    if inner == plain and "://" in plain:
        inner = hidden(plain, references=references) or plain
    if inner == plain:
        return piece
    encoded = inner if plain == (value if equals else name) else quote_plus(inner, safe="*$")
    return f"{name}={encoded}" if equals else encoded


def _names_a_secret(name: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if not words or words[-1] in FILES or "".join(words) == "sslkey":  # which is the path of a file
        return False
    joined = "".join(words)
    return any(part in joined for part in ANYWHERE) or words[-1] in AT_THE_END or _is_a_key(words)


def _is_a_key(words: Sequence[str]) -> bool:
    """Whether these words name what opens something, such as api_key, and not what orders it, such as sort_key."""
    if words[-1] == "key":
        return len(words) == 1 or words[-2] not in ORDERING
    return words[-1].endswith("key") and words[-1].removesuffix("key") in OPENING
