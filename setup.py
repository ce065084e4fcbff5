"""The compiled modules. Without Cython or a C compiler netbeam runs interpreted."""

import os

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

MODULES = (
    "text",
    "addresses",
    "wire",
    "options",
    "dns",
    "parts",
    "groups",
    "tables",
    "keys",
    "digest",
    "sheet",
    "samples",
    "features",
    "tcp",
    "identity",
    "store",
    "flows",
    "replay",
    "walk",
    "frame",
)
FLAGS = ["-O3", "-ffp-contract=off"]
"""No fused operations, so that doubles are the same on every processor and interpreted."""


def extensions():
    """Give the kernel's extension modules; none when NETBEAM_PURE is set or Cython is missing."""
    if os.environ.get("NETBEAM_PURE"):
        return []
    try:
        from Cython.Build import cythonize
        from setuptools import Extension
    except ImportError:
        return []
    found = cythonize(
        [
            Extension(f"netbeam.kernel.{name}", [f"netbeam/kernel/{name}.py"], extra_compile_args=FLAGS)
            for name in MODULES
        ],
        nthreads=os.cpu_count() or 1,
        compiler_directives={"language_level": 3},
    )
    for extension in found:
        extension.optional = True  # cythonize drops this setting
    return found


class BuildExtensions(build_ext):
    """Takes a compiler that is not there for one that failed, so that the extensions stay optional."""

    def build_extension(self, ext):
        """Build one extension."""
        try:
            super().build_extension(ext)
        except OSError as error:
            raise CompileError(str(error)) from error


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": BuildExtensions},
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
