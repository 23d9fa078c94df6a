"""Command, job, test and documentation go by one word: the walk over the real command tree."""

import inspect
import pkgutil
import re
from importlib import import_module

import pytest

from clumpscope import jobs
from clumpscope.config.recipe import Recipe
from pages import COMMANDS, generate, written
from places import ROOT

# Modules of jobs that are no command: what jobs share, and a second half of a command.
SHARED = {
    "release",
    "baselines",
    "books",
    "by_eye",
    "candidates",
    "cells",
    "cutting",
    "encoders",
    "filling",
    "foreign_files",
    "galaxies",
    "label_run",
    "online",
    "panels",
    "own_process",
    "paper",
    "paper_pictures",
    "pipeline",
    "plan",
    "results",
    "shards",
    "sky_catalogue",
    "sky_cutouts",
    "sky_frames",
    "sky_names",
    "truths",
    "vetted",
    "carried",
    "said",
    "clump_keys",
    "work",
}
# Commands that are no job: they serve a page, from a floor of their own.
SERVERS = {"vet": "clumpscope.vet.server"}
HALVES = {
    "machine_marks": "labels export",
    "subjects": "labels export",
    "volunteers": "simulate",
}
# Sections of a recipe that are no command: what stages share.
SECTIONS = {
    "limits",
    "sample",
    "composite",
    "classifier",
    "detector",
    "morphology",
    "services",
    "stack",
}


def place(command: str) -> tuple[str, str]:
    """Module and function of a command's job."""
    word, _, sub = command.partition(" ")
    return word, f"{sub}_{word}" if sub else word


@pytest.mark.parametrize("command", SERVERS)
def test_a_command_that_serves_calls_its_server(command):
    assert f"from {SERVERS[command]} import serve" in inspect.getsource(COMMANDS[command].callback)
    assert (ROOT / "tests" / command / "test_server.py").is_file()


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - SERVERS.keys()))
def test_a_command_calls_the_job_of_its_name(command):
    module, function = place(command)
    job = getattr(import_module(f"clumpscope.jobs.{module}"), function)
    assert job.__module__ == f"clumpscope.jobs.{module}"
    asked = rf"from clumpscope\.jobs\.{module} import \(?[\w\s,]*\b{function}\b"
    assert re.search(asked, inspect.getsource(COMMANDS[command].callback))


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - SERVERS.keys()))
def test_a_command_has_its_test_file(command):
    assert (ROOT / "tests" / "jobs" / f"test_{place(command)[0]}.py").is_file()


def test_every_job_is_a_command_s():
    modules = {module.name for module in pkgutil.iter_modules(jobs.__path__)}
    assert modules - {
        place(command)[0] for command in COMMANDS.keys() - SERVERS.keys()
    } == SHARED | set(HALVES)
    for module, command in HALVES.items():
        asked = f"from clumpscope.jobs.{module} import {module}"
        assert asked in inspect.getsource(COMMANDS[command].callback)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_parameters_say_what_they_are(command):
    assert COMMANDS[command].help
    for parameter in COMMANDS[command].params:
        assert parameter.help, parameter.name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_documented(command):
    assert f"## clumpscope {command}\n" in generate.cli()
    mention = re.compile(rf"clumpscope {command}\b(?!-)")
    assert any(mention.search(page.read_text(encoding="utf-8")) for page in written())


def test_a_section_of_a_recipe_is_a_command_s():
    sections = {name for name, field in Recipe.model_fields.items() if name != "seed"}
    words = {place(command)[0] for command in COMMANDS}
    assert sections - words == SECTIONS
