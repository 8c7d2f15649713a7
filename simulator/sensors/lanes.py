"""Sixteen numbers at a time: a type for kernels whose operations are the processor's vector instructions.

LLVM makes vector code of loops over arrays, but only of long ones: what is left of a row after its last sixteen pixels
is done one by one, and a stretch of a picture that shows one surface is 28 pixels long on the average. With `Floats`,
`Ints` and `Flags` a kernel says itself what is done to sixteen pixels at once, and what lies between keeps in
registers. Operators and min, max work as for numbers, also with a number on one side. All act on each lane alone, with
the arithmetic of IEEE 754 and in the order that is written, so the results are the same bits on every processor, also
where sixteen lanes are made of two or four registers.

Nothing here looks at bounds: what loads, stores and takes must lie in the arrays.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import signature
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

__all__ = [
    "LANES",
    "all_lanes",
    "any_lane",
    "bits_of",
    "choose",
    "floor_of",
    "lane_numbers",
    "load",
    "lowest_bit",
    "root",
    "store",
    "take",
    "take_bytes",
    "to_floats",
    "to_ints",
]

LANES: Final = 16

_I32: Final = ir.IntType(32)
_I64: Final = ir.IntType(64)
_F32: Final = ir.FloatType()


class Lanes(types.Type):
    """Numba's type of LANES numbers of one kind."""

    def __init__(self, name: str, element: Any) -> None:
        super().__init__(name)
        self.element = element

    @property
    def vector(self) -> Any:
        return ir.VectorType(self.element, LANES)


FLOATS: Final = Lanes("Floats", _F32)
INTS: Final = Lanes("Ints", _I32)
FLAGS: Final = Lanes("Flags", ir.IntType(1))


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, lanes.vector)


def _spread(builder: Any, value: Any) -> Any:
    """A number in all lanes."""
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))


def _as_lanes(context: Any, builder: Any, value: Any, kind: Any, wanted: Lanes) -> Any:
    if kind == wanted:
        return value
    return _spread(builder, context.cast(builder, value, kind, types.float32 if wanted == FLOATS else types.int32))


# --- operators -------------------------------------------------------------------------------------------------------

_Build = Callable[[Any, Any, Any], Any]


def _pair(lanes: Lanes, scalar: Any, left: Any, right: Any) -> bool:
    """Whether two operands are lanes of this kind, or one of them and a number that goes with it."""
    fits = (isinstance(kind, type(scalar)) if scalar is types.int64 else kind == scalar for kind in (left, right))
    return lanes in (left, right) and all(kind == lanes or ok for kind, ok in zip((left, right), fits, strict=True))


def _define(operators: tuple[Any, ...], lanes: Lanes, result: Lanes, build: _Build) -> None:
    scalar: Any = {"Floats": types.float32, "Ints": types.int64}.get(lanes.name)

    def lower(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        a, b = (_as_lanes(context, builder, v, k, lanes) for v, k in zip(arguments, sig.args, strict=True))
        return build(builder, a, b)

    def type_it(context):  # type: ignore[no-untyped-def]
        def typer(left, right):  # type: ignore[no-untyped-def]
            return result if left == right == lanes or (scalar and _pair(lanes, scalar, left, right)) else None

        return typer

    sides = [(lanes, lanes)]
    if scalar is not None:
        number = types.Integer if scalar is types.int64 else scalar
        sides += [(lanes, number), (number, lanes)]
    for function in operators:
        type_callable(function)(type_it)
        for left, right in sides:
            lower_builtin(function, left, right)(lower)


def _instruction(name: str) -> _Build:
    def build(builder: Any, a: Any, b: Any) -> Any:
        return getattr(builder, name)(a, b)

    return build


def _compared(sign: str, *, floats: bool) -> _Build:
    def build(builder: Any, a: Any, b: Any) -> Any:
        return builder.fcmp_ordered(sign, a, b) if floats else builder.icmp_signed(sign, a, b)

    return build


for _lanes, _ops in (
    (
        FLOATS,
        (
            (operator.add, operator.iadd, "fadd"),
            (operator.sub, operator.isub, "fsub"),
            (operator.mul, operator.imul, "fmul"),
            (operator.truediv, operator.itruediv, "fdiv"),
        ),
    ),
    (
        INTS,
        (
            (operator.add, operator.iadd, "add"),
            (operator.sub, operator.isub, "sub"),
            (operator.mul, operator.imul, "mul"),
            (operator.and_, operator.iand, "and_"),
            (operator.or_, operator.ior, "or_"),
            (operator.xor, operator.ixor, "xor"),
            (operator.lshift, operator.ilshift, "shl"),
            (operator.rshift, operator.irshift, "lshr"),  # of bits, not of signed numbers
        ),
    ),
    (FLAGS, ((operator.and_, operator.iand, "and_"), (operator.or_, operator.ior, "or_"))),
):
    for _plain, _in_place, _name in _ops:
        _define((_plain, _in_place), _lanes, _lanes, _instruction(_name))

for _operator, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _define((_operator,), FLOATS, FLAGS, _compared(_sign, floats=True))
    _define((_operator,), INTS, FLAGS, _compared(_sign, floats=False))

# As the instructions do it, and min() and max() of Python: the first unless the second is less (greater).
_define((min,), FLOATS, FLOATS, lambda builder, a, b: builder.select(builder.fcmp_ordered("<", b, a), b, a))
_define((max,), FLOATS, FLOATS, lambda builder, a, b: builder.select(builder.fcmp_ordered(">", b, a), b, a))


# --- functions of a number, or of lanes -------------------------------------------------------------------------------


def _elementary(name: str) -> Any:
    """An LLVM intrinsic of one float, for a float32 or Floats."""

    def typed(typing_context, x):  # type: ignore[no-untyped-def]
        if x not in (types.float32, FLOATS):
            return None

        def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
            kind = FLOATS.vector if sig.args[0] == FLOATS else _F32
            suffix = "v16f32" if sig.args[0] == FLOATS else "f32"
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(kind, [kind]), f"llvm.{name}.{suffix}"
            )
            return builder.call(function, arguments)

        return signature(x, x), generate

    return intrinsic(typed)


