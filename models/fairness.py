"""How groups of people fare under a decision, and which features give a group away.

Groups are for this report alone: they are never features. Shares come with Wilson intervals, gaps
between two groups with Newcombe's, and the AUC by which a feature tells a group with Hanley's and
McNeil's. Where a gap is of more than two groups, it is between the highest and the lowest, so that
its interval, made for two groups named beforehand, is too narrow.

Source
------
Wilson (1927), Probable inference; Newcombe (1998), Interval estimation for the difference between
independent proportions, method 10; Hanley and McNeil (1982), The meaning and use of the area under
a ROC curve; Hardt, Price and Srebro (2016), Equality of opportunity (false negatives).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import rankdata

Bools = NDArray[np.bool_]
Z = 1.96
SELECTED, MISSED = "selected", "missed"


@dataclass(frozen=True, slots=True)
class Share:
    """Hits among tries, with its 95 % interval."""

    hits: int
    tries: int

    @property
    def value(self) -> float:
        return self.hits / self.tries if self.tries else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.tries)

    def shown(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}) of {self.tries}" if self.tries else "–"


@dataclass(frozen=True, slots=True)
class Group:
    """How one group fares: who is selected, and who is missed of those who deserved it."""

    attribute: str
    value: str
    selected: Share
    missed: Share


@dataclass(frozen=True, slots=True)
class Gap:
    """Between the group with the highest share and the one with the lowest."""

    attribute: str
    measure: str
    value: float
    low: float
    high: float
    highest: str
    lowest: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """The AUC by which a feature, whichever way round, tells a group from everybody else."""

    feature: str
    attribute: str
    value: str
    auc: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """What a run keeps of it: metrics, a section of the card, a picture."""

    metrics: dict[str, float]
    markdown: str
    plots: dict[str, Figure]


def wilson(hits: int, n: int, z: float = Z) -> tuple[float, float]:
    """95 % interval of a share.

    Source
    ------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if n == 0:
        return 0.0, 1.0
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def report(
    rows: pd.DataFrame,
    chosen: Bools,
    deserved: Bools,
    attributes: Mapping[str, pd.Series],
    features: Sequence[str],
    min_rows: int,
    limit: float,
    justified: Mapping[str, str],
) -> Report:
    """Everything about one decision on ``rows``; a proxy's whole interval lies above ``limit``."""
    found = groups(chosen, deserved, attributes, min_rows)
    between = gaps(found, min_rows)
    ranked = proxies(rows, features, attributes, min_rows)
    named = [proxy for proxy in ranked if proxy.low >= limit]
    text = markdown(found, between, ranked, limit, justified)
    return Report(metrics(between, named), text, picture(found))


def groups(
    chosen: Bools, deserved: Bools, attributes: Mapping[str, pd.Series], min_rows: int
) -> list[Group]:
    """Shares of every group with at least ``min_rows`` rows, in the order of its attribute."""
    found = []
    for attribute, values in attributes.items():
        for value in sorted(values.dropna().unique()):
            mine = (values == value).to_numpy(bool)
            if mine.sum() < min_rows:
                continue
            due = mine & deserved
            selected = Share(int((chosen & mine).sum()), int(mine.sum()))
            missed = Share(int((due & ~chosen).sum()), int(due.sum()))
            found.append(Group(attribute, str(value), selected, missed))
    return found


def gaps(found: Sequence[Group], min_rows: int) -> list[Gap]:
    """The largest gap of each attribute and measure, among shares of at least ``min_rows`` rows."""
    made = []
    for attribute in dict.fromkeys(group.attribute for group in found):
        for measure in (SELECTED, MISSED):
            shares = {
                group.value: share
                for group in found
                if group.attribute == attribute and (share := getattr(group, measure))
                if share.tries >= min_rows
            }
            if len(shares) > 1:
                made.append(_gap(attribute, measure, shares))
    return made


def _gap(attribute: str, measure: str, shares: Mapping[str, Share]) -> Gap:
    highest = max(shares, key=lambda value: shares[value].value)
    lowest = min(reversed(list(shares)), key=lambda value: shares[value].value)
    a, b = shares[highest], shares[lowest]
    (a_low, a_high), (b_low, b_high) = a.interval, b.interval
    difference = a.value - b.value
    down = np.hypot(a.value - a_low, b_high - b.value)
    up = np.hypot(a_high - a.value, b.value - b_low)
    low, high = float(difference - down), float(difference + up)
    return Gap(attribute, measure, difference, low, high, highest, lowest)


