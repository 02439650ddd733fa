import pytest
from jsonschema import ValidationError, validate

from routing.simulator.schemas import example, violate

SCHEMAS = [
    {"type": "string", "minLength": 20, "maxLength": 30},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[0-9]+$"},
    {"type": "integer", "minimum": 3, "multipleOf": 5},
    {"type": "integer", "exclusiveMinimum": 4},
    {"type": "integer", "maximum": -3},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    {"type": "number", "exclusiveMaximum": 0},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["string", "null"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]},
    {"const": 5},
    {"enum": ["b", "a"]},
    {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
        ]
    },
    {
        "$defs": {"item": {"type": "object", "required": ["id"]}},
        "type": "array",
        "items": {"$ref": "#/$defs/item"},
        "minItems": 1,
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_an_example_satisfies_its_schema(schema):
    validate(example(schema), schema)


def test_an_object_has_its_required_properties_only():
    schema = {
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a"],
    }
    assert example(schema) == {"a": 1}


def test_a_schema_that_contains_itself_comes_to_an_end():
    schema = {
        "properties": {"child": {"$ref": "#"}},
        "required": ["child"],
    }
    assert "child" in example(schema)


@pytest.mark.parametrize("schema", [5, {"required": 3}, {"pattern": "("}, {"$ref": ""}])
def test_a_broken_schema_gives_some_value(schema):
    assert example(schema) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"properties": {"a": {"type": "string"}}},
        {"properties": {"a": {"type": "object"}}},
        {"additionalProperties": False},
    ],
    ids=str,
)
def test_a_violation_breaks_its_schema(schema):
    with pytest.raises(ValidationError):
        validate(violate(example({"type": "object", **schema}), schema), schema)


def test_nothing_violates_an_open_schema():
    assert violate({}, {"type": "object"}) is None
