"""Fitted models on disk, in skops' format: reading one runs no code of the file, and using it stays within its arrays.

skops looks at types only. So what it would call, and the sizes of arrays, are looked at before it builds anything, and
the arrays afterwards, see `pipeline.fit.bounds`.
"""

import importlib
import io
import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.errors import InputError
from pipeline.files import EXTENSIONS, changed, there, write_bytes
from pipeline.fit import bounds

Shapes: TypeAlias = Mapping[str, tuple[int, ...] | None]  # of the arrays in a file, by name
# The types in fitted models that skops doesn't trust by itself.
TRUSTED_TYPES = (
    "functools.partial",
    "imblearn.ensemble._bagging.BalancedBaggingClassifier",
    "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier",
    "imblearn.ensemble._forest.BalancedRandomForestClassifier",
    "imblearn.ensemble._weight_boosting.RUSBoostClassifier",
    "imblearn.pipeline.Pipeline",
    "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
    "numpy.dtype",
    "pipeline.fit.encoding.Numbers",
    "pipeline.fit.encoding.Whole",
    "pipeline.fit.encoding.named",
    "pipeline.fit.linear_svm.LinearSVM",
    "pipeline.tracking.scoring.Scorer",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
# What skops calls, by its own names: anything trusted that a file names, with whatever arguments the file has.
CALLED = {
    **dict.fromkeys(
        ("DictNode", "ListNode", "NdArrayNode", "SetNode", "TupleNode", "TypeNode"),
        re.compile(r"(builtins|collections|numpy)\.\w+"),
    ),
    "LossNode": re.compile(r"(sklearn\._loss\._loss|sklearn\.linear_model\._sgd_fast)\.\w+"),
    "PartialNode": re.compile(r"functools\.partial"),
    "RandomGeneratorNode": re.compile(r"numpy\.random\._generator\.Generator"),
    "RandomStateNode": re.compile(r"numpy\.random\.mtrand\.RandomState"),
    "TreeNode": re.compile(r"sklearn\.tree\._tree\.Tree"),
}
PLAIN = ("DTypeNode", "FunctionNode", "JsonNode", "ObjectNode", "SliceNode")  # where it calls nothing with arguments
CHECKED = "sklearn.utils.validation.check_array"  # histogram gradient boosting calls it for features beside categories
# scikit-learn's packages whose compiled code `bounds` covers, or that have none for new rows.
COVERED = re.compile(
    r"sklearn\.(_loss|calibration|compose|decomposition\._pca|discriminant_analysis|dummy|ensemble|feature_selection"
    r"|frozen|gaussian_process|impute|isotonic|kernel_approximation|linear_model|model_selection|multiclass"
    r"|multioutput|naive_bayes|neighbors|neural_network|pipeline|preprocessing|semi_supervised|svm|tree|utils)\b"
)


def write_model(path: Path, model: Any) -> None:
    """Write a fitted estimator in skops' format, which runs no code when read, with stable bytes.

    Raises
    ------
    InputError
        `read_model` would refuse it.
    """
    import skops.io

    try:
        data = skops.io.dumps(model)
    except Exception as error:  # of skops, pickle or whatever an attribute is made of
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{type(model).__name__} can't be stored, because skops can't write one of its attributes ({reason}). A "
            "class of your own should keep numbers, text, lists and numpy's arrays."
        ) from None
    unknown, _ = _types(data)
    if found := unknown or _strange(data) or bounds.fault(model):
        brute = "Set model.algorithm=brute, or choose" if "KDTree" in found or "BallTree" in found else "Choose"
        name = type(model).__name__
        raise InputError(f"{name} can't be stored safely, because it contains {found}. {brute} another model.")
    write_bytes(path, _canonical(data))


def read_model(path: Path) -> Any:
    """A fitted estimator that `write_model` has written.

    Raises
    ------
    InputError
        There is no such file; or it was changed: it can't be read, has a type that neither skops trusts nor
        `TRUSTED_TYPES` lists and that isn't of extensions/, or using it could end the process.
    """
    data = there(path).read_bytes()
    try:
        found, model = _opened(data)
    except Exception as error:  # of zip files, JSON, numpy, skops or scikit-learn: whatever a changed byte leads to
        raise changed(path, error) from None
    if found:
        raise InputError(f"{path}: not loaded, because it contains {found}. Run `dvc repro --force`.")
    return model


def _opened(data: bytes) -> tuple[str | None, Any]:
    """What a file contains that keeps its model from being used, or None; and the model."""
    import skops.io

    if found := _strange(data):
        return found, None
    unknown, own = _types(data)
    if unknown:
        return f"{unknown}, which isn't trusted", None
    model = skops.io.loads(data, trusted=[*TRUSTED_TYPES, *own])
    return bounds.fault(model), model


def own_types(archive: bytes) -> list[str]:
    """The types in a skops archive that are of this project's extensions/."""
    return _types(archive)[1]


def _types(archive: bytes) -> tuple[str, list[str]]:
    """The types in a skops archive that aren't trusted, as text, and those of this project's extensions/."""
    import skops.io

    untrusted = [name for name in skops.io.get_untrusted_types(data=archive) if name not in TRUSTED_TYPES]
    own = [name for name in untrusted if name.startswith(f"{EXTENSIONS}.") and _defined(name)]
    return ", ".join(sorted(set(untrusted) - set(own))), own


