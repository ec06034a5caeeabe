import ast
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, NotAPartition
from core.params import load_params
from core.partition import last_day, range_key
from core.schema import ASSETS
from core.settings import Settings
from pipelines import simulated_day
from pipelines.context import Context
from pipelines.simulated_day import city_of, simulate, whole_key
from tests.small_city import MESSAGES, POLICIES, ROOT, SMALL


@pytest.fixture
def ctx(tmp_path):
    over = {**SMALL, "simulator.history_days": 6, "simulator.days": 2}
    return Context(Settings(home=tmp_path), load_params(ROOT / "params.yaml", overrides=over))


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.parquet"))}


def test_the_whole_city_is_delivered_once(ctx):
    rows = simulate(whole_key(ctx), ctx, POLICIES, MESSAGES)
    assert set(rows) == set(ASSETS)
    last = ctx.params.simulator.last_day
    assert set(ctx.landing.assets(last)) == set(ASSETS)
    assert ctx.landing.assets(last - timedelta(days=5)) == [
        "driver_days",
        "market_hours",
        "rider_days",
    ]
    assert len(ctx.landing.days("driver_days")) == 6
    assert (
        sum(ctx.landing.read(d, "orders").num_rows for d in ctx.landing.days("orders"))
        == (rows["orders"])
    )
    before = files(ctx.landing.root)
    assert simulate(whole_key(ctx), ctx, POLICIES, MESSAGES) == {}
    assert files(ctx.landing.root) == before


def test_days_delivered_one_by_one_backwards_are_the_same_files(ctx, tmp_path):
    simulate(whole_key(ctx), ctx, POLICIES, MESSAGES)
    other = Context(Settings(home=tmp_path / "other"), ctx.params)
    last = ctx.params.simulator.last_day
    for k in range(6):
        simulate(str(last - timedelta(days=k)), other, POLICIES, MESSAGES)
    assert files(other.landing.root) == files(ctx.landing.root)


def test_a_killed_delivery_leaves_no_partial_day_and_runs_again(ctx, monkeypatch):
    last = str(ctx.params.simulator.last_day)
    real, written = simulated_day.conform, []

    def dies(table, asset):
        written.append(asset.name)
        if len(written) == 4:
            raise KeyboardInterrupt
        return real(table, asset)

    monkeypatch.setattr(simulated_day, "conform", dies)
    with pytest.raises(KeyboardInterrupt):
        simulate(last, ctx, POLICIES, MESSAGES)
    assert not ctx.landing.root.exists()
    monkeypatch.undo()
    simulate(last, ctx, POLICIES, MESSAGES)
    assert set(ctx.landing.assets(last)) == set(ASSETS)


def test_keys_that_mean_nothing_are_refused(ctx):
    with pytest.raises(NotAPartition):
        simulate("yesterday", ctx, POLICIES, MESSAGES)
    before = city_of(ctx, MESSAGES).first_day - timedelta(days=1)
    with pytest.raises(BadInput, match="history"):
        simulate(range_key(before, last_day(whole_key(ctx))), ctx, POLICIES, MESSAGES)
    assert not ctx.landing.root.exists()


def test_days_of_another_city_are_not_put_beside_the_first(ctx):
    last = str(ctx.params.simulator.last_day)
    simulate(last, ctx, POLICIES, MESSAGES)
    over = {**SMALL, "simulator.history_days": 6, "simulator.days": 2, "simulator.seed": 99}
    other = Context(ctx.settings, load_params(ROOT / "params.yaml", overrides=over))
    with pytest.raises(BadInput, match=r"delivered with seed \d+ \(now 99\)"):
        simulate(last, other, POLICIES, MESSAGES)
    longer = Context(
        ctx.settings,
        load_params(ROOT / "params.yaml", overrides={**SMALL, "simulator.history_days": 7}),
    )
    assert simulate(last, longer, POLICIES, MESSAGES) == {}


def test_the_truth_lies_outside_landing_and_lake(ctx):
    last = ctx.params.simulator.last_day
    simulate(str(last), ctx, POLICIES, MESSAGES)
    truth = ctx.home / "truth" / str(last)
    assert {p.stem for p in truth.glob("*.parquet")} == {
        "conversations", "dirt", "drivers", "intensity", "leakage", "quotes",
    }  # fmt: skip
    assert pq.read_table(truth / "leakage.parquet").num_rows > 0
    assert not list(ctx.landing.root.rglob("*truth*"))
    assert not ctx.lake.root.exists()


def literals_and_imports(path: Path) -> set[str]:
    """Every string that is not a docstring, and every imported module, of a source file."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            found.add(node.value)
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


READERS = [
    path
    for room in ("pipelines", "features", "models", "engines", "serving", "expectations")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.name not in {"simulated_day.py", "city_policies.py"}
]


@pytest.mark.parametrize("path", READERS, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_but_the_city_knows_where_the_truth_lies(path):
    words = literals_and_imports(path)
    assert len(words) > 0 or path.name == "__init__.py"
    assert not {w for w in words if w == "truth" or "truth/" in w or w.endswith("/truth")}
    assert not {w for w in words if w.startswith("simulator.")}
