"""Types of settings, each with its description in errors."""

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

EXPECTED, CONFLICTS = "expected", "conflicts"  # types of this project's own errors among pydantic's


class Conflict(NamedTuple):
    """A value that its type allows and its meaning doesn't.

    Attributes
    ----------
    key
        Below the model that finds it; empty for the model itself.
    expected
        In words.
    found
        The value.
    advice
        What to do; empty where `expected` shows it.
    """

    key: str
    expected: str
    found: Any
    advice: str = ""


def refuse(conflicts: Iterable[Conflict]) -> None:
    """Raise pydantic's error for a validator that finds conflicts; `pipeline.config.refusals` words it."""
    if found := list(conflicts):
        raise PydanticCustomError(CONFLICTS, "settings conflict", {CONFLICTS: found})


class Settings(BaseModel):
    """A group of settings: every key is known, and none changes once it's checked.

    Types are as strict as Hydra's: text that reads as a number is one and a number is text where text is expected,
    but true and false aren't numbers, and 1.0 isn't a whole number.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False, regex_engine="python-re"
    )

    def conflicts(self) -> Iterator[Conflict]:
        """Values that don't go together."""
        yield from ()

    @model_validator(mode="after")
    def _refuse_conflicts(self) -> Self:
        refuse(self.conflicts())
        return self


def expected(words: str) -> WrapValidator:
    """For an annotation: what an error says instead of pydantic's own reason."""

    def check(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError(EXPECTED, "{words}", {"words": words}) from None

    return WrapValidator(check)


def one_of(names: Collection[str], *, also: str = "", why: str = "") -> AfterValidator:
    """For an annotation: one of these names, or None; errors add `also` to the list and `why` at its end."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in names:
            listed = f"one of {', '.join(names)}" if len(names) > 1 else next(iter(names))
            raise PydanticCustomError(EXPECTED, "{words}", {"words": f"{listed}{also}{why}"})
        return value

    return AfterValidator(check)


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError(EXPECTED, "a number")
    return value


def _no_fraction(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise PydanticCustomError(EXPECTED, "a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_no_fraction)]
Number = Annotated[float, BeforeValidator(_no_flag)]
Positive = Annotated[Number, Field(gt=0), expected("a number above 0")]
Fraction = Annotated[Number, Field(gt=0, lt=1), expected("a fraction between 0 and 1")]
Share = Annotated[Number, Field(ge=0, lt=1), expected("a number from 0 to below 1")]
Seed = Annotated[Whole, Field(ge=0, lt=2**32), expected("a whole number from 0 to 4294967295")]
Node = dict[str, Any]  # a constructor call: `_target_` and arguments, which `pipeline.fit.build` checks