def proxies(
    rows: pd.DataFrame,
    features: Sequence[str],
    attributes: Mapping[str, pd.Series],
    min_rows: int,
) -> list[Proxy]:
    """Every feature against every group of at least ``min_rows`` rows, the surest first.

    Rows on which a feature or an attribute is not known are left out.
    """
    found = []
    for attribute, values in attributes.items():
        known = values.notna().to_numpy(bool)
        for value in sorted(values.dropna().unique()):
            member = (values == value).to_numpy(bool)
            for feature in features:
                x = rows[feature].to_numpy("float64")
                use = known & ~np.isnan(x)
                if min((member & use).sum(), (~member & use).sum()) < min_rows:
                    continue
                area, low, high = _auc(x[use], member[use])
                found.append(Proxy(feature, attribute, str(value), area, low, high))
    return sorted(found, key=lambda proxy: -proxy.low)


def _auc(x: NDArray[np.float64], member: Bools) -> tuple[float, float, float]:
    """AUC of at least 0.5, whichever way round the feature is, with its 95 % interval."""
    m, n = int(member.sum()), int((~member).sum())
    area = (rankdata(x)[member].sum() - m * (m + 1) / 2) / (m * n)
    area = float(max(area, 1 - area))
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (m - 1) * (one - area**2) + (n - 1) * (two - area**2)
    half = Z * float(np.sqrt(max(variance, 0.0) / (m * n)))
    return area, area - half, min(area + half, 1.0)


def metrics(found: Sequence[Gap], named: Sequence[Proxy]) -> dict[str, float]:
    """Gaps and the number of proxies, as a run of the registry keeps them."""
    return {
        **{f"gap_{gap.measure}_{gap.attribute}": gap.value for gap in found},
        "proxies": float(len({proxy.feature for proxy in named})),
    }


def markdown(
    found: Sequence[Group],
    between: Sequence[Gap],
    strongest: Sequence[Proxy],
    limit: float,
    justified: Mapping[str, str],
) -> str:
    """The section of a model card. A proxy is a feature whose interval lies above ``limit``."""
    named = [proxy for proxy in strongest if proxy.low >= limit]
    listed = [*named, *[proxy for proxy in strongest if proxy not in named][:SHOWN]]
    lines = [
        "",
        "## Fairness",
        "Of each group: who is selected, and who was missed of those who then met the standards.",
        "Shares with 95 % intervals; the groups are not inputs of the model.",
        "",
        "| group | | selected | missed |",
        "|---|---|---|---|",
        *(
            f"| {g.attribute} | {g.value} | {g.selected.shown()} | {g.missed.shown()} |"
            for g in found
        ),
        "",
        "| gap | measure | between | difference | interval |",
        "|---|---|---|---|---|",
        *(
            f"| {g.attribute} | {g.measure} | {g.highest}, {g.lowest} | {g.value:.3f} | "
            f"{g.low:.3f} to {g.high:.3f} |"
            for g in between
        ),
        "",
        f"### Proxies: features that tell a group with an AUC above {limit}, interval included",
        f"{len(named)} of {len({proxy.feature for proxy in strongest})} features; then the next.",
        "",
        "| feature | group | | AUC | interval | |",
        "|---|---|---|---|---|---|",
        *(
            f"| {p.feature} | {p.attribute} | {p.value} | {p.auc:.3f} | {p.low:.3f} to "
            f"{p.high:.3f} | {_said(p, limit, justified)} |"
            for p in listed
        ),
    ]
    return "\n".join(lines) + "\n"


SHOWN = 5


def _said(proxy: Proxy, limit: float, justified: Mapping[str, str]) -> str:
    if proxy.low < limit:
        return "below the limit"
    return justified.get(proxy.feature, "NOT JUSTIFIED: to be removed or justified")


def picture(found: Sequence[Group]) -> dict[str, Figure]:
    """Both shares of every group with their intervals; nothing without groups."""
    if not found:
        return {}
    figure = Figure(figsize=(9, 0.32 * len(found) + 1.4), layout="constrained")
    for axes, measure, title in zip(
        figure.subplots(1, 2, sharey=True),
        (SELECTED, MISSED),
        ("selected", "missed of those who met the standards"),
        strict=True,
    ):
        _draw(axes, [getattr(group, measure) for group in found])
        axes.set(title=title, xlim=(0, 1))
        names = [f"{group.attribute}: {group.value}" for group in found]
        axes.set_yticks(range(len(found)), names)
    axes.invert_yaxis()
    return {"fairness": figure}


def _draw(axes: Any, shares: Sequence[Share]) -> None:
    """Points with their intervals, one a line; where nobody was counted there is none."""
    for place, share in enumerate(shares):
        if share.tries:
            low, high = share.interval
            axes.plot([low, high], [place, place], color="grey")
            axes.plot(share.value, place, "o", color="#1f5f8b")
