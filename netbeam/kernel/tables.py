# cython: language_level=3
"""The columns of the tables that a plan holds: how the walk is told of layers."""

import cython

# Compiled, these are the enums of tables.pxd.
if not cython.compiled:
    # fmt: off
    (
        HEADER_LEN, LENGTH, LENGTH_UNIT, LENGTH_ADD, MEASURE, TOTAL, TOTAL_ADD, ZERO_IS_REST, CHECKS,
        CHECKS_END, PLAUSIBLE, PLAUSIBLE_END, FRAGMENT, FRAGMENT_MASK, MORE_MASK, ADDRESS_LEN,
        SOURCE_OFFSET, TARGET_OFFSET, PORTS, KEYS, KEYS_END, CONDITION, TABLE, TABLE_SIZE, REQUIRED,
        CERTAIN, LENGTH_BELOW, LENGTH_KEY, EITHER_ORDER, OPS, GREATEST, ENCODE, SELECTED,
        FACTS, FACTS_END,
    ) = range(35)
    # fmt: on
    LAYER_COLUMNS, NUMBER_COLUMNS, MOST_LAYERS, MOST_TYPES = 35, 6, 32, 512
