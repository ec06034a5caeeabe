"""GX suites compiled to SQL, once per source of the suite, so that a gate need not import GX."""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.errors import BadInput
from core.schema import AssetSchema
from pipelines.step import files_digest, write_json

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

Kwargs = Mapping[str, Any]
ROOT = Path(__file__).parents[1]
SHARED_SOURCES = [
    Path(__file__),
    ROOT / "expectations" / "rules.py",
    *(ROOT / "core" / name for name in ("enums.py", "intents.py", "schema.py")),
]
ONCE_IN_DAYS = "once_in_days"  # in the meta of a suite
COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation as SQL.

    ``row``: ``sql`` is TRUE for a row that breaks it. ``share``: the same, and the table is
    refused when more than ``tolerated`` of the ``counted`` rows break it. ``unique``: ``sql``
    lists the key. ``once``: the same, and no delivery of the ``days`` before has it. ``rows``: the
    table has ``low`` to ``high`` rows. ``needs`` names a list that the gate must be given; without
    it the rule rests.
    """

    name: str
    column: str
    expected: str
    kind: Literal["row", "share", "unique", "once", "rows"]
    sql: str = ""
    counted: str = "TRUE"
    tolerated: float = 0.0
    low: int | None = None
    high: int | None = None
    days: int = 0
    needs: str | None = None


def quoted(column: str) -> str:
    """A column name as SQL."""
    return '"' + column.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as SQL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value).upper()
    return repr(int(value) if value == int(value) else value)


def _bounds(x: str, kwargs: Kwargs) -> tuple[str, str]:
    """The SQL of a value outside ``min_value``..``max_value``, and the expected range in words."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    broken, expected = [], []
    if low is not None:
        strict = bool(kwargs.get("strict_min"))
        broken.append(f"{x} {'<=' if strict else '<'} {literal(low)}")
        expected.append(f"{'>' if strict else '>='} {low:g}")
    if high is not None:
        strict = bool(kwargs.get("strict_max"))
        broken.append(f"{x} {'>=' if strict else '>'} {literal(high)}")
        expected.append(f"{'<' if strict else '<='} {high:g}")
    return " OR ".join(broken), " and ".join(expected)


def _not_null(kwargs: Kwargs) -> tuple[str, str]:
    return f"{quoted(kwargs['column'])} IS NULL", "a value"


def _between(kwargs: Kwargs) -> tuple[str, str]:
    return _bounds(quoted(kwargs["column"]), kwargs)


def _length(kwargs: Kwargs) -> tuple[str, str]:
    broken, expected = _bounds(f"length({quoted(kwargs['column'])})", kwargs)
    return broken, f"a text of {expected} characters"


def _in_set(kwargs: Kwargs) -> tuple[str, str]:
    x, words = quoted(kwargs["column"]), kwargs["value_set"]
    if isinstance(words, Mapping):
        name = words["$PARAMETER"]
        return f"NOT list_contains(${name}, {x})", f"one of the {name.replace('_', ' ')}"
    some = ", ".join(map(str, words[:8])) + (", ..." if len(words) > 8 else "")
    return f"{x} NOT IN ({', '.join(map(literal, words))})", f"one of {some}"


def _regex(kwargs: Kwargs) -> tuple[str, str]:
    matching = f"regexp_matches({quoted(kwargs['column'])}, {literal(kwargs['regex'])})"
    return f"NOT {matching}", f"a text like {kwargs['regex']}"


def _pair(kwargs: Kwargs) -> tuple[str, str]:
    a, b = kwargs["column_A"], kwargs["column_B"]
    if kwargs.get("ignore_row_if") != "either_value_is_missing":
        raise BadInput(f"expected ignore_row_if either_value_is_missing for {a}, {b}")
    below, sign = ("<", ">=") if kwargs.get("or_equal") else ("<=", ">")
    return f"{quoted(a)} {below} {quoted(b)}", f"{a} {sign} {b}"


