# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Reads of packets are covered by the comparisons in `elements`, of tables by the plan.
"""Variable parts of headers that are declared: repeated elements, lists of options, optional fields.

A group has elements, and an element has fields at fixed offsets, then variable parts of its own, up to its
end: it is written as a layer's record is. What a group may be, netbeam.declare.Part says.
"""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.parts import header_number, variable_part
    from cython.cimports.netbeam.kernel.wire import (
        END,
        GROUP,
        OP_COLUMNS,
        OPTION,
        VARIABLE,
        WELL,
        Writer,
        read_uint,
    )
else:
    from netbeam.kernel.parts import header_number, variable_part
    from netbeam.kernel.wire import (
        END,
        GROUP,
        OP_COLUMNS,
        OPTION,
        VARIABLE,
        WELL,
        Writer,
        read_uint,
    )

# Compiled, these are the enums of groups.pxd.
if not cython.compiled:
    FORMAT, OFFSET, SHIFT, MASK, LOW, HIGH, CONDITION_COLUMNS = range(7)
    PLACE, ROOM, WINDOW, WINDOW_UNIT, WINDOW_ADD, REPEAT, WRAP, LEAST, SIZED, SIZE = range(10)
    SIZE_UNIT, SIZE_ADD, PADDED, TAGGED, TAG = range(13, 18)
    ALONE, ALONE_TOO, SILENT, LAST, FIELDS, ROOM_FOR_FIELDS, ALONE_FIELDS = range(21, 28)
    CASES, CASES_END, GROUP_COLUMNS = range(28, 31)
    CASE_COLUMNS = 3
    AT_CURSOR, AHEAD, PLACED = range(3)
    ONCE, COUNTED, ALL = range(3)
    INLINE, MESSAGE, PACKED = range(3)
    FIXED_SIZE, OWN_SIZE, REST_SIZE = range(3)
    ZERO = 1 << 16

