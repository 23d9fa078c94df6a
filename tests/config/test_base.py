from collections.abc import Iterator

import pytest

import clumpscope.models.spec  # noqa: F401  (has sections, too)
from clumpscope.config.base import Section
from clumpscope.config.recipe import Recipe


def kinds(section: type[Section]) -> Iterator[type[Section]]:
    for kind in section.__subclasses__():
        yield kind
        yield from kinds(kind)


KINDS = sorted((k for k in kinds(Section) if k.__module__.startswith("clumpscope")), key=str)


def test_sections_of_recipes_and_models_are_found():
    names = {kind.__name__ for kind in KINDS}
    assert {"Recipe", "RefineConfig", "HostsConfig", "DetectorSpec", "Native"} <= names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_section_and_every_field_says_what_it_means(kind):
    """A field that is itself a section is described by that."""
    assert "__doc__" in vars(kind)
    for name, field in kind.model_fields.items():
        section = isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        meaning = field.annotation.__doc__ if section else field.description
        assert meaning, f"{kind.__name__}.{name}"
        assert meaning.strip().endswith((".", "!")), f"{kind.__name__}.{name}: {meaning}"


def test_the_meaning_is_the_string_under_the_field():
    assert Recipe.model_fields["seed"].description.startswith("Seed of every random draw")
