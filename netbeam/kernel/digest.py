# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Reads of packets are compared with the header's or the message's captured end.
"""Digests: what flows need to know of each packet, gathered chunk by chunk while its layers are known.

What packets have in common (addresses, ports, VLANs, tunnel, MAC addresses, the options of a SYN) lies in
rows, once for each chunk and direction: a word with a bit for each of ROW_WORDS that is not zero, and these.
A digest holds the rest, and the number of its row. All of it is put
in PARTITIONS by the unordered pair of addresses, so that both directions of a flow, and the answers of DNS
that a client got for an address, come together.
"""

from array import array

import cython

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_FromStringAndSize
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.libc.string import memcpy
    from cython.cimports.netbeam.kernel.dns import after_name, name
    from cython.cimports.netbeam.kernel.keys import Keys, mixed
    from cython.cimports.netbeam.kernel.tables import (
        ADDRESS_LEN,
        FACTS,
        FACTS_END,
        LAYER_COLUMNS,
        NUMBER_COLUMNS,
        PORTS,
        SOURCE_OFFSET,
        TARGET_OFFSET,
    )
    from cython.cimports.netbeam.kernel.wire import ALL_64, Writer, read_u32, read_uint
else:
    from netbeam.kernel.dns import after_name, name
    from netbeam.kernel.keys import Keys, mixed
    from netbeam.kernel.tables import (
        ADDRESS_LEN,
        FACTS,
        FACTS_END,
        LAYER_COLUMNS,
        NUMBER_COLUMNS,
        PORTS,
        SOURCE_OFFSET,
        TARGET_OFFSET,
    )
    from netbeam.kernel.wire import ALL_64, Writer, read_u32, read_uint

# Compiled, these are the enums of digest.pxd.
if not cython.compiled:
    # fmt: off
    (
        SOURCE_MAC, TARGET_MAC, VLAN, TUNNEL_ID, TTL, PROTOCOL, MESSAGE_TYPE, MESSAGE_CODE, SEQUENCE,
        ACKNOWLEDGEMENT, FLAGS, WINDOW, ANSWERS, FACT_KINDS,
    ) = range(14)
    # fmt: on
    FACT_COLUMNS = 3
    ROW_SOURCE, ROW_TARGET, ROW_ENDS, ROW_SOURCE_MAC, ROW_TARGET_MAC, ROW_VLANS = 0, 2, 4, 5, 6, 7
    ROW_TUNNEL_ID, ROW_TUNNEL, ROW_OUTER = 8, 9, 10
    ROW_PACKETS, ROW_WIRE_BYTES, ROW_IP_BYTES, ROW_FIRST, ROW_LAST = range(14, 19)
    ROW_KEY, ROW_WORDS, DIGEST_WORDS, ANSWER_WORDS, PARTITIONS = 14, 19, 6, 8, 64
    SIZES = 5
    CUT, SEGMENT = 1, 2
    HAS_SCALE, SACK_PERMITTED, TIMESTAMPS, HAS_MSS = 1, 2, 4, 8
    NO_MESSAGE = 0xFFFF

BIAS = cython.declare(cython.ulonglong, 1 << 63)
"""Added to times, so that they are in order as unsigned numbers."""
STRIDE = cython.declare(cython.int, 20)
"""A row here, whose last word is its partition, then its number there."""
MOST_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
SYN = cython.declare(cython.ulonglong, 2)
ONE = cython.declare(cython.ulonglong, 1)
NAME_ROOM = cython.declare(cython.Py_ssize_t, 512)
"""Bytes that a name of DNS and its Writer's slack take at most."""


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def partition_of(
    high: cython.ulonglong, low: cython.ulonglong, other_high: cython.ulonglong, other_low: cython.ulonglong
) -> cython.ulonglong:
    """Give the partition of two addresses of two words, in either order."""
    if cython.compiled:
        pair: cython.ulonglong[3]
    else:
        pair = [0, 0, 0]
    pair[0] = high ^ other_high
    pair[1] = low ^ other_low
    pair[2] = (low + other_low) & ALL_64
    return mixed(pair, 3) >> 58


