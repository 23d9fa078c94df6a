"""Recipes as a reader sees them: every setting with its meaning, kind, default and value."""

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clumpscope.config.base import Section
from clumpscope.config.recipe import Recipe, sections

_WIDTH = 98
_NAMES = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "string": "text",
}
_HEAD = "Every setting of clumpscope. Keep what you change: what is left out has its default."


@dataclass(frozen=True)
class Setting:
    """One key of a section.

    Attributes
    ----------
    key
        Its name in the section.
    meaning
        What it does, unit and source.
    kind
        The values that it takes, in words.
    default, value
        ``None`` is not set.
    example
        A value that could be set, where the default is not to.
    """

    key: str
    meaning: str
    kind: str
    default: object
    value: object
    example: object


@dataclass(frozen=True)
class Part:
    """A section, its sub-sections left out: dotted ``name`` ("" for the recipe itself)."""

    name: str
    meaning: str
    settings: tuple[Setting, ...]


def parts(recipe: Recipe) -> Iterator[Part]:
    """Everything that can be set, section by section, in the order of a file."""
    for (name, section), (_, default) in zip(sections(recipe), sections(Recipe()), strict=True):
        kinds = type(section).model_json_schema()["properties"]
        settings = tuple(
            Setting(
                key,
                field.description or "",
                words(kinds[key]),
                getattr(default, key),
                getattr(section, key),
                next(iter(field.examples or ()), None),
            )
            for key, field in type(section).model_fields.items()
            if not isinstance(getattr(section, key), Section)
        )
        yield Part(name, inspect.cleandoc(type(section).__doc__ or ""), settings)


def show(recipe: Recipe) -> str:
    """A whole recipe as TOML with comments; read back, it is the same."""
    blocks = [_comment(_HEAD).rstrip()]
    for part in parts(recipe):
        if not part.settings:
            continue
        if part.name:
            blocks.append(f"\n{_comment(part.meaning)}[{part.name}]")
        blocks += map(_lines, part.settings)
    return "\n\n".join(blocks) + "\n"


def differences(recipe: Recipe) -> list[tuple[str, str, str]]:
    """Dotted key, value and default, as TOML, of all that is not as by default."""
    return [
        (f"{part.name}.{one.key}".lstrip("."), toml(one.value), toml(one.default))
        for part in parts(recipe)
        for one in part.settings
        if one.value != one.default
    ]


def _lines(setting: Setting) -> str:
    notes = setting.kind
    if setting.value != setting.default:
        notes += f"; default {toml(setting.default)}"
    unset = setting.value is None
    value = setting.example if unset else setting.value
    line = f"{setting.key} = {toml(value)}"
    return _comment(f"{setting.meaning} ({notes})") + ("# " if unset else "") + line


def _comment(text: str) -> str:
    """Text in lines that start with #; a blank line of it parts paragraphs."""
    lines = [
        line
        for paragraph in text.split("\n\n")
        for line in [*textwrap.wrap(paragraph, _WIDTH, break_on_hyphens=False), ""]
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines[:-1])


def toml(value: object) -> str:
    """A value in TOML, whose scalars and lists are JSON's."""
    if value is None:
        return "not set"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def words(schema: Mapping[str, Any]) -> str:
    """The values that a JSON schema allows, in words.

    Parameters
    ----------
    schema
        What pydantic makes of a field that is no section.
    """
    if "anyOf" in schema:  # the other one is none
        return f"{words(schema['anyOf'][0])}, or not set"
    if "enum" in schema:
        *most, last = map(toml, schema["enum"])
        return f"{', '.join(most)} or {last}"
    if schema["type"] == "object":
        return f"table of {words(schema['additionalProperties'])}"
    return _list(schema) if schema["type"] == "array" else _NAMES[schema["type"]] + _limits(schema)


def _list(schema: Mapping[str, Any]) -> str:
    item = schema["items"] if "items" in schema else schema["prefixItems"][0]
    least, most = schema.get("minItems"), schema.get("maxItems")
    count = f" of {most}" if most else f" of at least {least}" if least else ""
    return f"list{count}: {words(item)}"


def _limits(schema: Mapping[str, Any]) -> str:
    if {"minimum", "maximum"} <= schema.keys():
        return f" from {schema['minimum']:g} to {schema['maximum']:g}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]:g}" for key, sign in signs.items() if key in schema]
    return f" {' and '.join(limits)}" if limits else ""
