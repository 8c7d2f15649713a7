"""XML as route files use it: elements and attributes, each with its line. What could hurt the reader is refused.

A document type is refused as a whole, so there are no entities to expand and nothing to fetch; depth, size and the
number of elements have limits far above any public file (1.3 MB, 5 levels, 24,000 elements).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from leaderboard.errors import RouteFileError

MAX_BYTES = 32 * 2**20
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 32


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)

    def named(self, tag: str) -> Iterator[Element]:
        """The children of that tag, in order."""
        return (child for child in self.children if child.tag == tag)

    def below(self, tag: str) -> Iterator[Element]:
        """The elements of that tag at any depth, itself included, in the order of the file."""
        if self.tag == tag:
            yield self
        for child in self.children:
            yield from child.below(tag)


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bearable size."""
    try:
        if not path.exists():
            raise RouteFileError("there is no such file", path)
        if not path.is_file():
            raise RouteFileError("this is not a regular file", path)
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RouteFileError(f"{size / 2**20:.0f} MiB is too large; the limit is {MAX_BYTES >> 20} MiB", path)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RouteFileError(f"cannot be read: {reason}", path) from error


def parse(data: bytes, path: Path) -> Element:
    """The root element of a document; raises RouteFileError with the route and the line."""
    return _Builder(path).parse(data)


class _Builder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, data: bytes) -> Element:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise self._refuse(f"not well-formed XML: {expat.ErrorString(error.code)}", error.lineno) from error
        except (LookupError, ValueError) as error:
            raise self._refuse(f"unknown encoding: {error}", 1) from error
        if self._root is None:
            raise self._refuse("holds no element", 1)
        return self._root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise self._refuse(f"more than {MAX_ELEMENTS} elements", line)
        if len(self._open) >= MAX_DEPTH:
            raise self._refuse(f"elements nested more than {MAX_DEPTH} deep", line)
        element = Element(tag, attributes, line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _doctype(self, *_declaration: object) -> None:
        reason = "a document type (<!DOCTYPE ...>) is not allowed in a file of routes; remove it"
        raise self._refuse(reason, self._parser.CurrentLineNumber)

    def _refuse(self, reason: str, line: int) -> RouteFileError:
        route = next((element.attributes.get("id", "")[:64] for element in self._open if element.tag == "route"), None)
        return RouteFileError(reason, self._path, route, line)
