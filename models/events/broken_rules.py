"""What pydantic finds broken, as the ends of sentences in the project's own words: what comes in, tables of a city,
settings and parameters of requests are all told of in the same ones, which the table of messages has in Chinese."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

RULES: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character(s) besides blanks",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must be written as {pattern}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "frozen_set_type": "must be a list",
}


def broken_rule(detail: ErrorDetails) -> str:
    """The rule that was broken, without the value that broke it, as the end of a sentence about its field."""
    context, kind = detail.get("ctx", {}), detail["type"]
    if kind == "value_error":
        return str(context["error"])
    if kind in RULES:
        return RULES[kind].format(**{name: _said(value) for name, value in context.items()})
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _said(value: Any) -> str:
    """5.0 as 5; and of 'a', 'b' or 'c' a list with commas alone, which is one in either language."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("' or '", "', '")
