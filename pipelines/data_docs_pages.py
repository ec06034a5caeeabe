"""Data Docs pages that need no network: nothing is fetched, nothing is told to anybody.

Great Expectations renders pages that load scripts, styles and a counted picture from servers
elsewhere, and whose index is empty without them. The rendered results stay; those parts go, a
small style sheet takes their place, and the index is a plain table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

INDEX = "index.html"
MARK = "<!-- local page -->"
OUTSIDE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*href=\"https?://[^>]*>|<img\b[^>]*src=\"https?://[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2433; background: #f6f7f9; margin: 0 2rem }
a { color: #1a56b0; text-decoration: none } a:hover { text-decoration: underline }
.navbar, .btn, .modal, .input-group, i[class^=fa] { display: none }
.card .navbar { display: block }
.container-fluid > .row { display: flex; gap: 2rem; align-items: flex-start }
.col-lg-2 { flex: 0 0 14rem; position: sticky; top: 1rem; font-size: 13px }
.col-lg-2 ul { list-style: none; padding: 0; margin: 0 } .col-lg-10 { flex: 1; min-width: 0 }
.card, .alert, .ge-section { background: #fff; border: 1px solid #dfe3ea; border-radius: 6px;
  padding: .6rem 1rem; margin: .8rem 0 }
.ge-section .alert { border: 0; padding: 0; font-size: 17px }
table { border-collapse: collapse; width: 100%; background: #fff; margin: .5rem 0 }
th, td { border: 1px solid #dfe3ea; padding: .35rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere } th { background: #eef1f6 }
.badge { background: #eef1f6; border-radius: 4px; padding: 0 .3rem; font-family: monospace }
.broken { color: #a32020; font-weight: 600 } .fine { color: #1c6b34 }
</style>"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one asset's sample gave, and its page, relative to the site."""

    asset: str
    page: str
    rows: int
    expectations: int
    met: int


def make_local(site: Path) -> None:
    """Rid every newly rendered page of what it would fetch, and give it our style."""
    for page in site.rglob("*.html"):
        text = page.read_text()
        if MARK not in text:
            text = OUTSIDE.sub("", text).replace("</head>", f"{STYLE}{MARK}</head>", 1)
            page.write_text(text)


def write_index(site: Path, day: str, verdicts: Sequence[Verdict]) -> Path:
    """The first page: every asset of the day, and the pages of all days before."""
    rows = "\n".join(_row(verdict) for verdict in verdicts)
    earlier = "\n".join(
        f'<li><a href="{escape(page)}">{escape(page.split("/")[1])}, '
        f"{escape(page.split('/')[2])}</a></li>"
        for page in sorted(_pages(site), reverse=True)
        if page.split("/")[2] != day
    )
    target = site / INDEX
    target.write_text(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>
{STYLE}{MARK}</head><body><h1>Data Docs: deliveries of {escape(day)}</h1>
<p>Great Expectations looked at a sample of each delivery as it came. The gate judges every row by
the same suites and moves the broken ones to quarantine.</p>
<table><tr><th>asset</th><th>expectations met</th><th>rows seen</th><th>pages</th></tr>
{rows}</table>
<h2>Other days</h2><ul>{earlier or "<li>none yet</li>"}</ul></body></html>
"""
    )
    return target


def _row(verdict: Verdict) -> str:
    kind = "fine" if verdict.met == verdict.expectations else "broken"
    asset = escape(verdict.asset)
    return (
        f'<tr><td>{asset}</td><td class="{kind}">{verdict.met} of {verdict.expectations}</td>'
        f"<td>{verdict.rows:,}</td>"
        f'<td><a href="{escape(verdict.page)}">what came</a> · '
        f'<a href="expectations/{asset}.html">what was expected</a></td></tr>'
    )


def _pages(site: Path) -> list[str]:
    """Pages of validations: validations/<asset>/<day>/<time>/<batch>.html."""
    return [str(p.relative_to(site)) for p in site.glob("validations/*/*/*/*.html")]