root: Final = _elementary("sqrt")
floor_of: Final = _elementary("floor")


@intrinsic
def choose(typing_context, condition, yes, no):  # type: ignore[no-untyped-def]
    """`yes` where the condition holds, else `no`; with lanes for each lane. Both are worked out."""
    numbers = (types.float32, FLOATS)
    if condition == types.boolean and yes == no and not isinstance(yes, Lanes):
        result: Any = yes
    elif condition == FLAGS and yes in numbers and no in numbers:
        result = FLOATS
    elif condition == FLAGS and yes == no == INTS:
        result = INTS
    else:
        return None

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        flag, a, b = arguments
        kind = sig.return_type
        if not isinstance(kind, Lanes):
            return builder.select(flag, a, b)
        a, b = (_as_lanes(context, builder, v, k, kind) for v, k in ((a, sig.args[1]), (b, sig.args[2])))
        return builder.select(flag, a, b)

    return signature(result, condition, yes, no), generate


@intrinsic
def all_lanes(typing_context, number):  # type: ignore[no-untyped-def]
    """A float32 or an integer in all lanes."""
    lanes = FLOATS if number == types.float32 else INTS

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        return _as_lanes(context, builder, arguments[0], sig.args[0], lanes)

    if number != types.float32 and not isinstance(number, types.Integer):
        return None
    return signature(lanes, number), generate


@intrinsic
def lane_numbers(typing_context):  # type: ignore[no-untyped-def]
    """0.0, 1.0 ... 15.0."""

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        return ir.Constant(FLOATS.vector, [float(k) for k in range(LANES)])

    return signature(FLOATS), generate


@intrinsic
def to_ints(typing_context, x):  # type: ignore[no-untyped-def]
    """Towards zero."""

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        return builder.fptosi(arguments[0], INTS.vector if sig.args[0] == FLOATS else _I64)

    result = {FLOATS: INTS, types.float32: types.int64}.get(x)
    return (signature(result, x), generate) if result is not None else None


@intrinsic
def to_floats(typing_context, x):  # type: ignore[no-untyped-def]
    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        if sig.args[0] == INTS:
            return builder.sitofp(arguments[0], FLOATS.vector)
        return context.cast(builder, arguments[0], sig.args[0], types.float32)

    if x == INTS:
        return signature(FLOATS, x), generate
    return (signature(types.float32, x), generate) if isinstance(x, types.Integer) else None


@intrinsic
def bits_of(typing_context, flags):  # type: ignore[no-untyped-def]
    """A number whose bit k is set where the condition holds in lane k."""

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        return builder.zext(builder.bitcast(arguments[0], ir.IntType(LANES)), _I64)

    return (signature(types.int64, FLAGS), generate) if flags == FLAGS else None


