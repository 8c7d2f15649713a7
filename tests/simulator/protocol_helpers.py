"""Shared by the tests of the protocol."""

from collections.abc import Callable
from typing import Any

from simulator.protocol.errors import ProtocolError


def refusal(function: Callable[..., Any], *args: Any) -> str | None:
    """What the protocol says against the arguments, or None where it takes them; any other exception is a failure."""
    try:
        function(*args)
    except ProtocolError as error:
        sentence = str(error)
        assert sentence
        assert "\n" not in sentence
        return sentence
    return None
