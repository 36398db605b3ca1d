"""Counts a column's values for the bars on the inspect page."""

import numpy as np
import pandas as pd

from pipeline.table import columns

BARS = 20


def bars(typed: pd.Series, rarest: np.ndarray) -> list[tuple[str, int, int]]:
    """Bars of a histogram: label, count, and count of the rarest class; numbers beyond 1 and 99 % stand at the ends."""
    there = typed.notna().to_numpy()
    cells, rarest = typed[there], rarest[there]
    if cells.empty:
        return []
    if columns.kind(cells) in ("numeric", "integer", "date"):
        dates = columns.kind(cells) == "date"
        numbers = (cells.astype("datetime64[s]").astype("int64") if dates else cells).to_numpy(dtype="float64")
        within = np.abs(numbers) <= columns.LARGEST
        numbers, rarest = numbers[within], rarest[within]
        if not len(numbers):
            return []
        low, high = np.quantile(numbers, [0.01, 0.99], method="nearest")
        low, high = (low, high) if low < high else (numbers.min(), numbers.max())
        edges = np.linspace(low, high, BARS + 1) if low < high else np.array([low, high])
        places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
        counts, few = (np.bincount(p, minlength=len(edges) - 1) for p in (places, places[rarest]))
        shown = [str(np.datetime64(int(edge), "s"))[:10] if dates else f"{edge:g}" for edge in edges]
        return [
            (f"{a} to {b}", int(all_), int(some))
            for a, b, all_, some in zip(shown, shown[1:], counts, few, strict=False)
        ]
    ordered = columns.kind(cells) == "ordinal"
    levels = cells.astype(str)
    names = list(cells.cat.categories) if ordered else list(levels.value_counts().index)
    kept = names[: BARS - 1] if len(names) > BARS else names
    shown_levels = levels.where(levels.isin(kept), "")
    bars = [(str(n), int((levels == n).sum()), int((levels[rarest] == n).sum())) for n in kept]
    if len(kept) < len(names):
        other = shown_levels == ""
        bars.append((f"{len(names) - len(kept):,} others", int(other.sum()), int(other[rarest].sum())))
    return bars
