"""Renders a comparison, a summary of many runs, or an inspected table as one self-contained page."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.formatting import arguments, digits, number, signed, steps_of, threshold
from pipeline.judge import costs, synthetic
from pipeline.judge.headline import bounds
from pipeline.judge.primary import is_loss, tuned_words
from pipeline.judge.sentences import guaranteed
from pipeline.judge.verdict import FORMS
from pipeline.measure.metrics import BEST
from pipeline.measure.tasks import task_of
from pipeline.report import answer, pairs
from pipeline.report.captions import CAPTIONS, RUNS
from pipeline.report.figures.draw import judged
from pipeline.table import weights
from pipeline.table.split import tested

DOTS = 100  # dots per inch of a picture at its own size; it is drawn finer, for screens that can show it
DRAWN = 160
# How good probabilities are as such: key in metrics.json, title, decimals.
MEASURES = (
    ("calibration_ratio", "calibration ratio", 2),
    ("slope", "slope", 2),
    ("log_loss", "log loss", 4),
    ("brier", "Brier score", 4),
)


def render(
    comparison: dict[str, Any],
    figures: dict[str, bytes],
    *,
    command: str,
    evidence: str | None,
    decided: dict[str, dict[str, Any]] | None = None,
) -> str:
    """The page of a comparison as HTML, which loads nothing from elsewhere.

    Parameters
    ----------
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    figures
        PNG bytes, by the names in `CAPTIONS`; others are left out.
    command
        That makes the page.
    evidence
        What `pipeline.report.embedded.pack` gives, for `rebalance verify`; None where it is too large.
    decided
        What `pipeline.report.explorer.explorer` gives; None leaves out the slider.
    """
    headline, explained = answer.parted(comparison["verdict"]["sentence"])
    task, first = task_of(comparison["table"]), comparison["variants"][0]
    models = pairs.decided(comparison)
    raw, tuning = first["probabilities"]["raw"], first["model"]["tuning"]
    words = {**task.points, "rows": tested(comparison["declared"]["split"]["test_size"])}
    texts = {name: [text.format(**words) for text in each] for name, each in CAPTIONS.items()}
    return _page(
        "report.html",
        **comparison,
        task=task,
        pairs=pairs.table(models) if models else None,
        tuned_by=tuned_words(tuning, comparison["declared"], task) if tuning else None,
        headline=headline,
        explained=explained,
        guaranteed=guaranteed({v["variant"]: v for v in comparison["variants"]}),
        near={v["variant"]: found for v in comparison["variants"] if (found := v["near_others"])},
        leaders=answer.leaders(comparison),
        gains=pairs.gains(models) if models else answer.gains(comparison["verdict"]),
        coefficients=answer.coefficients(comparison),
        explorer=decided,
        tested=tested(comparison["declared"]["split"]["test_size"]),
        cost=_cost(comparison),
        pictures={name: _picture(figures[name], *texts[name]) for name in CAPTIONS if name in figures},
        holdouts=judged(comparison),
        best=BEST,
        shown={of: [metric for metric in task.metrics(of) if metric.shown] for of in ("decisions", "probabilities")},
        forms={
            key: name for key, name in FORMS.items() if any(v["probabilities"][key] for v in comparison["variants"])
        },
        measures=[measure for measure in MEASURES if not isinstance(raw.get(measure[0], {}), dict)],  # else by class
        weighted=weights.sentence(comparison["table"]),
        sampled="negatives" in comparison["table"],
        command=command,
        # The evidence is JSON without "<".
        evidence=None if evidence is None else Markup(evidence),
        seal=None if evidence is None else hashlib.sha256(evidence.encode()).hexdigest(),
    )


def _cost(comparison: dict[str, Any]) -> str:
    """What a false negative costs where the slider starts, in false positives: as declared, or as balancing implies."""
    declared = comparison["declared"]
    if declared["objective"] == "expected_cost":
        return f"{declared['false_negative_cost'] / declared['false_positive_cost']:.3g}"
    positives = float(weights.training(comparison["split"])[1])
    return f"{costs.implied_cost_ratio(trained=costs.balanced(comparison['table']), true=positives):.2g}"


def render_summary(summary: dict[str, Any], figures: dict[str, bytes]) -> str:
    """The page of a sweep over several tables, splits or seeds, in the same way.

    Parameters
    ----------
    summary
        As `pipeline.sweep.summary.summarize` returns it.
    figures
        PNG bytes by the name of the table.
    """
    text, caption = RUNS
    pictures = {name: _picture(data, text.format(name), caption) for name, data in figures.items()}
    return _page("summary.html", **summary, pictures=pictures)


def render_models(shown: dict[str, Any]) -> str:
    """The page of several models, in the same way; `shown` is what `pipeline.report.models.pages` gives."""
    return _page("models.html", **shown)


def render_inspection(found: dict[str, Any]) -> str:
    """The page of an inspected table, in the same way; `found` is what `inspect_text.page` gives."""
    return _page("inspect.html", **found)


def _page(template: str, **content: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _typeset(number)
    environment.filters["signed"] = _typeset(signed)
    environment.filters["threshold"] = _typeset(threshold)
    environment.filters["plain"] = _typeset(_plain)
    environment.filters["arguments"] = arguments
    environment.filters["steps_of"] = steps_of
    environment.filters["prose"] = _typeset(str)
    environment.filters["digits"] = digits
    environment.filters["bounds"] = bounds
    environment.filters["breakable"] = lambda name: Markup("_<wbr>").join(name.split("_"))
    environment.filters["near_sentence"] = lambda found, name: synthetic.sentence(name, found)
    environment.filters["shown"] = weights.shown
    environment.tests["loss"] = is_loss
    return environment.get_template(template).render(**content)


def _picture(data: bytes, text: str, caption: str) -> dict[str, Any]:
    """A PNG within the page, with its size in CSS pixels, so that letters have the same size in all of them."""
    width, height = (round(int.from_bytes(data[at : at + 4]) * DOTS / DRAWN) for at in (16, 20))
    source = f"data:image/png;base64,{b64encode(data).decode()}"
    return {"source": source, "width": width, "height": height, "text": text, "caption": caption}


def _typeset(write: Callable[..., str]) -> Callable[..., str]:
    """The same text, with a minus sign before negative numbers."""
    return lambda *given: re.sub(r"(?<![\w.-])-(?=\d)", "\N{MINUS SIGN}", write(*given))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
