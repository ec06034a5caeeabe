import os
import re
from pathlib import Path

import pytest

from core.errors import PartitionMissing
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.data_docs import publish
from tests.gate_rows import table

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"<(?:script|link|img)\b[^>]*https?://")


@pytest.fixture
def ctx(tmp_path):
    made = Context(Settings(home=tmp_path), load_params(ROOT / "params.yaml"))
    made.landing.write("2026-11-21", "trips", table("trips", {}, {"gross_fare": -7}))
    return made


def test_the_pages_show_what_was_expected_and_what_came(ctx):
    result = publish("2026-11-20..2026-11-21", ctx)
    assert result["assets"] == {"trips": {"rows": 2, "expectations": 31, "met": 30}}
    index = Path(result["index"])
    assert index == ctx.home / "data_docs" / "index.html"
    assert "30 of 31" in index.read_text()
    links = re.findall(r'href="([^"]+\.html)"', index.read_text())
    assert len(links) == 2
    came, expected = (index.parent / link for link in links)
    assert "-7" in came.read_text()
    assert "gross_fare" in expected.read_text()
    assert not any(OUTSIDE.search(p.read_text()) for p in index.parent.rglob("*.html"))
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def test_another_day_is_added_and_the_same_day_replaced(ctx):
    first = publish("2026-11-21", ctx)
    assert publish("2026-11-21", ctx) == first
    pages = list(Path(first["index"]).parent.glob("validations/*/*/*/*.html"))
    assert len(pages) == 1
    ctx.landing.write("2026-11-22", "trips", table("trips", {}))
    index = Path(publish("2026-11-22", ctx)["index"]).read_text()
    assert "31 of 31" in index
    assert "trips, 2026-11-21" in index


def test_pages_are_made_again_only_when_rows_rules_or_pages_changed(ctx):
    index = Path(publish("2026-11-21", ctx)["index"])
    (page,) = index.parent.glob("validations/*/*/*/*.html")
    first = page.stat().st_mtime_ns
    publish("2026-11-21", ctx)
    assert page.stat().st_mtime_ns == first
    index.unlink()
    publish("2026-11-21", ctx)
    assert page.stat().st_mtime_ns > first
    (ctx.landing.path("2026-11-21", "trips")).unlink()
    ctx.landing.write("2026-11-21", "trips", table("trips", {}))
    assert publish("2026-11-21", ctx)["assets"]["trips"]["met"] == 31


def test_nothing_delivered_means_nothing_to_show(tmp_path):
    ctx = Context(Settings(home=tmp_path), load_params(ROOT / "params.yaml"))
    with pytest.raises(PartitionMissing, match="expected deliveries up to 2026-11-21"):
        publish("2026-11-21", ctx)
