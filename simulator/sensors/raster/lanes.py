"""The innermost loop of the rasteriser, sixteen samples at a time.

LLVM turns the same loop written in Python into vector code only for long spans, and most spans are short: spelt out
it is four times as fast. All operations act on each lane alone and are those of the loop in the docstring, so the
results are the same bits on every processor, also where sixteen lanes are made of two or four registers.
"""

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["LANES", "draw_span"]

LANES: Final = 16

_I32: Final = ir.IntType(32)
_I64: Final = ir.IntType(64)
_F32: Final = ir.FloatType()
_INTS: Final = ir.VectorType(_I32, LANES)
_FLOATS: Final = ir.VectorType(_F32, LANES)
_LANE: Final = ir.Constant(_INTS, list(range(LANES)))


def _in_all_lanes(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, first, ir.Constant(_INTS, [0] * LANES))


@intrinsic
def draw_span(typing_context, zinv, triangle, row_start, first, end, start, slope, row):  # type: ignore[no-untyped-def]
    """Draw columns first <= i < end of one row of samples; the buffers are flat, the row begins at row_start.

        for i in range(first, end):
            z = start + slope * np.float32(i - first)
            if z > zinv[row_start + i]:
                zinv[row_start + i] = z
                triangle[row_start + i] = row

    It reads and writes back unchanged what is beside the span in its blocks of LANES columns, so rows must be whole
    blocks long.
    """
    signature = types.void(
        zinv, triangle, types.int64, types.int64, types.int64, types.float32, types.float32, types.int32
    )

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        zinv, triangle, row_start, first, end, start, slope, row = arguments
        zinv_row = builder.gep(context.make_array(signature.args[0])(context, builder, zinv).data, [row_start])
        triangle_row = builder.gep(context.make_array(signature.args[1])(context, builder, triangle).data, [row_start])
        first_32 = _in_all_lanes(builder, builder.trunc(first, _I32))
        end_32 = _in_all_lanes(builder, builder.trunc(end, _I32))
        starts, slopes, rows = (_in_all_lanes(builder, value) for value in (start, slope, row))
        block = builder.and_(first, ir.Constant(_I64, -LANES))
        with cgutils.for_range_slice(builder, block, end, ir.Constant(_I64, LANES), _I64) as (i, _):
            column = builder.add(_in_all_lanes(builder, builder.trunc(i, _I32)), _LANE)
            step = builder.sub(column, first_32)
            z = builder.fadd(starts, builder.fmul(slopes, builder.sitofp(step, _FLOATS)))
            zinv_block = builder.bitcast(builder.gep(zinv_row, [i]), _FLOATS.as_pointer())
            triangle_block = builder.bitcast(builder.gep(triangle_row, [i]), _INTS.as_pointer())
            old = builder.load(zinv_block, align=4)
            seen = builder.load(triangle_block, align=4)
            inside = builder.and_(builder.icmp_signed(">=", column, first_32), builder.icmp_signed("<", column, end_32))
            nearer = builder.and_(inside, builder.fcmp_ordered(">", z, old))
            builder.store(builder.select(nearer, z, old), zinv_block, align=4)
            builder.store(builder.select(nearer, rows, seen), triangle_block, align=4)
        return context.get_dummy_value()

    return signature, generate
