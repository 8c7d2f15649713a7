"""Command lines that say what is wrong with a flag as everything else here is said."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["OneSentenceParser"]


class OneSentenceParser(argparse.ArgumentParser):
    """Without argparse's usage, which is twelve lines for `evaluate` and hides the sentence below it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; `{self.prog} --help` says more\n")
