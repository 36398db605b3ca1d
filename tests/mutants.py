"""Changed model files. As a program: reads each and predicts with it, and prints how many were tried and what became of
them; a file that crashes the process ends it.

    python -m mutants FOLDER ROWS NUMBER
"""

import io
import re
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

# Whole numbers and floats next to limits, and far outside all arrays.
WHOLE = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 7, 255, 10_000_000, 2**31 - 1, 2**32 - 1, 2**62)
FLOATS = (float("nan"), float("inf"), -float("inf"), -0.0, 1e300, 0.5)


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def zipped(members):
    """An archive with right checksums."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def flipped(members, rng):
    """Other bits in an array."""
    name = str(rng.choice([name for name in members if name != "schema.json"]))
    content = bytearray(members[name])
    for place in rng.integers(len(content), size=rng.integers(1, 9)):
        content[place] ^= 1 << rng.integers(8)
    return {**members, name: bytes(content)}


def replaced(members, rng):
    """Another number in an array, behind its header."""
    name = str(rng.choice([name for name in members if name != "schema.json"]))
    content = members[name]
    if len(content) < 136:
        return flipped(members, rng)
    place = 128 + rng.integers((len(content) - 128) // 4) * 4
    size = int(rng.choice([4, 8]))
    if rng.random() < 0.7:
        number = int(rng.choice(WHOLE)).to_bytes(8, "little", signed=True)[:size]
    else:
        number = np.array(rng.choice(FLOATS), dtype=f"f{size}").tobytes()
    return {**members, name: (content[:place] + number + content[place + size :])[: len(content)]}


def renumbered(members, rng):
    """Other numbers in the description of the objects."""
    schema = members["schema.json"].decode()
    for _ in range(rng.integers(1, 4)):
        found = list(re.finditer(r"\d+", schema))
        at = found[rng.integers(len(found))]
        other = str(rng.choice(WHOLE)) if rng.random() < 0.5 else found[rng.integers(len(found))][0]
        schema = schema[: at.start()] + other + schema[at.end() :]
    return {**members, "schema.json": schema.encode()}


def renamed(members, rng):
    """A text in the description of the objects in place of another."""
    schema = members["schema.json"].decode()
    found = list(re.finditer(r'(?<=: )"[^"]*"(?=[,}])', schema))
    at, other = (found[place] for place in rng.integers(len(found), size=2))
    return {**members, "schema.json": (schema[: at.start()] + other[0] + schema[at.end() :]).encode()}


def truncated(members, rng):
    name = str(rng.choice(list(members)))
    return {**members, name: members[name][: rng.integers(len(members[name]))]}


def swapped(members, rng):
    """Two arrays, each in the other's place."""
    one, two = rng.choice([name for name in members if name != "schema.json"], size=2).tolist()
    return {**members, one: members[two], two: members[one]}


CHANGES = (flipped, replaced, replaced, replaced, renumbered, renumbered, renamed, truncated, swapped)


def mutants(folder, number):
    """Archives made of those in a folder."""
    originals = [members_of(path.read_bytes()) for path in sorted(Path(folder).glob("*.skops"))]
    for seed in range(number):
        rng = np.random.default_rng(seed)
        members = originals[seed % len(originals)]
        yield zipped(CHANGES[rng.integers(len(CHANGES))](members, rng))


def outcome(path, rows):
    """What becomes of a file: `refused`, `raised` an error on new rows, or `predicted`."""
    from pipeline.errors import InputError
    from pipeline.fit.stored import read_model

    try:
        model = read_model(path)
    except InputError:
        return "refused"
    try:
        for use in ("predict_proba", "predict", "decision_function"):
            if hasattr(model, use):
                getattr(model, use)(rows)
    except Exception:
        return "raised"
    return "predicted"


def main(folder, rows, number):
    warnings.simplefilter("ignore")
    path, counts, table = Path(folder, "mutant"), Counter(), np.load(rows)
    for data in mutants(folder, int(number)):
        path.write_bytes(data)
        counts[outcome(path, table)] += 1
    kinds = ("refused", "raised", "predicted")
    sys.stdout.write("\n" + " ".join(str(each) for each in (counts.total(), *(counts[kind] for kind in kinds))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
