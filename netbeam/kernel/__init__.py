"""The compiled modules, in pure-Python-mode Cython: with NETBEAM_PURE set they run interpreted."""

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from importlib.util import find_spec
from pkgutil import iter_modules

if os.environ.get("NETBEAM_PURE"):
    for folder in __path__:
        sys.path_importer_cache[folder] = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))


def compiled() -> bool:
    """Tell whether every module of the kernel is loaded from its compiled form."""
    specs = [find_spec(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return all(spec and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES)) for spec in specs)