@cython.final
@cython.cclass
class Digests:
    """Gathers the rows, digests and answers of one chunk after another.

    Belongs to one Walk, whose stack it reads. With `devices` rows count, and frames without IP have some too.
    Where memory ends `failed` is set.
    """

    def __init__(self, facts, devices: cython.bint) -> None:
        """Take the facts table of a plan (array of 'q')."""
        self.keep = [facts, None]
        self.devices = devices
        self.failed = False
        self.rows = Keys(ROW_KEY, STRIDE)
        self.w = Writer()
        self.answer_room = 0
        self.text_room = 0
        if cython.compiled:
            signed: cython.longlong[::1] = facts
            self.facts = cython.address(signed[0])
        else:
            self.facts = facts
            self.key = [0] * ROW_KEY
            self.fact = [0] * FACT_KINDS
            self.answers = []
            self.text = bytearray()
            self.tally = [[0] * SIZES for _ in range(PARTITIONS)]
            self.text_start = [0] * PARTITIONS

    def __dealloc__(self):
        if cython.compiled:
            free(self.answers)
            free(self.text)

    @cython.cfunc
    @cython.exceptval(check=False)
    def attach(
        self,
        layers: cython.p_longlong,
        numbers: cython.p_longlong,
        layer: cython.p_int,
        head: cython.p_Py_ssize_t,
        body: cython.p_Py_ssize_t,
        end: cython.p_Py_ssize_t,
        context_at: cython.p_int,
        source_port: cython.p_uint,
        target_port: cython.p_uint,
    ) -> cython.void:
        """Take the tables and the stack of the walk."""
        self.layers = layers
        self.numbers = numbers
        self.layer = layer
        self.head = head
        self.body = body
        self.end = end
        self.context_at = context_at
        self.source_port = source_port
        self.target_port = target_port

    @cython.cfunc
    @cython.exceptval(check=False)
    def open(self, data: cython.p_const_uchar) -> cython.void:
        """Start a chunk whose bytes are `data`."""
        self.data = data
        self.w.data = data
        self.rows.clear()
        self.count = 0
        self.ip_packets = 0
        self.answered = 0
        self.w.at = 0

    def reserve(self, packets: cython.Py_ssize_t) -> None:
        """Make room for the digests of a chunk."""
        self.keep[1] = room = array("Q", bytes(8 * DIGEST_WORDS * max(packets, 1)))
        if cython.compiled:
            words: cython.ulonglong[::1] = room
            self.digests = cython.address(words[0])
        else:
            self.digests = room

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def packet(
        self,
        depth: cython.int,
        legible: cython.int,
        contexts: cython.int,
        number: cython.Py_ssize_t,
        start: cython.Py_ssize_t,
        captured_end: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        time: cython.longlong,
    ) -> cython.void:
        """Take packet `number` of the chunk, whose layers are on the walk's stack.

        Of `depth` layers numbers are read in the first `legible`.
        """
        stamp: cython.ulonglong = (cython.cast(cython.ulonglong, time) + BIAS) & ALL_64
        inner: cython.int = depth
        ip_length: cython.ulonglong = 0
        row: cython.Py_ssize_t
        words: cython.p_ulonglong = self.digests
        i: cython.int
        if depth == 0 or (contexts == 0 and not self.devices):
            return
        for i in range(ROW_KEY):
            self.key[i] = 0
        for i in range(FACT_KINDS):
            self.fact[i] = 0
        if contexts > 0:
            inner = self.context_at[contexts - 1]
            ip_length = cython.cast(cython.ulonglong, self.end[inner] - self.head[inner]) & MOST_32
        self.gather(legible, inner, self.context_at[0] if contexts > 0 else depth)
        if contexts > 0:
            self.name_flow(contexts, inner, captured_end)
        self.key[ROW_ENDS] |= cython.cast(cython.ulonglong, self.layer[0])
        row = self.count_in_row(contexts, stamp, cython.cast(cython.ulonglong, length), ip_length)
        if contexts == 0 or row < 0:
            return
        self.ip_packets += 1
        i = self.count * DIGEST_WORDS
        words[i] = stamp
        words[i + 1] = cython.cast(cython.ulonglong, number) << 32 | cython.cast(cython.ulonglong, row)
        words[i + 2] = (cython.cast(cython.ulonglong, start) & MOST_32) << 32 | (
            cython.cast(cython.ulonglong, length) & MOST_32
        )
        words[i + 3] = ip_length << 32 | self.payload(depth)
        words[i + 4] = self.fact[SEQUENCE] << 32 | self.fact[ACKNOWLEDGEMENT]
        words[i + 5] = (
            self.fact[WINDOW] << 48
            | self.fact[FLAGS] << 32
            | self.fact[TTL] << 24
            | cython.cast(cython.ulonglong, (CUT if captured_end - start < length else 0)) << 16
            | cython.cast(cython.ulonglong, (SEGMENT if self.segment else 0)) << 16
            | self.application(depth)
        )
        self.count += 1
        if self.answering >= 0 and self.fact[ANSWERS] != 0:
            self.answer(self.answering, captured_end, number, stamp)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def read(self, row: cython.longlong, head: cython.Py_ssize_t) -> cython.ulonglong:
        """Read the number that a row of the numbers table describes."""
        at: cython.longlong = row * NUMBER_COLUMNS
        value: cython.ulonglong = read_uint(
            self.data, head + self.numbers[at + 1], cython.cast(cython.int, self.numbers[at])
        )
        return value >> self.numbers[at + 2] & cython.cast(cython.ulonglong, self.numbers[at + 3])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def gather(self, depth: cython.int, inner: cython.int, outer: cython.int) -> cython.void:
        """Collect the facts of all layers; the flow's own are those from layer `inner` on.

        MAC addresses are those before the `outer` IP header, VLANs and tunnels those before the inner one.
        """
        i: cython.int
        at: cython.longlong
        row: cython.longlong
        kind: cython.longlong
        where: cython.longlong
        value: cython.ulonglong
        self.transport = inner
        self.segment = False
        self.message = False
        self.answering = -1
        for i in range(depth):
            at = cython.cast(cython.longlong, self.layer[i]) * LAYER_COLUMNS
            row = self.layers[at + FACTS]
            while row < self.layers[at + FACTS_END]:
                kind = self.facts[row]
                where = self.facts[row + 1] * NUMBER_COLUMNS
                if self.head[i] + self.numbers[where + 1] + self.numbers[where] <= self.body[
                    i
                ] and self.holds(self.facts[row + 2], self.head[i]):
                    value = self.read(self.facts[row + 1], self.head[i])
                    if kind <= TARGET_MAC:
                        if i < outer and self.key[ROW_SOURCE_MAC + kind] == 0:
                            self.key[ROW_SOURCE_MAC + kind] = value
                    elif kind == VLAN:
                        if i < inner and self.key[ROW_VLANS] >> 48 == 0:
                            self.key[ROW_VLANS] = self.key[ROW_VLANS] << 16 | value | 0x1000
                    elif kind == TUNNEL_ID:
                        if i < inner:
                            self.key[ROW_TUNNEL_ID] = value
                            self.key[ROW_TUNNEL] = cython.cast(cython.ulonglong, self.layer[i]) << 48
                    elif i >= inner:
                        self.fact[kind] = value
                        if kind == PROTOCOL:
                            self.transport = i + 1
                        elif kind == SEQUENCE:
                            self.segment = True
                        elif kind == MESSAGE_TYPE:
                            self.message = True
                        elif kind == ANSWERS:
                            self.answering = i
                row += FACT_COLUMNS

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def holds(self, row: cython.longlong, head: cython.Py_ssize_t) -> cython.bint:
        """Tell whether the condition in a row of the numbers table holds; -1 is none."""
        value: cython.longlong
        if row < 0:
            return True
        value = cython.cast(cython.longlong, self.read(row, head))
        return (
            self.numbers[row * NUMBER_COLUMNS + 4] <= value
            and value <= self.numbers[row * NUMBER_COLUMNS + 5]
        )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def name_flow(
        self, contexts: cython.int, inner: cython.int, captured_end: cython.Py_ssize_t
    ) -> cython.void:
        """Put what names the flow in the key: addresses, ports, protocol, tunnel; and a SYN's options."""
        key: cython.p_ulonglong = self.key
        outer: cython.int
        version: cython.ulonglong = self.address(inner, ROW_SOURCE)
        key[ROW_ENDS] = self.fact[PROTOCOL] << 24 | version << 16
        if self.source_port[contexts - 1] | self.target_port[contexts - 1]:
            key[ROW_ENDS] |= cython.cast(cython.ulonglong, self.source_port[contexts - 1]) << 48
            key[ROW_ENDS] |= cython.cast(cython.ulonglong, self.target_port[contexts - 1]) << 32
        elif self.message:
            key[ROW_ENDS] |= self.fact[MESSAGE_TYPE] << 48 | self.fact[MESSAGE_CODE] << 32
        elif self.fact[PROTOCOL] == (1 if version == 4 else 58):
            key[ROW_ENDS] |= cython.cast(cython.ulonglong, NO_MESSAGE) << 48
        if contexts > 1:
            outer = self.context_at[contexts - 2]
            if key[ROW_TUNNEL] == 0:  # a tunnel without an id: what the outer header carries, or that itself
                key[ROW_TUNNEL] = (
                    cython.cast(
                        cython.ulonglong, self.layer[outer + 1] if outer + 1 < inner else self.layer[outer]
                    )
                    << 48
                )
            key[ROW_TUNNEL] |= self.address(outer, ROW_OUTER) << 40
        if self.segment and self.fact[FLAGS] & SYN:
            self.options(self.head[self.transport] + 20, min(self.body[self.transport], captured_end))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def address(self, i: cython.int, word: cython.int) -> cython.ulonglong:
        """Put the addresses of layer `i` in the key from `word` on; give the IP version, 0 for no IP."""
        key: cython.p_ulonglong = self.key
        at: cython.longlong = cython.cast(cython.longlong, self.layer[i]) * LAYER_COLUMNS
        source: cython.Py_ssize_t = self.head[i] + self.layers[at + SOURCE_OFFSET]
        target: cython.Py_ssize_t = self.head[i] + self.layers[at + TARGET_OFFSET]
        if self.layers[at + ADDRESS_LEN] == 4:
            key[word + 1] = read_u32(self.data, source)
            key[word + 3] = read_u32(self.data, target)
            return 4
        key[word] = read_uint(self.data, source, 8)
        key[word + 1] = read_uint(self.data, source + 8, 8)
        key[word + 2] = read_uint(self.data, target, 8)
        key[word + 3] = read_uint(self.data, target + 8, 8)
        return 6

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def options(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
        """Put a SYN's options in the key: segment size, window scale, SACK, timestamps (RFC 9293, 7323)."""
        data: cython.p_const_uchar = self.data
        kind: cython.int
        size: cython.Py_ssize_t
        while at < end and data[at] != 0:
            kind = data[at]
            if kind == 1:
                at += 1
                continue
            if at + 2 > end or data[at + 1] < 2 or at + data[at + 1] > end:
                return
            size = data[at + 1]
            if kind == 2 and size == 4:
                self.key[ROW_TUNNEL] |= read_uint(data, at + 2, 2) << 16 | HAS_MSS << 8
            elif kind == 3 and size == 3:
                self.key[ROW_TUNNEL] |= cython.cast(cython.ulonglong, data[at + 2]) | HAS_SCALE << 8
            elif kind == 4 and size == 2:
                self.key[ROW_TUNNEL] |= SACK_PERMITTED << 8
            elif kind == 8 and size == 10:
                self.key[ROW_TUNNEL] |= TIMESTAMPS << 8
            at += size

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def payload(self, depth: cython.int) -> cython.ulonglong:
        """Give the bytes behind the transport header; where there is none, behind the last IP header."""
        i: cython.int = self.transport if self.transport < depth else depth - 1
        return cython.cast(cython.ulonglong, self.end[i] - self.body[i]) & MOST_32

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def application(self, depth: cython.int) -> cython.ulonglong:
        """Give the layer that a port led to; 0 where there is none."""
        if (
            self.transport + 1 >= depth
            or self.layers[cython.cast(cython.longlong, self.layer[self.transport]) * LAYER_COLUMNS + PORTS]
            < 0
        ):
            return 0
        return cython.cast(cython.ulonglong, self.layer[self.transport + 1])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def count_in_row(
        self,
        contexts: cython.int,
        stamp: cython.ulonglong,
        length: cython.ulonglong,
        ip_length: cython.ulonglong,
    ) -> cython.Py_ssize_t:
        """Find the row of the key, and count the packet in it; give its number, or -1 where memory ends."""
        known: cython.Py_ssize_t = self.rows.count
        row: cython.Py_ssize_t = self.rows.find(self.key)
        words: cython.p_ulonglong = self.rows.store
        at: cython.Py_ssize_t = row * STRIDE
        if row < 0:
            self.failed = True
            return -1
        if known != self.rows.count:
            if contexts > 0:
                words[at + ROW_WORDS] = partition_of(
                    self.key[ROW_SOURCE],
                    self.key[ROW_SOURCE + 1],
                    self.key[ROW_TARGET],
                    self.key[ROW_TARGET + 1],
                )
            else:
                words[at + ROW_WORDS] = partition_of(0, self.key[ROW_SOURCE_MAC], 0, self.key[ROW_TARGET_MAC])
            if self.devices:
                words[at + ROW_FIRST] = stamp
                words[at + ROW_LAST] = stamp
        if not self.devices:
            return row
        words[at + ROW_PACKETS] += 1
        words[at + ROW_WIRE_BYTES] += length
        words[at + ROW_IP_BYTES] += ip_length
        if stamp < words[at + ROW_FIRST]:
            words[at + ROW_FIRST] = stamp
        if stamp > words[at + ROW_LAST]:
            words[at + ROW_LAST] = stamp
        return row

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def answer(
        self,
        i: cython.int,
        captured_end: cython.Py_ssize_t,
        number: cython.Py_ssize_t,
        stamp: cython.ulonglong,
    ) -> cython.void:
        """Keep the addresses that the DNS message in layer `i` gives for the name that was asked for."""
        head: cython.Py_ssize_t = self.head[i]
        end: cython.Py_ssize_t = self.end[i] if self.end[i] < captured_end else captured_end
        at: cython.Py_ssize_t
        data: cython.p_const_uchar = self.data
        left: cython.ulonglong = self.fact[ANSWERS]
        kind: cython.ulonglong
        wanted: cython.bint
        size: cython.Py_ssize_t
        text: cython.Py_ssize_t = self.w.at
        if end - head < 12 or read_uint(data, head + 4, 2) != 1 or not self.room_for_text():
            return
        self.w.head = head
        self.w.limit = end
        self.w.full = False
        at = name(self.w, 1, head + 12)
        if at < 0 or self.w.at == text:
            self.w.at = text
            return
        text += 2 if self.w.at - text < 130 else 3  # behind key and length
        at += 4
        while left > 0:
            at = after_name(data, at, end)
            if at < 0 or at + 10 > end:
                return
            kind = read_uint(data, at, 2)
            size = cython.cast(cython.Py_ssize_t, read_uint(data, at + 8, 2))
            if at + 10 + size > end:
                return
            wanted = (kind == 1 and size == 4) or (kind == 28 and size == 16)
            if wanted and not self.keep_answer(at + 10, size, number, text, stamp):
                return
            at += 10 + size
            left -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def room_for_text(self) -> cython.bint:
        """Make room for one more name; false where memory ends."""
        if not cython.compiled:
            self.text.extend(bytes(2 * NAME_ROOM))
            self.w.out = self.text
            self.w.end = len(self.text)
            return True
        grown: cython.p_uchar
        if self.w.at + NAME_ROOM > self.text_room:
            grown = cython.cast(cython.p_uchar, realloc(self.text, 2 * self.text_room + 8 * NAME_ROOM))
            if grown == cython.NULL:
                self.failed = True
                return False
            self.text = grown
            self.text_room = 2 * self.text_room + 8 * NAME_ROOM
        self.w.out = self.text
        self.w.end = self.text_room
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def keep_answer(
        self,
        at: cython.Py_ssize_t,
        size: cython.Py_ssize_t,
        number: cython.Py_ssize_t,
        text: cython.Py_ssize_t,
        stamp: cython.ulonglong,
    ) -> cython.bint:
        """Keep one address of `size` bytes at `at`; false where memory ends."""
        row: cython.Py_ssize_t = self.answered * (ANSWER_WORDS + 1)
        words: cython.p_ulonglong
        if not cython.compiled:
            self.answers.extend([0] * (ANSWER_WORDS + 1))
        elif self.answered == self.answer_room:
            words = cython.cast(
                cython.p_ulonglong,
                realloc(self.answers, (2 * self.answer_room + 64) * (ANSWER_WORDS + 1) * 8),
            )
            if words == cython.NULL:
                self.failed = True
                return False
            self.answers = words
            self.answer_room = 2 * self.answer_room + 64
        words = self.answers
        words[row] = stamp
        words[row + 1] = cython.cast(cython.ulonglong, number) << 32 | cython.cast(
            cython.ulonglong, self.w.at - text
        )
        words[row + 2] = self.key[ROW_TARGET]  # the client, to which the answer goes
        words[row + 3] = self.key[ROW_TARGET + 1]
        words[row + 4] = read_uint(self.data, at, 8) if size == 16 else 0
        words[row + 5] = read_uint(self.data, at + 8, 8) if size == 16 else read_u32(self.data, at)
        words[row + 6] = (6 if size == 16 else 4) << 8 | (self.key[ROW_ENDS] >> 16 & 255)
        words[row + 7] = cython.cast(cython.ulonglong, text)
        words[row + 8] = partition_of(words[row + 2], words[row + 3], words[row + 4], words[row + 5])
        self.answered += 1
        return True

    def take(self) -> tuple:
        """Give what the chunk left: packets with IP, words, the text of names, the sizes of the parts.

        The words of a partition are its rows, digests and answers, whose rows and places in the text count
        from the partition's first. For each partition there are SIZES sizes: rows, their words, digests,
        answers, bytes of text.
        """
        if self.failed:
            raise MemoryError("no memory for the flows of a chunk")
        self.count_partitions()
        sizes = array("I", bytes(4 * SIZES * PARTITIONS))
        words = total = 0
        for i in range(PARTITIONS):
            for k in range(SIZES):
                sizes[SIZES * i + k] = self.tally[i][k]
            words += self.tally[i][1] + self.tally[i][2] * DIGEST_WORDS + self.tally[i][3] * ANSWER_WORDS
            total += self.tally[i][4]
        if cython.compiled:
            # Filled in place: fresh memory that is cleared and copied first costs more than the filling.
            out: bytes = PyBytes_FromStringAndSize(cython.NULL, 8 * words)
            text: bytes = PyBytes_FromStringAndSize(cython.NULL, total)
            self.scatter(
                cython.cast(cython.p_ulonglong, cython.cast(cython.p_char, out)),
                cython.cast(cython.p_uchar, cython.cast(cython.p_char, text)),
            )
            return self.ip_packets, out, text, sizes
        numbers, letters = array("Q", bytes(8 * words)), bytearray(total)
        self.scatter(numbers, letters)
        return self.ip_packets, numbers.tobytes(), bytes(letters), sizes

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def count_partitions(self) -> cython.void:
        """Count what lies in each partition; number rows within theirs."""
        i: cython.Py_ssize_t
        k: cython.int
        part: cython.ulonglong
        rows: cython.p_ulonglong = self.rows.store
        for i in range(PARTITIONS):
            for k in range(SIZES):
                self.tally[i][k] = 0
        for i in range(self.rows.count):
            part = rows[i * STRIDE + ROW_WORDS]
            rows[i * STRIDE + ROW_WORDS] = part << 32 | cython.cast(cython.ulonglong, self.tally[part][0])
            self.tally[part][0] += 1
            self.tally[part][1] += 1
            for k in range(ROW_WORDS):
                if rows[i * STRIDE + k] != 0:
                    self.tally[part][1] += 1
        for i in range(self.count):
            part = rows[(self.digests[i * DIGEST_WORDS + 1] & MOST_32) * STRIDE + ROW_WORDS] >> 32
            self.tally[part][2] += 1
        for i in range(self.answered):
            part = self.answers[i * (ANSWER_WORDS + 1) + ANSWER_WORDS]
            self.tally[part][3] += 1
            self.tally[part][4] += cython.cast(
                cython.Py_ssize_t, self.answers[i * (ANSWER_WORDS + 1) + 1] & MOST_32
            )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def scatter(self, out: cython.p_ulonglong, text: cython.p_uchar) -> cython.void:
        """Copy everything to its partition."""
        i: cython.Py_ssize_t
        k: cython.int
        to: cython.Py_ssize_t
        size: cython.Py_ssize_t
        place: cython.ulonglong
        total: cython.Py_ssize_t = 0
        characters: cython.Py_ssize_t = 0
        start: cython.Py_ssize_t
        rows: cython.p_ulonglong = self.rows.store
        # The tallies become the places of the next row, digest, answer and character of each partition.
        for i in range(PARTITIONS):
            start = total
            total += self.tally[i][1]
            self.tally[i][1] = start
            start = total
            total += self.tally[i][2] * DIGEST_WORDS
            self.tally[i][2] = start
            start = total
            total += self.tally[i][3] * ANSWER_WORDS
            self.tally[i][3] = start
            size = self.tally[i][4]
            self.tally[i][4] = characters
            self.text_start[i] = characters
            characters += size
        for i in range(self.rows.count):
            place = rows[i * STRIDE + ROW_WORDS] >> 32
            start = self.tally[place][1]
            to = start + 1
            out[start] = 0
            for k in range(ROW_WORDS):
                if rows[i * STRIDE + k] != 0:
                    out[start] |= ONE << k
                    out[to] = rows[i * STRIDE + k]
                    to += 1
            self.tally[place][1] = to
        for i in range(self.count):
            place = rows[(self.digests[i * DIGEST_WORDS + 1] & MOST_32) * STRIDE + ROW_WORDS]
            to = self.tally[place >> 32][2]
            for k in range(DIGEST_WORDS):
                out[to + k] = self.digests[i * DIGEST_WORDS + k]
            out[to + 1] = (out[to + 1] >> 32 << 32) | (place & MOST_32)
            self.tally[place >> 32][2] = to + DIGEST_WORDS
        for i in range(self.answered):
            start = i * (ANSWER_WORDS + 1)
            place = self.answers[start + ANSWER_WORDS]
            to = self.tally[place][3]
            for k in range(ANSWER_WORDS):
                out[to + k] = self.answers[start + k]
            self.tally[place][3] = to + ANSWER_WORDS
            size = cython.cast(cython.Py_ssize_t, self.answers[start + 1] & MOST_32)
            out[to + 7] = cython.cast(cython.ulonglong, self.tally[place][4] - self.text_start[place])
            if cython.compiled:
                memcpy(text + self.tally[place][4], self.text + self.answers[start + 7], size)
            else:
                text[self.tally[place][4] : self.tally[place][4] + size] = self.text[
                    self.answers[start + 7] : self.answers[start + 7] + size
                ]
            self.tally[place][4] += size
