"""Typed settings: every key has a type and a range. There are no defaults in code."""

from pipeline.config.groups import (
    OBJECTIVES,
    REPLACE,
    Audit,
    Compare,
    Evaluate,
    Plan,
    Preprocess,
    Split,
    Tracking,
    Variant,
)
from pipeline.config.params import (
    RESERVED_NAMES,
    UNRELATED,
    Config,
    Kind,
    asked,
    candidates,
    check,
    checked,
    load,
    model_of,
    read,
    variant,
)
from pipeline.config.table import SIMULATED_TARGET, SQL, Data, OpenML, Simulation
from pipeline.config.values import Settings
from pipeline.files import PARAMS

__all__ = [
    "OBJECTIVES",
    "PARAMS",
    "REPLACE",
    "RESERVED_NAMES",
    "SIMULATED_TARGET",
    "SQL",
    "UNRELATED",
    "Audit",
    "Compare",
    "Config",
    "Data",
    "Evaluate",
    "Kind",
    "OpenML",
    "Plan",
    "Preprocess",
    "Settings",
    "Simulation",
    "Split",
    "Tracking",
    "Variant",
    "asked",
    "candidates",
    "check",
    "checked",
    "load",
    "model_of",
    "read",
    "variant",
]
