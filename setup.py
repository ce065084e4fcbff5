"""The compiled modules. Without Cython or a C compiler netbeam runs interpreted."""

import os

from setuptools import setup

MODULES = ("text", "wire", "options", "dns", "parts", "walk", "frame")


def extensions():
    """Give the kernel's extension modules; none when NETBEAM_PURE is set or Cython is missing."""
    if os.environ.get("NETBEAM_PURE"):
        return []
    try:
        from Cython.Build import cythonize
        from setuptools import Extension
    except ImportError:
        return []
    return cythonize(
        [
            Extension(
                f"netbeam.kernel.{name}",
                [f"netbeam/kernel/{name}.py"],
                optional=True,
                extra_compile_args=["-O3"],
            )
            for name in MODULES
        ],
        nthreads=os.cpu_count() or 1,
        compiler_directives={"language_level": 3},
    )


setup(ext_modules=extensions(), options={"build_ext": {"parallel": os.cpu_count() or 1}})