def _defined(name: str) -> bool:
    """Whether an extension defines this class or function: it also has names of others that it imports."""
    module, _, own = name.rpartition(".")
    return str(getattr(importlib.import_module(module), own).__module__).startswith(f"{EXTENSIONS}.")


def _strange(archive: bytes) -> str | None:
    """What a skops archive contains that no model of this project needs, before anything of it is built; or None."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        members = source.infolist()
        # Neither compressed nor on top of each other, so that a model takes about as much memory as its file.
        if any(each.compress_type != zipfile.ZIP_STORED for each in members):
            return "compressed data"
        if sum(each.file_size for each in members) > len(archive):
            return "more data than the file has"
        schema = json.loads(source.read("schema.json"))
        shapes = {each.filename: _shape(source.read(each)) for each in members if each.filename.endswith(".npy")}
    if wrong := [name for name, shape in shapes.items() if shape is None]:
        return f"an array, {wrong[0]}, of another size than it states"
    if schema["protocol"] != _protocol():
        return "a model in another version of skops' format"
    nodes = list(_nodes(schema))
    times = Counter(node["__id__"] for node in nodes)
    texts: dict[Any, dict[str, Any]] = {}
    for node in nodes:
        described = {key: value for key, value in node.items() if isinstance(value, str)}
        if texts.setdefault(node["__id__"], described) != described:  # skops would take the first for both
            return "two objects in place of one"
        if found := _misused(node, shapes, times):
            return found
    return None


def _protocol() -> int:
    """The version of its format that skops writes; it reads older ones with other code."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(None))) as source:
        return int(json.loads(source.read("schema.json"))["protocol"])


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """The description of each object in a skops archive."""
    ahead = [schema]
    while ahead:
        each = ahead.pop()
        if isinstance(each, dict):
            if "__loader__" in each:
                yield each
            ahead += each.values()
        elif isinstance(each, list):
            ahead += each


def _misused(node: dict[str, Any], shapes: Shapes, times: Mapping[Any, int]) -> str | None:
    """What is wrong with the description of an object; or None."""
    loader, name = node["__loader__"], f"{node['__module__']}.{node['__class__']}"
    if loader not in (*CALLED, *PLAIN) or (loader in CALLED and not CALLED[loader].fullmatch(name)):
        return f"{loader} of {name}"
    if loader == "ObjectNode" and name.startswith("sklearn.") and not COVERED.match(name):
        return f"{name}, whose use isn't known to be safe"
    if loader == "NdArrayNode" and node["type"] == "numpy" and node["file"] not in shapes:
        return "an array in another format than numpy's"
    if loader == "PartialNode":
        function = node["content"]["func"]
        return None if f"{function['__module__']}.{function['__class__']}" == CHECKED else "a call of a function"
    if loader in ("LossNode", "TreeNode") and times[node["content"]["__id__"]] > 1:  # skops would take the first
        return f"a {name} in place of another"
    if loader == "LossNode" and node["content"]["content"]:
        return f"a {name} with a state"
    if loader == "TreeNode" and not _shaped(node, shapes, times):
        return "a tree whose arrays don't fit together"
    return None


def _shaped(tree: dict[str, Any], shapes: Shapes, times: Mapping[Any, int]) -> bool:
    """Whether the arrays of a decision tree have the numbers of dimensions that scikit-learn takes for granted."""
    arguments, state = tree["__reduce__"]["args"], tree["content"]["content"]
    _, classes, outputs = arguments["content"]
    arrays = classes, state["nodes"], state["values"]
    if times[arguments["__id__"]] > 1 or any(each["__class__"] != "ndarray" or "file" not in each for each in arrays):
        return False
    outputs = json.loads(outputs["content"])
    classes, nodes, values = (shapes[each["file"]] or () for each in arrays)
    return classes == (outputs,) and len(nodes) == 1 and len(values) == 3 and values[:2] == (nodes[0], outputs)


def _shape(data: bytes) -> tuple[int, ...] | None:
    """The shape of an array in numpy's format; None if it is of another size than it states."""
    from numpy.lib import format as layout

    buffer = io.BytesIO(data)
    version = layout.read_magic(buffer)
    read = layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0
    shape, _, dtype = read(buffer)
    count = math.prod(shape)
    fits = (dtype.itemsize > 0 or not count) and buffer.tell() + count * dtype.itemsize == len(data)
    return tuple(shape) if fits else None


def _canonical(archive: bytes) -> bytes:
    """The same skops archive with counters for its memory addresses and a constant for its times."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = source.read("schema.json").decode()
        numbers: dict[str, str] = {}
        for address in re.findall(r'"__id__": (\d+)|"(\d+)\.npy"', schema):
            numbers.setdefault(address[0] or address[1], str(len(numbers)))
        schema = re.sub(r'(?<="__id__": )\d+', lambda m: numbers[m[0]], schema)
        schema = re.sub(r'(?<=")\d+(?=\.npy")', lambda m: numbers[m[0]], schema)
        members = {"schema.json": schema.encode()}
        for name in source.namelist():
            if name != "schema.json":
                stem, dot, ending = name.partition(".")
                members[numbers.get(stem, stem) + dot + ending] = source.read(name)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as canonical:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, on every system
            canonical.writestr(info, members[name])
    return target.getvalue()
