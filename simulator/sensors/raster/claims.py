"""Sharing out numbered pieces of work between threads that take the next one when they are free."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

__all__ = ["claim"]


@intrinsic
def claim(typing_context, counter):  # type: ignore[no-untyped-def]
    """counter[0], which is raised by one: no two threads get the same number. `counter` is an array of int64."""
    if not isinstance(counter, types.Array) or counter.dtype != types.int64:
        return None

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return signature(types.int64, counter), generate
