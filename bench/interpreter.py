"""How the interpreter that runs this was built; `scripts/setup` prefers an optimised one. Standard library only."""

import sys
import sysconfig


def optimised() -> bool:
    """Whether it was compiled with a profile (`--enable-optimizations`), which runs the same code 10 to 20 % faster.

    Debian and Ubuntu build theirs so by a way of their own that leaves no mark in the configuration; they are known by
    their installation scheme.
    """
    configured = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return "--enable-optimizations" in configured or "deb_system" in sysconfig.get_scheme_names()


def build() -> str:
    """Version and kind of build: what figures of another interpreter must be read with."""
    return f"CPython {sys.version.split()[0]}, {'optimised' if optimised() else 'built without optimisation'}"


if __name__ == "__main__":
    sys.exit(not optimised())
