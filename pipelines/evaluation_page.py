"""The page a reviewer opens: what serves, what was proposed, the figures, the verdict."""

import os
from pathlib import Path
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ r.product }} release, {{ r.key }}</title>
<style>
 body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
 table{border-collapse:collapse;width:100%;margin:1rem 0} th,td{padding:.4rem .6rem;text-align:left;
 border-bottom:1px solid #ddd;vertical-align:top} .promote,.keep{color:#0a6b2d} .refuse{color:#a11}
 .close{color:#8a5a00} td.n{font-variant-numeric:tabular-nums} code{font-size:.85em}
</style>
<h1>{{ r.product }} release: <span class="{{ r.verdict }}">{{ r.verdict }}</span></h1>
<p>Partition {{ r.key }}. Served before: <code>{{ r.serving or "nothing" }}</code>; serves now:
<code>{{ r.release or "nothing" }}</code>. Decided by {{ r.decided_by }}.</p>
<table><tr><th>model</th><th>challenger</th><th>champion</th><th>outcome</th><th>why</th>
<th>gain in loss (interval)</th><th>metrics: challenger / champion</th></tr>
{% for m in r.models %}<tr><td>{{ m.model }}</td><td>{{ m.version }}</td>
<td>{{ m.champion or "none" }}</td>
<td class="{{ r.outcome[m.model] }}">{{ r.outcome[m.model] }}</td><td>{{ m.why }}</td>
<td class="n">{% if m.gain_low is not none %}{{ "%.5f"|format(m.gain_low) }} to
{{ "%.5f"|format(m.gain_high) }}{% else %}first of its kind{% endif %}</td>
<td class="n">{% for name, value in (m.challenger_metrics or {}).items() %}{{ name }}:
{{ value | figure }} / {{ m.champion_metrics[name] | figure }}<br>{% endfor %}</td></tr>
{% else %}<tr><td colspan="7">No model was trained since the last verdict.</td></tr>{% endfor %}
</table>
{% if r.missing %}<p>This product serves whole or not at all, and {{ r.missing | join(", ") }} is
not there: the others wait and are judged again with it.</p>{% endif %}
<h2>What the release binds together</h2>
<table><tr><th>model</th><th>version</th><th>files (SHA-256)</th></tr>
{% for name, m in members.items() %}<tr><td>{{ name }}</td><td>{{ m.version }}</td>
<td>{% for file, sha in m.files.items() %}{{ file }} <code>{{ sha[:16] }}</code><br>
{% endfor %}</td>
</tr>{% endfor %}</table></html>
"""


def write(reports: Path, result: dict[str, Any], members: dict[str, Any]) -> Path:
    """Write ``evaluate/<product>-<key>.html`` under the reports folder; whole or not at all.

    A run that judged nothing leaves the page of the one that did.
    """
    from jinja2 import Environment

    target = reports / "evaluate" / f"{result['product']}-{result['key']}.html"
    if not result["models"] and target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    pages = Environment(autoescape=True)
    pages.filters["figure"] = lambda value: "none" if value is None else f"{value:.4f}"
    html = pages.from_string(PAGE).render(r=result, members=members)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.write_text(html)
    partial.replace(target)
    return target
