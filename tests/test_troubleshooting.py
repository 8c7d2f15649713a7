"""docs/howto/troubleshooting.md has every sentence that ./dev and the simulator can say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Exceptions whose text a user reads, and functions that say something.
SPEAKERS = {
    "BadFile",
    "BadMap",
    "CallRefused",
    "CannotStart",
    "SimulatorFailed",
    "SpawnRefused",
    "UnknownMap",
    "UserError",
    "_progress",
    "error",
    "progress",
    "say",
    "say_once",
    "warning",
}
SHORTEST = 8  # characters that tell a sentence from another


def normal(text: str) -> str:
    return re.sub(r"[`\s]+", " ", text)


DOCUMENT = normal((ROOT / "docs/howto/troubleshooting.md").read_text())


def pieces(node: ast.expr) -> Iterator[str]:
    """The constant parts of a text."""
    match node:
        case ast.Constant(value=str(text)):
            yield from re.split(r"%[sd]", text)
        case ast.JoinedStr(values=values):
            for value in values:
                if isinstance(value, ast.Constant):
                    yield from pieces(value)
        case ast.BinOp(left=left, right=right):
            yield from pieces(left)
            yield from pieces(right)


def sentences_of(source: Path) -> Iterator[tuple[int, str]]:
    """The longest constant part of each sentence, and its line."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if name in SPEAKERS:
                longest = max(pieces(node.args[0]), key=len, default="").strip()
                if len(longest) >= SHORTEST:
                    yield node.lineno, longest


SOURCES = sorted((ROOT / "simulator").rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_simulators_sentences_are_explained(source: Path) -> None:
    missing = [f"line {line}: {text}" for line, text in sentences_of(source) if normal(text) not in DOCUMENT]
    assert missing == []


def test_the_sentences_of_dev_are_explained() -> None:
    said = re.findall(r'(?:die|REASON=|\{ say) ?"([^"]*)"', (ROOT / "dev").read_text())
    assert len(said) > 15
    parts = [re.split(r"\$\{[^}]*\}|\$\w+|[(;]", sentence) for sentence in said]
    first = [next((part.strip() for part in sentence if len(part.strip()) >= SHORTEST), "") for sentence in parts]
    assert [part for part in first if normal(part) not in DOCUMENT] == []


def test_there_are_sentences_to_look_for() -> None:
    assert sum(len(list(sentences_of(source))) for source in SOURCES) > 60
