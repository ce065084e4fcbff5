"""Imports point one way: runners -> pipeline -> transforms -> netbeam, and likewise inside netbeam."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("netbeam", "transforms", "pipeline", "runners")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

ABOVE = {
    "netbeam": ("apache_beam", "transforms", "pipeline", "runners"),
    "transforms": ("pipeline", "runners"),
    "pipeline": (),
    "runners": (),
}
"""What a folder never imports."""

INSIDE = {
    "netbeam/protocols": ("netbeam.declare", "netbeam.protocols"),
    "netbeam/kernel": ("netbeam.kernel",),
    "netbeam/capture": ("netbeam.account", "netbeam.capture", "netbeam.chunk", "netbeam.kernel.frame"),
    "netbeam/flows": (
        "netbeam.block",
        "netbeam.declare",
        "netbeam.flows",
        "netbeam.formats.delimited",
        "netbeam.kernel",
        "netbeam.merge",
        "netbeam.segments",
        "netbeam.storage",
    ),
    "netbeam/flows/settings.py": (),
    "netbeam/flows/tcp_fields.py": ("netbeam.declare",),
    "netbeam/flows/host_fields.py": ("netbeam.declare",),
    "netbeam/flows/device_fields.py": ("netbeam.declare",),
    "netbeam/flows/service_fields.py": ("netbeam.declare",),
    "netbeam/records.py": ("netbeam.declare", "netbeam.flows", "netbeam.protocols"),
    "netbeam/declare.py": (),
    "netbeam/chunk.py": (),
    "netbeam/block.py": (),
    "netbeam/account.py": (),
    "netbeam/verify.py": ("netbeam.declare", "netbeam.kernel.parts"),
    "netbeam/rows.py": ("netbeam.declare", "netbeam.kernel"),
    "netbeam/plan.py": ("netbeam.declare", "netbeam.kernel", "netbeam.rows", "netbeam.verify"),
}
"""All that a part of the library imports of it."""

NEVER = {
    "netbeam/formats": ("netbeam.capture", "netbeam.kernel", "netbeam.decode"),
    "netbeam/plan.py": ("netbeam.protocols",),
    "netbeam/decode.py": ("netbeam.protocols", "netbeam.capture", "netbeam.formats"),
}
"""What a part of the library never imports."""


def name(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """Give the names of the modules that a module imports, anywhere in it, and of what it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            module = (node.module or "").removeprefix("cython.cimports.")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(imported, module):
    """Tell whether an imported name is a module, or lies in it."""
    return f"{imported}.".startswith(f"{module}.")


def test_every_folder_has_modules():
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(FOLDERS)
    assert all((ROOT / part).exists() for part in (*INSIDE, *NEVER))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_folder_imports_only_what_is_below_it(path):
    above = ABOVE[path.relative_to(ROOT).parts[0]]
    assert [i for i in imports(path) if any(within(i, module) for module in above)] == []


@pytest.mark.parametrize("part", INSIDE)
def test_a_part_of_the_library_imports_only_its_own(part):
    for path in MODULES:
        if name(path).startswith(part):
            inside = [i for i in imports(path) if within(i, "netbeam")]
            strangers = [i for i in inside if not any(within(i, module) for module in INSIDE[part])]
            assert strangers == [], name(path)


@pytest.mark.parametrize("part", NEVER)
def test_a_part_of_the_library_keeps_away_from_others(part):
    for path in MODULES:
        if name(path).startswith(part):
            assert [i for i in imports(path) if any(within(i, m) for m in NEVER[part])] == [], name(path)


def test_protocols_do_nothing_but_declare():
    for path in (ROOT / "netbeam" / "protocols").glob("*.py"):
        kinds = {type(node) for node in ast.parse(path.read_text("utf-8")).body}
        assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}, name(path)
