import json
import warnings
from pathlib import Path

import pytest

from core.errors import BadInput
from core.schema import ASSETS, asset_schema
from pipelines.gate_rules import ROWS, compile_rule, load_suite, rules_of
from pipelines.gate_sql import PART, ROW, broken_rows, repeated_rows
from pipelines.gate_types import connection
from tests.gate_rows import dirty, rules

ROOT = Path(__file__).parents[2] / "expectations"


def test_every_asset_has_a_suite_and_every_suite_an_asset():
    suites = {path.stem for path in ROOT.glob("*.py")} - {"__init__", "rules", "knowledge_base"}
    assert suites == set(ASSETS)
    assert all(load_suite(asset).name == asset for asset in ASSETS)


@pytest.mark.parametrize("asset", ASSETS)
def test_every_rule_is_about_columns_of_its_asset(asset):
    names = set(asset_schema(asset).names)
    for rule in rules(asset):
        assert rule.kind == "rows" or set(rule.column.split(",")) <= names, rule


@pytest.mark.parametrize("asset", ASSETS)
def test_what_must_not_be_missing_and_the_key_are_guarded(asset):
    schema = asset_schema(asset)
    names = {rule.name for rule in rules(asset)}
    assert {f"present:{c.name}" for c in schema.columns if not c.nullable} <= names
    (unique,) = [rule for rule in rules(asset) if rule.kind == "unique"]
    assert unique.column == ",".join(schema.key)


def test_what_happens_once_is_said_so_and_snapshots_are_not():
    once = {asset: rule for asset in ASSETS for rule in rules(asset) if rule.kind == "once"}
    assert {asset: (rule.column, rule.days) for asset, rule in once.items()} == {
        "orders": ("order_id", 7),
        "trips": ("trip_id", 7),
        "payments": ("payment_id", 7),
        "conversations": ("id", 7),
    }


def test_the_rules_come_from_the_cache_when_the_suite_has_not_changed(tmp_path):
    first = rules_of("feedback", tmp_path)
    (kept,) = tmp_path.glob("feedback-*.json")
    content = json.loads(kept.read_text())
    content["rules"][0]["name"] = "read from the cache"
    kept.write_text(json.dumps(content))
    again = rules_of("feedback", tmp_path)
    assert again[0].name == "read from the cache"
    assert again[1:] == first[1:]


def test_an_expectation_without_sql_is_refused_by_name():
    with pytest.raises(BadInput, match="got expect_column_stdev_to_be_between"):
        compile_rule("expect_column_stdev_to_be_between", {"column": "x"})


def test_a_row_condition_that_is_no_comparison_is_refused():
    kwargs = {"column": "x", "row_condition": {"type": "and", "conditions": []}}
    with pytest.raises(BadInput, match="expected a comparison"):
        compile_rule("expect_column_values_to_not_be_null", kwargs)


def test_a_pair_that_keeps_missing_values_is_refused():
    kwargs = {"column_A": "x", "column_B": "y"}
    with pytest.raises(BadInput, match="either_value_is_missing"):
        compile_rule("expect_column_pair_values_a_to_be_greater_than_b", kwargs)


def test_text_in_a_rule_cannot_end_its_literal():
    kwargs = {"column": "x", "value_set": ["it's", "fine"]}
    rule = compile_rule("expect_column_values_to_be_in_set", kwargs)
    assert rule is not None
    assert rule.sql == """("x" NOT IN ('it''s', 'fine'))"""


def gx_verdicts(asset, table):
    """Rule name -> the rows GX finds unexpected; for keys, every row of a repeated key."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = source.add_batch_definition_whole_dataframe("rows").get_batch(
        {"dataframe": table.to_pandas(integer_object_nulls=True)}
    )
    suite = load_suite(asset)
    suite.expectations = [
        e for e in suite.expectations if not isinstance(getattr(e, "value_set", None), dict)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = batch.validate(suite, result_format="COMPLETE")
    verdicts = {}
    for result in found.results:
        config = result.expectation_config
        rule = compile_rule(config.type, config.kwargs)
        if rule is not None and config.type != ROWS:
            assert "unexpected_index_list" in result.result, result
            verdicts[rule.name] = set(result.result["unexpected_index_list"] or [])
    return verdicts


@pytest.mark.parametrize("asset", ["trips", "orders"])
def test_the_compiled_rules_find_the_same_rows_as_great_expectations(asset):
    table = dirty(asset, 300, seed=5)
    expected = gx_verdicts(asset, table)
    ours = [rule for rule in rules(asset) if rule.needs is None]
    rows = list(range(table.num_rows))
    typed = table.append_column(PART, [[0] * len(rows)]).append_column(ROW, [rows])
    with connection() as db:
        db.register("typed", typed)
        found = broken_rows(db, typed, ours, {})
        repeated = repeated_rows(db, typed, ours, typed.column(ROW).to_numpy()[:0])
    ours_found = {rule.name: set(where.tolist()) for rule, where in found.items()}
    (later,) = repeated.values()
    keys = table.column(asset_schema(asset).key[0]).to_pylist()
    twice = {i for i in rows if keys[i] is not None and keys.count(keys[i]) > 1}
    assert expected.pop("unique") == twice
    assert set(later.tolist()) == {i for i in rows if keys[i] is not None and keys[i] in keys[:i]}
    assert {name: where for name, where in expected.items() if where} == ours_found
    assert len(ours_found) > 15