ROW_RULES: dict[str, tuple[str, Callable[[Kwargs], tuple[str, str]]]] = {
    "expect_column_values_to_not_be_null": ("present", _not_null),
    "expect_column_values_to_be_between": ("between", _between),
    "expect_column_values_to_be_in_set": ("in_set", _in_set),
    "expect_column_values_to_match_regex": ("matches", _regex),
    "expect_column_value_lengths_to_be_between": ("length", _length),
    "expect_column_pair_values_a_to_be_greater_than_b": ("order", _pair),
}
UNIQUE = {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
ROWS = "expect_table_row_count_to_be_between"
COLUMNS = "expect_table_columns_to_match_set"  # the gate conforms columns before any rule


def unique(key: Iterable[str]) -> Rule:
    """The first good row of a key stays; later ones break this rule."""
    columns = list(key)
    sql = ", ".join(map(quoted, columns))
    return Rule("unique", ",".join(columns), "a key that was not there before", "unique", sql)


def once(key: Rule, days: int) -> Rule:
    """The key of a ``unique`` rule does not come again within so many days."""
    expected = f"a key that the {days} days before have not brought"
    return Rule("once", key.column, expected, "once", key.sql, days=days)


def _condition(condition: Mapping[str, Any]) -> tuple[str, str]:
    """A GX row condition as SQL and in words."""
    if condition.get("type") != "comparison" or condition["operator"] not in COMPARISONS:
        raise BadInput(f"expected a comparison as row_condition, got {dict(condition)}")
    column, operator, value = (
        condition["column"]["name"],
        condition["operator"],
        condition["parameter"],
    )
    sql = f"{quoted(column)} {COMPARISONS[operator]} {literal(value)}"
    return sql, f" where {column} {operator} {value}"


def compile_rule(kind: str, kwargs: Kwargs) -> Rule | None:
    """One expectation as a rule; None for what the gate checks before any rule.

    Raises
    ------
    BadInput
        For a kind of expectation that the gate has no SQL for.
    """
    if kind == COLUMNS:
        return None
    if kind == ROWS:
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        return Rule("row_count", "", f"{low or 0}..{high or ''} rows", "rows", low=low, high=high)
    if kind in UNIQUE:
        return unique(kwargs.get("column_list") or [kwargs["column"]])
    if kind not in ROW_RULES:
        raise BadInput(f"expected one of {sorted(ROW_RULES)}, got {kind}; teach it to the gate")
    name, build = ROW_RULES[kind]
    broken, expected = build(kwargs)
    column = kwargs.get("column") or f"{kwargs['column_A']},{kwargs['column_B']}"
    counted = "TRUE" if name in {"present", "order"} else f"{quoted(column)} IS NOT NULL"
    if kwargs.get("row_condition"):
        where, when = _condition(kwargs["row_condition"])
        broken, counted, expected = f"{where} AND ({broken})", where, expected + when
    mostly = kwargs.get("mostly", 1)
    words = kwargs.get("value_set")
    return Rule(
        f"{name}:{column}",
        column,
        expected,
        "row" if mostly == 1 else "share",
        f"({broken})",
        counted,
        1 - mostly,
        needs=words["$PARAMETER"] if isinstance(words, Mapping) else None,
    )


def great_expectations() -> Any:
    """The package, imported without its telemetry and without its imports' warnings."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while it is imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("great_expectations")


def load_suite(asset: str) -> "ExpectationSuite":
    """The GX suite of an asset; imports GX."""
    great_expectations()
    suite: ExpectationSuite = import_module(f"expectations.{asset}").suite()
    return suite


def compile_suite(suite: "ExpectationSuite") -> list[Rule]:
    """Every expectation of a suite as a rule, and what its ``once_in_days`` demands of the key.

    GX looks at one delivery only, so that is said in the suite's meta.
    """
    found = (e.configuration for e in suite.expectations)
    rules = [r for c in found if (r := compile_rule(c.type, c.kwargs)) is not None]
    days = (suite.meta or {}).get(ONCE_IN_DAYS)
    keys = [rule for rule in rules if rule.kind == "unique"]
    return [*rules, *(once(key, days) for key in keys if days)]


def schema_rules(schema: AssetSchema) -> list[Rule]:
    """What a schema alone demands, for tables that have no suite: values present, keys unique."""
    needed = (c.name for c in schema.columns if not c.nullable)
    kind = "expect_column_values_to_not_be_null"
    rules = [compile_rule(kind, {"column": name}) for name in needed]
    return [*(rule for rule in rules if rule is not None), unique(schema.key)]


def sources(asset: str) -> list[Path]:
    """The files whose text decides what the rules of an asset are."""
    return [ROOT / "expectations" / f"{asset}.py", *SHARED_SOURCES]


def rules_of(asset: str, cache: Path) -> list[Rule]:
    """The rules of an asset's suite, from ``cache`` or compiled and kept there.

    The file's name carries a digest of the suite's source, what it imports and this compiler.
    """
    digest = files_digest(sources(asset))[:16]
    path = cache / f"{asset}-{digest}.json"
    if not path.exists():
        rules = compile_suite(load_suite(asset))
        write_json(path, {"rules": [asdict(rule) for rule in rules]})
    return [Rule(**rule) for rule in json.loads(path.read_text())["rules"]]