ENDLESS = cython.declare(cython.longlong, 1 << 62)
NO_TAG = cython.declare(cython.ulonglong, (1 << 64) - 1)
LONGEST = cython.declare(cython.ulonglong, (1 << 32) - 1)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def part(w: Writer, ops: cython.p_uint, row: cython.Py_ssize_t) -> cython.int:
    """Write the variable part that a row declares, if its condition holds; give WELL, or the fault in it."""
    condition: cython.Py_ssize_t = ops[row + 5]
    value: cython.ulonglong
    if condition != 0:
        value = number(w, ops, condition)
        if value < ops[condition + LOW] or value > ops[condition + HIGH]:
            return WELL
    if ops[row] == GROUP:
        return group(w, ops, ops[row + 4], ops[row + 7], header_number(w, ops, row))
    return variable_part(w, ops, row)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def number(w: Writer, ops: cython.p_uint, at: cython.Py_ssize_t) -> cython.ulonglong:
    """Read the number that the columns from `at` on describe, relative to the writer's head."""
    return (
        read_uint(w.data, w.head + ops[at + OFFSET], cython.cast(cython.int, ops[at + FORMAT]))
        >> ops[at + SHIFT]
        & ops[at + MASK]
    )


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def length(value: cython.ulonglong, unit: cython.uint, add: cython.uint) -> cython.Py_ssize_t:
    """Give the bytes that a length stands for; -1 when they are beyond all bounds."""
    if value > LONGEST:
        return -1
    return cython.cast(cython.Py_ssize_t, value) * unit + add - ZERO


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def group(
    w: Writer, ops: cython.p_uint, g: cython.Py_ssize_t, field: cython.uint, value: cython.ulonglong
) -> cython.int:
    """Write the elements of the group declared at `g`; `value` is the number of them or of their bytes."""
    cursor: cython.Py_ssize_t = w.cursor
    head: cython.Py_ssize_t = w.head
    limit: cython.Py_ssize_t = w.limit
    size: cython.Py_ssize_t
    fault: cython.int
    if ops[g + PLACE] == AHEAD:
        w.cursor = w.body
        w.limit = w.payload_end
    elif ops[g + PLACE] != AT_CURSOR:
        w.cursor = head + ops[g + PLACE] - PLACED
        w.limit = w.cursor + ops[g + ROOM]
    if ops[g + WINDOW] != 0:
        size = length(value, ops[g + WINDOW_UNIT], ops[g + WINDOW_ADD])
        if size < 0 or size > w.limit - w.cursor:
            w.limit = limit
            return VARIABLE
        w.limit = w.cursor + size
    fault = elements(w, ops, g, field, value)
    if ops[g + PLACE] == AHEAD:
        fault = WELL  # the next layer's
    if fault == WELL:
        if ops[g + PLACE] != AT_CURSOR:
            w.cursor = cursor
        elif ops[g + WINDOW] != 0:
            w.cursor = w.limit
    w.head = head
    w.limit = limit
    return fault


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def elements(
    w: Writer, ops: cython.p_uint, g: cython.Py_ssize_t, field: cython.uint, value: cython.ulonglong
) -> cython.int:
    """Write the elements of a group from the cursor up to the limit.

    At one that is malformed it stops, with the cursor on it or on the fault in it.
    """
    until: cython.Py_ssize_t = w.limit
    least: cython.Py_ssize_t = ops[g + LEAST]
    packed: cython.Py_ssize_t = -1
    here: cython.Py_ssize_t
    left: cython.Py_ssize_t
    size: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    row: cython.Py_ssize_t
    case: cython.Py_ssize_t
    tag: cython.ulonglong = NO_TAG
    seen: cython.ulonglong = 0
    count: cython.longlong = 1
    bit: cython.ulonglong
    wrap: cython.uint
    alone: cython.bint
    last: cython.bint
    fault: cython.int = WELL
    malformed: cython.int = VARIABLE
    if ops[g + REPEAT] == COUNTED:
        # More than are left in any packet end at the first one that is not whole.
        count = ENDLESS if value > LONGEST else cython.cast(cython.longlong, value)
    elif ops[g + REPEAT] == ALL:
        count = ENDLESS
        malformed = OPTION
    while count > 0 and not w.full and (malformed == VARIABLE or w.cursor < until):
        here = w.cursor
        left = until - here
        w.head = here
        alone = False
        if left >= 1 and (ops[g + ALONE] == w.data[here] + 1 or ops[g + ALONE_TOO] == w.data[here] + 1):
            alone = True
            tag = w.data[here]
            size = 1
            row = ops[g + ALONE_FIELDS]
        else:
            if left < least:
                fault = malformed
                break
            size = least
            row = ops[g + FIELDS]
            if ops[g + TAGGED] != 0:
                tag = number(w, ops, g + TAG)
            if ops[g + SIZED] == OWN_SIZE:
                size = length(number(w, ops, g + SIZE), ops[g + SIZE_UNIT], ops[g + SIZE_ADD])
                if size < least or size > left:
                    fault = malformed
                    break
            elif ops[g + SIZED] == REST_SIZE:
                size = left
        wrap = ops[g + WRAP]
        case = ops[g + CASES]
        while case < ops[g + CASES_END]:
            bit = cython.cast(cython.ulonglong, 1) << (case - ops[g + CASES]) // CASE_COLUMNS
            if ops[case] == tag and not seen & bit:
                if ops[case + 2] == 0:
                    seen |= bit
                row = ops[case + 1]
                wrap = INLINE
                break
            case += CASE_COLUMNS
        last = ops[g + LAST] != 0 and tag == cython.cast(cython.ulonglong, ops[g + LAST]) - 1
        if not (ops[g + SILENT] and (alone or last)):
            mark = -1
            if wrap == MESSAGE:
                mark = w.open(field)
            elif wrap == PACKED and packed < 0:
                packed = w.open(field)
            w.cursor = here + (1 if alone else least)
            w.limit = here + size
            fault = fields(w, ops, row, ops[g + ROOM_FOR_FIELDS])
            w.close(mark)
            if fault != WELL:
                break
        if ops[g + PADDED] > 1 and not alone:
            size += (ops[g + PADDED] - size % ops[g + PADDED]) % ops[g + PADDED]
        w.cursor = here + (size if size < left else left)
        count -= 1
        if last:
            break
    w.close(packed)
    return fault


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fields(w: Writer, ops: cython.p_uint, row: cython.Py_ssize_t, greatest: cython.Py_ssize_t) -> cython.int:
    """Write the fields of an element from `row` on, whose fixed ones take `greatest` bytes at most."""
    fault: cython.int
    while w.room(greatest):
        row = w.fields(ops, row)
        if ops[row] == END:
            break
        fault = part(w, ops, row)
        if fault != WELL:
            return fault
        row += OP_COLUMNS
    return WELL
