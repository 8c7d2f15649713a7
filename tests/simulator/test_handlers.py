"""The table of handlers is complete, and what it says of each call is what the handler does."""

import ast
import inspect
import textwrap
from types import SimpleNamespace

import pytest

from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server.handlers.registry import BUTS, HANDLERS, REFUSED, CallRefused, Handler, call, refuse, support


def body(handler: Handler) -> list[ast.stmt]:
    """A function's statements, without its docstring."""
    function = ast.parse(textwrap.dedent(inspect.getsource(handler))).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    statements = function.body
    is_doc = isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant)
    return statements[1:] if is_doc else statements


def only_checks(statements: list[ast.stmt]) -> bool:
    """Does it no more than see whether the actor, or its wheel, exists?"""
    calls = [node.value for node in statements if isinstance(node, ast.Expr)]
    names = [node.func.id for node in calls if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return len(names) == len(statements) and all(name.endswith("_or_refuse") or name == "_wheel" for name in names)


def test_every_call_of_the_client_has_a_handler() -> None:
    assert HANDLERS.keys() == V0_9_16.calls.keys()
    assert support().keys() == V0_9_16.calls.keys()


@pytest.mark.parametrize("name", sorted(HANDLERS.keys() - REFUSED.keys()))
def test_what_is_called_supported_does_something(name: str) -> None:
    statements = body(HANDLERS[name])
    assert not (statements and isinstance(statements[-1], ast.Raise)), "always raises: register it with refuse()"
    assert not only_checks(statements) or name in BUTS, "does nothing: say so with call(..., but=...)"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_says_so_at_once(name: str) -> None:
    arguments = [None] * len(V0_9_16.call(name).arguments)
    with pytest.raises(CallRefused, match=f"^{name} is not supported (yet )?by this simulator: "):
        HANDLERS[name](SimpleNamespace(), SimpleNamespace(method=name), *arguments)
    assert support()[name] == f"no: answers at once that it is not supported ({REFUSED[name]})"


def test_the_checks_above_can_fail() -> None:
    def raises(server: object) -> None:
        """Always."""
        raise CallRefused("never")

    def idle(server: object) -> None:
        """Nothing."""

    def works(server: SimpleNamespace) -> None:
        server.value = 1

    assert isinstance(body(raises)[-1], ast.Raise)
    assert only_checks(body(idle))
    assert not only_checks(body(works))


def test_a_call_has_one_handler() -> None:
    with pytest.raises(ValueError, match="two handlers for the call version"):
        call("version")(lambda server, session: "")
    with pytest.raises(ValueError, match="two handlers for the call version"):
        refuse("version", because="it has none")
    assert "version" not in REFUSED
