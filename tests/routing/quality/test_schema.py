import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

from routing.quality.schema import certainly_violates

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=6,
)
TYPES = st.sampled_from(["array", "integer", "null", "object", "string", "boolean"])
PLAIN = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "required": st.lists(NAMES, unique=True),
    "minimum": st.integers(-3, 3),
    "maxLength": st.integers(0, 2),
    "minItems": st.integers(0, 3),
    "maxProperties": st.integers(0, 3),
    "pattern": st.sampled_from(["^a", "^$"]),
    "$ref": st.sampled_from(["#/$defs/x", "#/properties/a"]),
}


FLAT = st.fixed_dictionaries({}, optional=PLAIN)
LISTS = st.lists(FLAT, min_size=1, max_size=2)
NESTING = {
    "properties": st.dictionaries(NAMES, FLAT, max_size=2),
    "patternProperties": st.fixed_dictionaries({"^a": FLAT}),
    "additionalProperties": FLAT | st.booleans(),
    "items": FLAT | st.booleans(),
    "prefixItems": LISTS,
    "contains": FLAT,
    "not": FLAT,
    "allOf": LISTS,
    "anyOf": LISTS,
    "oneOf": LISTS,
}
SCHEMAS = st.fixed_dictionaries(
    {"$defs": st.fixed_dictionaries({"x": FLAT})}, optional=PLAIN | NESTING
)


@given(SCHEMAS, VALUES)
@settings(max_examples=100, deadline=None)
def test_what_is_certain_is_what_the_whole_schema_says_too(schema, value):
    if not certainly_violates(value, schema):
        return
    try:
        Draft202012Validator.check_schema(schema)
        assert not Draft202012Validator(schema).is_valid(value)
    except (SchemaError, Unresolvable, RecursionError):
        return  # the schema is at fault, and says nothing about the value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, "1"),
        ({"type": "integer"}, True),
        ({"type": ["string", "null"]}, 1),
        ({"enum": ["a", "b"]}, "c"),
        ({"const": 1}, 2),
        ({"required": ["a"]}, {}),
        ({"additionalProperties": False}, {"a": 1}),
        ({"additionalProperties": {"type": "null"}}, {"a": 1}),
        ({"properties": {"a": False}}, {"a": 1}),
        ({"items": {"minLength": 2}}, ["ab", "c"]),
        ({"prefixItems": [{}, {"type": "null"}]}, [1, 2]),
        ({"prefixItems": [{}], "items": False}, [1, 2]),
        ({"anyOf": [{"type": "null"}, {"maximum": 3}]}, 4),
        ({"oneOf": [{"type": "null"}, {"type": "string"}]}, 4),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, 2),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "null"}}}, 1),
        ({"$ref": "#/definitions/a~1b", "definitions": {"a/b": False}}, 1),
        ({"properties": {"child": {"$ref": "#"}}, "required": ["id"]}, {"child": {}}),
        (False, 1),
    ],
)
def test_a_plain_violation_is_certain(schema, value):
    assert certainly_violates(value, schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 5.0),
        ({"type": "number", "exclusiveMinimum": 0}, 0.5),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3),
        ({"not": {"type": "integer"}}, 1),
        ({"if": {}, "then": False}, 1),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 50 + "b"),
        ({"type": "string", "format": "email"}, "nobody"),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, {"x1": 1}),
        ({"multipleOf": 0.1}, 0.3),
        ({"type": "string", "nullable": True}, None),
        ({"enum": [[1], "a"]}, "b"),
        ({"$ref": "https://example.test/schema.json"}, 1),
        ({"$ref": "#/$defs/nowhere"}, 1),
        ({"$ref": "#/" + "a/" * 300 + "b", "a": {}}, 1),
        ({"$ref": "#anchor", "$defs": {"x": {"$anchor": "anchor"}}}, 1),
        ({"$ref": "#/$defs/x", "type": "null", "$defs": {"x": {}}}, 1),
        ({"items": [{"type": "null"}]}, [1]),
    ],
)
def test_what_drafts_of_the_standard_or_patterns_decide_is_not_certain(schema, value):
    assert not certainly_violates(value, schema)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        "object",
        {"type": "dict"},
        {"type": []},
        {"type": [7]},
        {"enum": "a"},
        {"enum": []},
        {"required": "a"},
        {"required": True},
        {"minimum": "3"},
        {"exclusiveMinimum": True},
        {"maxLength": -1},
        {"maxItems": 1.5},
        {"properties": ["a"]},
        {"anyOf": []},
        {"allOf": {}},
        {"prefixItems": []},
        {"$ref": 7},
        {"$schema": "http://json-schema.org/draft-03/schema#"},
    ],
)
def test_an_invalid_schema_promises_nothing(schema):
    for value in ({}, {"a": 1}, [1], "a", 1, None):
        assert not certainly_violates(value, schema)


def test_a_schema_that_refers_to_itself_ends():
    assert not certainly_violates(1, {"$ref": "#"})
    tree = {"properties": {"l": {"$ref": "#"}, "r": {"$ref": "#"}}, "type": "object"}
    assert certainly_violates({"l": {"l": {"l": 1}}}, tree)


def test_a_schema_that_doubles_at_each_step_ends():
    steps = {f"s{n}": {"anyOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(40)}
    schema = {"$ref": "#/$defs/s0", "$defs": steps | {"s40": {"type": "string"}}}
    assert not certainly_violates(1, schema)


def test_a_value_too_large_to_check_is_not_judged():
    schema = {"items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    assert certainly_violates([1], schema)
    assert not certainly_violates([1] * 100_000, schema)
    assert not certainly_violates(["x" * 10_000_000], schema)
