# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Reads of packets are covered by the comparisons with `captured_end` in `walk`, of tables by the plan.
"""The walk through the layers of each packet, and the encoding of their records.

Both are driven by the tables of a plan. A packet is walked first, so that every record can carry facts
of the layers around it (an IPv4 record the ports, an Ethernet record the length without padding).
"""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.digest import Digests
    from cython.cimports.netbeam.kernel.groups import part
    from cython.cimports.netbeam.kernel.parts import FIXED, SPANS, measure, variable_part
    from cython.cimports.netbeam.kernel.tables import (
        ADDRESS_LEN,
        CERTAIN,
        CHECKS,
        CHECKS_END,
        CONDITION,
        EITHER_ORDER,
        ENCODE,
        FRAGMENT,
        FRAGMENT_MASK,
        GREATEST,
        HEADER_LEN,
        KEYS,
        KEYS_END,
        LAYER_COLUMNS,
        LENGTH,
        LENGTH_ADD,
        LENGTH_BELOW,
        LENGTH_KEY,
        LENGTH_UNIT,
        MEASURE,
        MORE_MASK,
        MOST_LAYERS,
        MOST_TYPES,
        NUMBER_COLUMNS,
        OPS,
        PLAUSIBLE,
        PLAUSIBLE_END,
        PORTS,
        REQUIRED,
        SELECTED,
        SOURCE_OFFSET,
        TABLE,
        TABLE_SIZE,
        TARGET_OFFSET,
        TOTAL,
        TOTAL_ADD,
        ZERO_IS_REST,
    )
    from cython.cimports.netbeam.kernel.wire import (
        CHECK,
        DEPTH,
        END,
        GROUP,
        HEADER,
        OP_COLUMNS,
        OPTION,
        SHORT,
        TOTAL_LONG,
        TOTAL_SHORT,
        WELL,
        Writer,
        close_length,
        read_uint,
    )
else:
    from netbeam.kernel.digest import Digests
    from netbeam.kernel.groups import part
    from netbeam.kernel.parts import FIXED, SPANS, measure, variable_part
    from netbeam.kernel.tables import (
        ADDRESS_LEN,
        CERTAIN,
        CHECKS,
        CHECKS_END,
        CONDITION,
        EITHER_ORDER,
        ENCODE,
        FRAGMENT,
        FRAGMENT_MASK,
        GREATEST,
        HEADER_LEN,
        KEYS,
        KEYS_END,
        LAYER_COLUMNS,
        LENGTH,
        LENGTH_ADD,
        LENGTH_BELOW,
        LENGTH_KEY,
        LENGTH_UNIT,
        MEASURE,
        MORE_MASK,
        MOST_LAYERS,
        MOST_TYPES,
        NUMBER_COLUMNS,
        OPS,
        PLAUSIBLE,
        PLAUSIBLE_END,
        PORTS,
        REQUIRED,
        SELECTED,
        SOURCE_OFFSET,
        TABLE,
        TABLE_SIZE,
        TARGET_OFFSET,
        TOTAL,
        TOTAL_ADD,
        ZERO_IS_REST,
    )
    from netbeam.kernel.wire import (
        CHECK,
        DEPTH,
        END,
        GROUP,
        HEADER,
        OP_COLUMNS,
        OPTION,
        SHORT,
        TOTAL_LONG,
        TOTAL_SHORT,
        WELL,
        Writer,
        close_length,
        read_uint,
    )

# Compiled, these are the enums of walk.pxd.
if not cython.compiled:
    DECODED, UNKNOWN, ERROR = range(3)

AHEAD = cython.declare(cython.Py_ssize_t, 4)

REJECT_COLUMNS = 7
"""A reject: packet, UNKNOWN or ERROR, fault, layer, offset in the packet, and two numbers that explain it."""