@intrinsic
def lowest_bit(typing_context, bits):  # type: ignore[no-untyped-def]
    """Which is the lowest bit that is set in an int64 other than 0."""

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return (signature(types.int64, types.int64), generate) if bits == types.int64 else None


@intrinsic
def any_lane(typing_context, flags):  # type: ignore[no-untyped-def]
    """Whether a condition holds in some lane."""

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        bits = builder.bitcast(arguments[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return (signature(types.boolean, FLAGS), generate) if flags == FLAGS else None


# --- arrays -----------------------------------------------------------------------------------------------------------


def _place(context: Any, builder: Any, kind: Any, array: Any, row: Any, column: Any) -> Any:
    """Pointer to an element of a contiguous array of two dimensions."""
    made = context.make_array(kind)(context, builder, array)
    width = cgutils.unpack_tuple(builder, made.shape, 2)[1]
    return builder.gep(made.data, [builder.add(builder.mul(row, width), column)])


def _is_contiguous(array: Any, *dtypes: Any) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.dtype in dtypes


@intrinsic
def load(typing_context, array, row, column):  # type: ignore[no-untyped-def]
    """array[row, column : column + LANES] of float32, or of int32."""
    if not _is_contiguous(array, types.float32, types.int32) or array.ndim != 2:
        return None
    lanes = FLOATS if array.dtype == types.float32 else INTS

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        place = _place(context, builder, sig.args[0], *arguments)
        return builder.load(builder.bitcast(place, lanes.vector.as_pointer()), align=4)

    return signature(lanes, array, types.int64, types.int64), generate


@intrinsic
def store(typing_context, array, row, column, x):  # type: ignore[no-untyped-def]
    """array[row, column : column + LANES] = x, of float32; with Ints of int32, or of uint32 with the same bits."""
    wanted = {FLOATS: (types.float32,), INTS: (types.int32, types.uint32)}.get(x, ())
    if not _is_contiguous(array, *wanted) or array.ndim != 2:
        return None

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        place = _place(context, builder, sig.args[0], *arguments[:3])
        builder.store(arguments[3], builder.bitcast(place, sig.args[3].vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature(types.void, array, types.int64, types.int64, x), generate


def _gather(builder: Any, data: Any, index: Any, element: Any) -> Any:
    """What lies at data + index, by LLVM's masked.gather with all lanes wanted."""
    vector, flags = ir.VectorType(element, LANES), FLAGS.vector
    places = builder.gep(data, [index], source_etype=data.type.pointee)
    places.type = ir.VectorType(data.type, LANES)  # llvmlite knows only the type of a single pointer here
    name = f"llvm.masked.gather.v16{'f32' if element == _F32 else 'i32'}.v16p0"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vector, [places.type, _I32, flags, vector]), name
    )
    wanted = ir.Constant(flags, [1] * LANES)
    return builder.call(function, [places, ir.Constant(_I32, 1), wanted, ir.Constant(vector, ir.Undefined)])


@intrinsic
def take(typing_context, array, index):  # type: ignore[no-untyped-def]
    """Element `index` of an array's memory, in each lane: of float32, or of uint32 (as Ints)."""
    if not _is_contiguous(array, types.float32, types.uint32):
        return None

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        data = context.make_array(sig.args[0])(context, builder, arguments[0]).data
        if sig.args[1] == INTS:
            return _gather(builder, data, arguments[1], _F32 if sig.args[0].dtype == types.float32 else _I32)
        return builder.load(builder.gep(data, [context.cast(builder, arguments[1], sig.args[1], types.int64)]))

    if index == INTS:
        return signature(FLOATS if array.dtype == types.float32 else INTS, array, INTS), generate
    return (signature(array.dtype, array, index), generate) if isinstance(index, types.Integer) else None


@intrinsic
def take_bytes(typing_context, array, index):  # type: ignore[no-untyped-def]
    """The bytes index ... index + 3 of an array of bytes as one number, the first one lowest; in each lane."""
    if not _is_contiguous(array, types.uint8):
        return None

    def generate(context, builder, sig, arguments):  # type: ignore[no-untyped-def]
        data = context.make_array(sig.args[0])(context, builder, arguments[0]).data
        if sig.args[1] == INTS:
            return _gather(builder, data, arguments[1], _I32)
        place = builder.gep(data, [context.cast(builder, arguments[1], sig.args[1], types.int64)])
        return builder.load(builder.bitcast(place, _I32.as_pointer()), align=1)

    if index == INTS:
        return signature(INTS, array, INTS), generate
    return (signature(types.uint32, array, index), generate) if isinstance(index, types.Integer) else None