@cython.final
@cython.cclass
class Walk:
    """Decodes the packets of one chunk after another by the tables of a plan, into one buffer a record type.

    Not thread-safe: every thread has its own. Holds the memory it was given; never resizes it.
    """

    keep: list
    buffers: dict
    layers: cython.p_longlong
    numbers: cython.p_longlong
    ops: cython.p_uint
    tables: cython.p_ushort
    index: cython.p_longlong
    data: cython.p_const_uchar
    w: Writer
    out: cython.p_uchar[512]
    position: cython.Py_ssize_t[512]
    room: cython.Py_ssize_t[512]
    records: cython.longlong[512]
    reserved: cython.Py_ssize_t[512]  # bytes left for the length of the next record, as the last one took
    # The layers of the packet at hand.
    depth: cython.int
    layer: cython.int[32]
    head: cython.Py_ssize_t[32]
    body: cython.Py_ssize_t[32]
    end: cython.Py_ssize_t[32]
    own_length: cython.bint[32]
    context: cython.int[32]
    contexts: cython.int
    context_at: cython.int[32]
    saved: cython.Py_ssize_t[32]
    source_port: cython.uint[32]
    target_port: cython.uint[32]
    # Where the walk stands: the header at hand, and the end of what it lies in, on the wire and captured.
    here: cython.Py_ssize_t
    until: cython.Py_ssize_t
    captured_end: cython.Py_ssize_t
    fragment: cython.bint
    stopped_at: cython.longlong
    legible: cython.int
    guessed: cython.bint
    # What became of it.
    kind: cython.int
    fault: cython.int
    fault_depth: cython.int
    fault_layer: cython.longlong
    fault_at: cython.Py_ssize_t
    need: cython.longlong
    have: cython.longlong
    # What became of all packets.
    rejects: cython.p_longlong
    rejects_room: cython.Py_ssize_t
    rejected: cython.Py_ssize_t
    blocked: cython.int
    truncated: cython.longlong
    captured: cython.longlong
    earliest: cython.longlong
    latest: cython.longlong
    digests: Digests
    digesting: cython.bint

    def __init__(self, layers, numbers, ops, tables, rejects, digests: Digests | None = None) -> None:
        """Take the tables of a plan (arrays of 'q', 'q', 'I', 'H') and room for rejects (an array of 'q').

        Packets are told to `digests` if they are wanted.
        """
        self.keep = [layers, numbers, ops, tables, rejects, None, None]
        self.buffers = {}
        self.w = Writer()
        self.rejects_room = len(rejects) // REJECT_COLUMNS
        self.rejected = 0
        if cython.compiled:
            signed: cython.longlong[::1] = layers
            self.layers = cython.address(signed[0])
            signed = numbers
            self.numbers = cython.address(signed[0])
            words: cython.uint[::1] = ops
            self.ops = cython.address(words[0])
            shorts: cython.ushort[::1] = tables
            self.tables = cython.address(shorts[0])
            signed = rejects
            self.rejects = cython.address(signed[0])
        else:
            self.layers, self.numbers, self.ops, self.tables, self.rejects = (
                layers,
                numbers,
                ops,
                tables,
                rejects,
            )
            self.out = [None] * MOST_TYPES
            self.position = [0] * MOST_TYPES
            self.room = [0] * MOST_TYPES
            self.records = [0] * MOST_TYPES
            self.reserved = [1] * MOST_TYPES
            self.layer = [0] * MOST_LAYERS
            self.head = [0] * MOST_LAYERS
            self.body = [0] * MOST_LAYERS
            self.end = [0] * MOST_LAYERS
            self.own_length = [False] * MOST_LAYERS
            self.context = [0] * MOST_LAYERS
            self.context_at = [0] * MOST_LAYERS
            self.saved = [0] * MOST_LAYERS
            self.source_port = [0] * MOST_LAYERS
            self.target_port = [0] * MOST_LAYERS
        self.digesting = digests is not None
        self.digests = digests
        if self.digesting:
            self.digests.attach(
                self.layers,
                self.numbers,
                self.layer,
                self.head,
                self.body,
                self.end,
                self.context_at,
                self.source_port,
                self.target_port,
            )

    def attach(self, number: cython.int, buffer: bytearray, room: cython.Py_ssize_t) -> None:
        """Give record type `number` the buffer to go on in, SLACK bytes longer than `room`.

        What lies in the buffer that it had must lie in this one too.
        """
        self.buffers[number] = buffer
        if cython.compiled:
            view: cython.uchar[::1] = buffer
            self.out[number] = cython.address(view[0])
        else:
            self.out[number] = buffer
        self.room[number] = room
        self.reserved[number] = 1

    def take(self, number: cython.int) -> tuple:
        """Give (bytes, records) that lie in the buffer of a record type, and start it afresh."""
        result = (self.position[number], self.records[number])
        self.position[number] = 0
        self.records[number] = 0
        return result

    def open(self, data, index) -> None:
        """Start a chunk: its bytes and the rows of its packets (array of 'q')."""
        self.keep[5] = data
        self.keep[6] = index
        self.truncated = 0
        self.captured = 0
        self.earliest = 0
        self.latest = 0
        if cython.compiled:
            if len(index):
                rows: cython.longlong[::1] = index
                self.index = cython.address(rows[0])
            if len(data):
                view: cython.const[cython.uchar][::1] = data
                self.data = cython.address(view[0])
        else:
            self.index = index
            self.data = data
        self.w.data = self.data
        if self.digesting:
            self.digests.reserve(len(index) // 5)
            self.digests.open(self.data)

    def close(self) -> tuple:
        """End a chunk, dropping its bytes; give packets cut, captured bytes, earliest and latest time."""
        self.keep[5] = self.keep[6] = None
        if not cython.compiled:
            self.data = self.index = self.w.data = None
        return self.truncated, self.captured, self.earliest, self.latest

    def run(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Decode packets [first, last); give the packet at which it stopped, `last` when none was left.

        It stops before a packet for which a buffer has no room; `full` then says which.
        """
        w: Writer = self.w
        digests: Digests | None = self.digests
        with cython.nogil:
            first = self.packets(w, digests, first, last)
        return first  # noqa: RET504, no return without the GIL

    def full(self) -> int:
        """Give the record type whose buffer was full when `run` stopped, or -1 for the rejects."""
        return self.blocked

    def drain(self) -> int:
        """Give the number of rejects written since the last call, and start them afresh."""
        count = self.rejected
        self.rejected = 0
        return count

    def stack(self, packet: cython.Py_ssize_t) -> list:
        """Walk one packet; give (layer, offset, header bytes, payload bytes) of each of its layers."""
        start: cython.Py_ssize_t = self.index[packet * 5]
        self.walk(
            start,
            start + self.index[packet * 5 + 1],
            start + self.index[packet * 5 + 2],
            self.index[packet * 5 + 4],
        )
        return [
            (self.layer[i], self.head[i] - start, self.body[i] - self.head[i], self.end[i] - self.body[i])
            for i in range(self.depth)
        ]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def packets(
        self, w: Writer, digests: Digests | None, first: cython.Py_ssize_t, last: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        i: cython.Py_ssize_t = first
        row: cython.Py_ssize_t
        start: cython.Py_ssize_t
        captured: cython.Py_ssize_t
        length: cython.Py_ssize_t
        end: cython.Py_ssize_t
        time: cython.longlong
        depth: cython.int
        while i < last:
            row = i * 5
            start = self.index[row]
            captured = self.index[row + 1]
            length = self.index[row + 2]
            time = self.index[row + 3]
            if self.rejected == self.rejects_room:
                self.blocked = -1
                return i
            if cython.compiled and i + AHEAD < last:
                # The headers of a packet to come: waiting for them took a quarter of the walk.
                fetch(cython.address(self.data[self.index[row + 5 * AHEAD]]))  # noqa: F821 - from walk.pxd
                fetch(cython.address(self.data[self.index[row + 5 * AHEAD] + 64]))  # noqa: F821
            end = start + (length if length < 0x7FFFFFFF else 0x7FFFFFFF)  # what a PayloadSize can hold
            self.walk(start, start + captured, end, self.index[row + 4])
            if not self.encode(w, time, start + captured):
                return i
            if self.kind != DECODED:
                self.reject(i, start)
            if self.digesting:
                depth = self.depth + self.glimpse()
                digests.packet(depth, self.legible, self.contexts, i, start, start + captured, length, time)
            if captured < length:
                self.truncated += 1
            if i == 0 or time < self.earliest:
                self.earliest = time
            if i == 0 or time > self.latest:
                self.latest = time
            self.captured += captured
            i += 1
        return last

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def reject(self, packet: cython.Py_ssize_t, start: cython.Py_ssize_t) -> cython.void:
        row: cython.Py_ssize_t = self.rejected * 7
        self.rejects[row] = packet
        self.rejects[row + 1] = self.kind
        self.rejects[row + 2] = self.fault
        self.rejects[row + 3] = self.fault_layer
        self.rejects[row + 4] = self.fault_at - start
        self.rejects[row + 5] = self.need
        self.rejects[row + 6] = self.have
        self.rejected += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note(
        self,
        fault: cython.int,
        layer: cython.longlong,
        at: cython.Py_ssize_t,
        need: cython.longlong,
        have: cython.longlong,
    ) -> cython.void:
        """Make the packet an error; the outermost fault is the reason."""
        if self.kind == ERROR and self.fault_depth <= self.depth:
            return
        self.kind = ERROR
        self.fault = fault
        self.fault_depth = self.depth
        self.fault_layer = layer
        self.fault_at = at
        self.need = need
        self.have = have

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def read(self, row: cython.longlong, head: cython.Py_ssize_t) -> cython.longlong:
        """Read the number that a row of the numbers table describes."""
        r: cython.p_longlong = self.numbers
        at: cython.longlong = row * NUMBER_COLUMNS
        here: cython.Py_ssize_t = head + r[at + 1]
        value: cython.ulonglong
        if r[at] == 2:
            value = cython.cast(cython.uint, self.data[here]) << 8 | self.data[here + 1]
        elif r[at] == 1:
            value = self.data[here]
        else:
            value = read_uint(self.data, here, cython.cast(cython.int, r[at]))
        return cython.cast(cython.longlong, value >> r[at + 2] & r[at + 3])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def failing(
        self, row: cython.longlong, last: cython.longlong, head: cython.Py_ssize_t
    ) -> cython.longlong:
        """Give the first of the checks [row, last) that does not hold, or -1."""
        value: cython.longlong
        while row < last:
            value = self.read(row, head)
            if (
                value < self.numbers[row * NUMBER_COLUMNS + 4]
                or value > self.numbers[row * NUMBER_COLUMNS + 5]
            ):
                return row
            row += 1
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def shorten(self, stop: cython.Py_ssize_t) -> cython.void:
        """End at `stop` the enclosing layers that have no length of their own: padding lies beyond."""
        i: cython.int = self.depth - 1
        while i >= 0 and not self.own_length[i]:
            if stop < self.end[i]:
                self.end[i] = stop
            i -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def walk(
        self,
        start: cython.Py_ssize_t,
        captured_end: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        link: cython.longlong,
    ) -> cython.void:
        """Find the layers of the packet in [start, captured_end), which was [start, end) on the wire."""
        layer: cython.longlong = 0
        size: cython.Py_ssize_t
        stop: cython.Py_ssize_t
        self.depth = 0
        self.contexts = 0
        self.kind = DECODED
        self.fragment = False
        self.guessed = False
        self.stopped_at = 0
        self.here = start
        self.until = end
        self.captured_end = captured_end
        if 0 <= link < self.layers[TABLE_SIZE]:
            layer = self.tables[self.layers[TABLE] + link]
        if layer == 0:
            self.unknown(0, start, link)
        while layer != 0:
            if self.depth == MOST_LAYERS:
                self.note(DEPTH, layer, start, MOST_LAYERS, 0)
                return
            size = self.header(layer)
            stop = self.payload_end(layer, size) if size >= 0 else -1
            if stop < 0:
                self.stopped_at = layer
                return
            self.enter(layer, size, stop)
            layer = self.carried(layer)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def header(self, layer: cython.longlong) -> cython.Py_ssize_t:
        """Give the length of the header at hand, or -1 when it is not whole or not well formed."""
        t: cython.p_longlong = self.layers
        at: cython.longlong = layer * LAYER_COLUMNS
        head: cython.Py_ssize_t = self.here
        size: cython.Py_ssize_t = t[at + HEADER_LEN]
        left: cython.Py_ssize_t = self.until - head
        captured: cython.Py_ssize_t = self.captured_end - head
        value: cython.longlong
        if size > left:
            if not self.fragment:
                self.note(SHORT, layer, head, size, left)
            return -1
        if size > captured:
            return -1
        value = self.failing(t[at + CHECKS], t[at + CHECKS_END], head)
        if value >= 0:
            self.note(CHECK, layer, head, value, self.read(value, head))
            return -1
        if t[at + LENGTH] >= 0:
            value = self.read(t[at + LENGTH], head) * t[at + LENGTH_UNIT] + t[at + LENGTH_ADD]
            if value < size:
                self.note(HEADER, layer, head, size, value)
                return -1
            size = value
        elif t[at + MEASURE] == SPANS:
            if self.fragment:
                return -1  # it goes on in the next fragment
            size = left
        elif t[at + MEASURE] != FIXED:
            size = measure(
                self.data,
                cython.cast(cython.uint, t[at + MEASURE]),
                head,
                head + (left if left < captured else captured),
            )
        if size > captured and captured < left:
            return -1
        if size > left:
            if not self.fragment:
                self.note(SHORT, layer, head, size, left)
            return -1
        return size

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def payload_end(self, layer: cython.longlong, size: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Give where the payload behind `size` bytes of header ends; -1 when its length contradicts them."""
        t: cython.p_longlong = self.layers
        at: cython.longlong = layer * LAYER_COLUMNS
        left: cython.Py_ssize_t = self.until - self.here
        value: cython.longlong
        self.own_length[self.depth] = False
        if t[at + TOTAL] < 0:
            return self.until
        value = self.read(t[at + TOTAL], self.here)
        if value == 0 and left > t[at + ZERO_IS_REST]:
            return self.until
        value += t[at + TOTAL_ADD]
        if self.guessed and (value < size or value > left):
            return -1
        if value < size:
            self.note(TOTAL_SHORT, layer, self.here, size, value)
            return -1
        self.own_length[self.depth] = True
        if value > left:
            if not self.fragment:
                self.note(TOTAL_LONG, layer, self.here, value, left)
            return self.until
        self.shorten(self.here + value)
        return self.here + value

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def enter(self, layer: cython.longlong, size: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.void:
        """Put a layer on the stack, with the addresses and ports that hold from it on."""
        t: cython.p_longlong = self.layers
        at: cython.longlong = layer * LAYER_COLUMNS
        self.layer[self.depth] = cython.cast(cython.int, layer)
        self.head[self.depth] = self.here
        self.body[self.depth] = self.here + size
        self.end[self.depth] = stop
        if t[at + ADDRESS_LEN] != 0:
            self.context_at[self.contexts] = self.depth
            self.source_port[self.contexts] = 0
            self.target_port[self.contexts] = 0
            self.contexts += 1
        self.context[self.depth] = self.contexts - 1
        if t[at + PORTS] >= 0 and self.contexts > 0:
            self.source_port[self.contexts - 1] = cython.cast(
                cython.uint, self.read(t[at + PORTS], self.here)
            )
            self.target_port[self.contexts - 1] = cython.cast(
                cython.uint, self.read(t[at + PORTS] + 1, self.here)
            )
        self.depth += 1
        self.until = stop

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def glimpse(self) -> cython.int:
        """Put a header with ports at which the walk stopped on the stack; give how many, 0 or 1.

        It is there for flows alone: each SYN in a capture of 68 bytes a packet, once usual, would lie outside
        its connection without it.
        `legible` are the layers whose numbers can be read.
        """
        t: cython.p_longlong = self.layers
        at: cython.longlong = self.stopped_at * LAYER_COLUMNS
        head: cython.Py_ssize_t = self.here
        size: cython.longlong = t[at + HEADER_LEN]
        stop: cython.Py_ssize_t = min(self.until, self.captured_end)
        self.legible = self.depth
        if (
            self.stopped_at == 0
            or self.contexts == 0
            or t[at + PORTS] < 0
            or head + self.numbers[(t[at + PORTS] + 1) * NUMBER_COLUMNS + 1] + 2 > stop
        ):
            return 0
        if head + size <= stop:
            if t[at + LENGTH] >= 0:
                size = self.read(t[at + LENGTH], head) * t[at + LENGTH_UNIT] + t[at + LENGTH_ADD]
            if size >= t[at + HEADER_LEN]:
                self.legible += 1
            else:
                size = t[at + HEADER_LEN]
        self.layer[self.depth] = cython.cast(cython.int, self.stopped_at)
        self.head[self.depth] = head
        self.body[self.depth] = min(head + size, self.until)
        self.end[self.depth] = self.until
        self.source_port[self.contexts - 1] = cython.cast(cython.uint, self.read(t[at + PORTS], head))
        self.target_port[self.contexts - 1] = cython.cast(cython.uint, self.read(t[at + PORTS] + 1, head))
        return 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def carried(self, layer: cython.longlong) -> cython.longlong:
        """Give the layer that the one just entered carries, and go to its start; 0 where the walk ends."""
        t: cython.p_longlong = self.layers
        at: cython.longlong = layer * LAYER_COLUMNS
        row: cython.longlong = t[at + KEYS]
        head: cython.Py_ssize_t = self.here
        key: cython.longlong = 0
        child: cython.longlong = 0
        value: cython.longlong
        self.here = self.body[self.depth - 1]
        if t[at + FRAGMENT] >= 0:
            value = self.read(t[at + FRAGMENT], head)
            if value & t[at + FRAGMENT_MASK]:
                return 0
            if value & t[at + MORE_MASK]:
                self.fragment = True
        if row == t[at + KEYS_END]:
            if t[at + MEASURE] > SPANS:
                self.shorten(self.here)
            return 0
        if t[at + CONDITION] >= 0 and self.failing(t[at + CONDITION], t[at + CONDITION] + 1, head) >= 0:
            self.unknown(layer, head, self.read(t[at + CONDITION], head))
            if self.kind == UNKNOWN:
                self.fault = CHECK
            return 0
        while row < t[at + KEYS_END] and child == 0:
            key = self.read(row, head)
            if t[at + EITHER_ORDER] != 0 and key > 65535:
                key = (key & 255) << 24 | (key >> 8 & 255) << 16 | (key >> 16 & 255) << 8 | key >> 24
            if key < t[at + LENGTH_BELOW]:
                self.bound(layer, head, key)
                key = t[at + LENGTH_KEY]
            if key < t[at + TABLE_SIZE]:
                child = self.tables[t[at + TABLE] + key]
            if child != 0 and t[at + CERTAIN] == 0 and not self.likely(child):
                child = 0
            row += 1
        if child == 0:
            if t[at + REQUIRED] != 0:
                self.unknown(layer, head, key)
            return 0
        self.guessed = t[at + CERTAIN] == 0
        if self.guessed:
            self.own_length[self.depth - 1] = True  # what the guess leaves over is no padding
        return child

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bound(self, layer: cython.longlong, head: cython.Py_ssize_t, length: cython.longlong) -> cython.void:
        """Bound the payload of the layer just entered by the length that stands in its EtherType's place."""
        if self.here + length > self.until:
            self.depth -= 1
            self.note(TOTAL_LONG, layer, head, length, self.until - self.here)
            self.depth += 1
        else:
            self.until = self.here + length
            self.shorten(self.until)
        self.own_length[self.depth - 1] = True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def likely(self, layer: cython.longlong) -> cython.bint:
        """Tell whether what follows may be the layer that a port suggests."""
        t: cython.p_longlong = self.layers
        at: cython.longlong = layer * LAYER_COLUMNS
        if self.until - self.here < t[at + HEADER_LEN]:
            return False
        if self.captured_end - self.here < t[at + HEADER_LEN]:
            return True
        return self.failing(t[at + PLAUSIBLE], t[at + PLAUSIBLE_END], self.here) < 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def unknown(self, layer: cython.longlong, at: cython.Py_ssize_t, number: cython.longlong) -> cython.void:
        """Make the packet unknown for a number in `layer` that nobody declared, unless it is an error."""
        if self.kind == DECODED:
            self.kind = UNKNOWN
            self.fault = WELL
            self.fault_layer = layer
            self.fault_at = at
            self.need = number
            self.have = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def encode(self, w: Writer, time: cython.longlong, captured_end: cython.Py_ssize_t) -> cython.bint:
        """Write the records of the walked layers; false, and nothing written, when a buffer lacks room."""
        saved: cython.p_Py_ssize_t = self.saved
        t: cython.p_longlong = self.layers
        ops: cython.p_uint = self.ops
        i: cython.int
        k: cython.int
        at: cython.longlong
        above: cython.longlong
        row: cython.Py_ssize_t
        fault: cython.int
        context: cython.int = -1
        w.begin(time)
        for i in range(self.depth):
            k = self.layer[i]
            at = k * LAYER_COLUMNS
            if self.context[i] != context:
                context = self.context[i]
                above = self.layer[self.context_at[context]] * LAYER_COLUMNS
                w.addresses(
                    self.head[self.context_at[context]] + t[above + SOURCE_OFFSET],
                    self.head[self.context_at[context]] + t[above + TARGET_OFFSET],
                    cython.cast(cython.int, t[above + ADDRESS_LEN]),
                )
                w.source_port = self.source_port[context]
                w.target_port = self.target_port[context]
            saved[i] = -1
            if t[at + ENCODE] == 0:
                continue
            w.out = self.out[k]
            w.at = self.position[k] + self.reserved[k]
            w.end = self.room[k]
            w.head = self.head[i]
            w.body = self.body[i]
            w.payload_end = self.end[i] if self.end[i] < captured_end else captured_end
            w.payload_size = self.end[i] - self.body[i]
            w.cursor = self.head[i] + t[at + HEADER_LEN]
            w.limit = self.body[i]
            row = t[at + OPS]
            fault = WELL
            while w.room(t[at + GREATEST]):
                row = w.fields(ops, row)
                if ops[row] == END:
                    break
                if ops[row] == GROUP or ops[row + 5] != 0:
                    fault = part(w, ops, row)
                else:  # a call less for the options of TCP
                    fault = variable_part(w, ops, row)
                if w.full or fault > OPTION:
                    break
                if fault == OPTION:  # the record keeps the options before this one
                    self.fail(w, fault, i)
                    fault = WELL
                row += OP_COLUMNS
            if w.full:
                w.full = False
                self.blocked = k
                self.undo(saved, i)
                return False
            if fault != WELL:
                self.fail(w, fault, i)
                break
            if t[at + SELECTED] != 0:
                saved[i] = self.position[k]
                self.position[k] = close_length(w.out, self.position[k], self.reserved[k], w.at)
                self.reserved[k] = 1 if self.position[k] - saved[i] < 129 else 2
                self.records[k] += 1
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fail(self, w: Writer, fault: cython.int, i: cython.int) -> cython.void:
        """Note a fault in the content of layer `i`, at the writer's cursor."""
        depth: cython.int = self.depth
        self.depth = i
        self.note(fault, self.layer[i], w.cursor, w.cursor - w.head, w.limit - w.head)
        self.depth = depth

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def undo(self, saved: cython.p_Py_ssize_t, layers: cython.int) -> cython.void:
        """Take back the records of the outermost `layers` layers."""
        i: cython.int = layers - 1
        while i >= 0:
            if saved[i] >= 0:
                self.position[self.layer[i]] = saved[i]
                self.records[self.layer[i]] -= 1
            i -= 1
