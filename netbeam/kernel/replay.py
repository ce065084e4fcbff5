# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Indices come from arrange and from rows that `load` has compared with their number.
"""The replay: digests of a partition, put in order flow by flow, become connections and their records.

A flow is everything between two ends (with protocol, VLANs and tunnel); a connection is what of it no
timeout and no end of TCP's divides. What depends on order is decided here, so that it makes no difference
in which chunks the packets lay.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import free, malloc, realloc
    from cython.cimports.libc.string import memcpy
    from cython.cimports.netbeam.kernel import tcp as states
    from cython.cimports.netbeam.kernel.digest import (
        ANSWER_WORDS,
        CUT,
        DIGEST_WORDS,
        HAS_MSS,
        HAS_SCALE,
        NO_MESSAGE,
        ROW_ENDS,
        ROW_KEY,
        ROW_OUTER,
        ROW_SOURCE,
        ROW_SOURCE_MAC,
        ROW_TARGET,
        ROW_TARGET_MAC,
        ROW_TUNNEL,
        ROW_TUNNEL_ID,
        ROW_VLANS,
        ROW_WORDS,
        SACK_PERMITTED,
        SEGMENT,
        TIMESTAMPS,
    )
    from cython.cimports.netbeam.kernel.features import Features
    from cython.cimports.netbeam.kernel.identity import community_id, unique_id
    from cython.cimports.netbeam.kernel.keys import Keys, mixed
    from cython.cimports.netbeam.kernel.sheet import (
        COMMUNITY_ID,
        END_REASON,
        IP_VERSION,
        PROTOCOL,
        SOURCE,
        SOURCE_PORT,
        TARGET,
        TARGET_PORT,
        TIME_FIRST,
        TIME_LAST,
        UID,
        Sheet,
    )
    from cython.cimports.netbeam.kernel.store import Output, arrange
    from cython.cimports.netbeam.kernel.tcp import Tcp
    from cython.cimports.netbeam.kernel.text import text_ipv4, text_ipv6, text_mac
    from cython.cimports.netbeam.kernel.wire import ALL_64
else:
    from struct import pack

    from netbeam.kernel import tcp as states
    from netbeam.kernel.digest import (
        ANSWER_WORDS,
        CUT,
        DIGEST_WORDS,
        HAS_MSS,
        HAS_SCALE,
        NO_MESSAGE,
        ROW_ENDS,
        ROW_KEY,
        ROW_OUTER,
        ROW_SOURCE,
        ROW_SOURCE_MAC,
        ROW_TARGET,
        ROW_TARGET_MAC,
        ROW_TUNNEL,
        ROW_TUNNEL_ID,
        ROW_VLANS,
        ROW_WORDS,
        SACK_PERMITTED,
        SEGMENT,
        TIMESTAMPS,
    )
    from netbeam.kernel.features import Features
    from netbeam.kernel.identity import community_id, unique_id
    from netbeam.kernel.keys import Keys, mixed
    from netbeam.kernel.sheet import (
        COMMUNITY_ID,
        END_REASON,
        IP_VERSION,
        PROTOCOL,
        SOURCE,
        SOURCE_PORT,
        TARGET,
        TARGET_PORT,
        TIME_FIRST,
        TIME_LAST,
        UID,
        Sheet,
    )
    from netbeam.kernel.store import Output, arrange
    from netbeam.kernel.tcp import Tcp
    from netbeam.kernel.text import text_ipv4, text_ipv6, text_mac
    from netbeam.kernel.wire import ALL_64

# Compiled, these are the enums of replay.pxd.
if not cython.compiled:
    # fmt: off
    (
        PACKETS, PACKETS_BACK, IP_BYTES, IP_BYTES_BACK, PAYLOAD_BYTES, PAYLOAD_BYTES_BACK, WIRE_BYTES,
        WIRE_BYTES_BACK, MIN_TTL, MIN_TTL_BACK, MAX_TTL, MAX_TTL_BACK, TIME_START, TIME_START_BACK,
        TIME_END, TIME_END_BACK, CUT_PACKETS, CUT_PACKETS_BACK, FIRST_NUMBER, FIRST_NUMBER_BACK,
        LAST_NUMBER, LAST_NUMBER_BACK, HEADER_BYTES, HEADER_BYTES_BACK, SEGMENT_SIZE, SEGMENT_SIZE_BACK,
        SCALE, SCALE_BACK, SCALES, SCALES_BACK, SACK, SACK_BACK, STAMPS, STAMPS_BACK, AVERAGE,
        AVERAGE_BACK, DURATION, ALL_PACKETS, ALL_PAYLOAD, ALL_WIRE, LINK, NETWORK, APPLICATION, TUNNEL,
        TUNNEL_NUMBER, FILE, LAST_FILE, FIRST_OFFSET, REASON, FLIPPED, NAME_AGE, EXTERNAL, BROADCAST,
        MULTICAST,
    ) = range(16, 70)
    # fmt: on
    # fmt: off
    (
        SYN_TTL, DURATION_FORTH, DURATION_FORTH_BACK, FIRST_PACKET, LAST_PACKET, FORTH, NOTHING,
    ) = range(140, 147)
    # fmt: on
    BYTE_RATIO, PACKET_RATIO, CONSUMER_RATIO = range(3)
    SOURCE_PORT_TEXT, TARGET_PORT_TEXT, SOURCE_MAC_TEXT, TARGET_MAC_TEXT = range(4, 8)
    DNS_NAME, OUTER_SOURCE, OUTER_TARGET = range(9, 12)
    VLANS = 0
    BY_SYN, BY_SYN_ACK, BY_PORT, BY_FIRST = range(1, 5)
    IDLE, ACTIVE, CLOSED = range(1, 4)
    LAST = 6
    CONNECTION, FLOW, FLOW_FEATURES, SERVICES, FLOW_BACK, TABLES = range(6)
    # fmt: off
    (
        TCP_IDLE, UDP_IDLE, ICMP_IDLE, OTHER_IDLE, ACTIVE_LIMIT, LINGER, SEED, PER_FILE, LATEST, SETTINGS,
    ) = range(10)
    # fmt: on

BIAS = cython.declare(cython.ulonglong, 1 << 63)
GREETED = cython.declare(cython.ulonglong, 1 << 32)
MOST_16 = cython.declare(cython.ulonglong, 0xFFFF)
MOST_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MOST_48 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFF)
PACKET_BITS = cython.declare(cython.int, 40)
"""A tie is a capture's number and, in so many bits, a packet's number in it."""
MOST_PACKETS = cython.declare(cython.ulonglong, (1 << 40) - 1)
ITEM = cython.declare(cython.int, 8)
"""Words of a packet: time, tie, row and flow, offset, then those of its digest; length and direction."""
FLOW_KEY = cython.declare(cython.int, 8)
ANSWER_KEY = cython.declare(cython.int, 5)
ANSWER_ITEM = cython.declare(cython.int, 5)
SERVICE_WORDS = cython.declare(cython.int, 9)
SYN_BIT = cython.declare(cython.int, 2)
ACK_BIT = cython.declare(cython.int, 16)
TCP = cython.declare(cython.int, 6)
UDP = cython.declare(cython.int, 17)
SCTP = cython.declare(cython.int, 132)
WELL_KNOWN = cython.declare(cython.uint, 1024)
LONGEST_NAME = cython.declare(cython.ulonglong, 512)
FARTHEST = cython.declare(cython.longlong, 1 << 62)
"""Times before or after 1970 by more ns (146 years) are taken for it, so that differences fit in 64 bits."""

ICMP_PAIRS = bytes.fromhex("0800 0d0e 0f10 0a09 1112")
ICMP6_PAIRS = bytes.fromhex("8081 8283 8586 8788 8b8c 9091")
icmp_pairs = ICMP_PAIRS
icmp6_pairs = ICMP6_PAIRS


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def partner(kind: cython.uint, version: cython.int) -> cython.int:
    """Give the ICMP type that answers `kind`, or that it answers; -1 for one that stands alone."""
    i: cython.int
    pairs: cython.p_const_uchar = icmp_pairs
    if version == 6:
        pairs = icmp6_pairs
    for i in range(12 if version == 6 else 10):
        if pairs[i] == kind:
            return pairs[i ^ 1]
    return -1


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def bounded(time: cython.longlong) -> cython.longlong:
    """Give a time (Unix ns), or the farthest that can be reckoned with."""
    return min(max(time, -FARTHEST), FARTHEST - 1)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def ratio(forth: cython.longlong, back: cython.longlong) -> cython.double:
    """Divide what went to the responder by what came from it; 0 where nothing came."""
    return cython.cast(cython.double, forth) / back if back > 0 else 0.0


@cython.final
@cython.cclass
class Replay:
    """Replays part after part of a run's digests: `begin`, `load` the sections, `run`, take the records.

    `settings` are numbers by the columns of replay.pxd: timeouts in ns, 0 for none; `tables` the first rows
    of each record's table in its sheet, or -1 where it is not wanted. Memory is kept from part to part. Not
    thread-safe: every thread has its own.
    """

    keep: list
    sheet: Sheet
    feature_sheet: Sheet
    tcp: Tcp
    features: Features
    connections: Output
    one_way: Output
    feature_records: Output
    services: Output
    host_rows: Output
    whole: cython.ulonglong[19]
    tables: cython.longlong[5]
    settings: cython.longlong[9]
    part: cython.ulonglong
    parts: cython.ulonglong
    failed: cython.bint
    # What was loaded.
    rows: cython.p_ulonglong
    row_count: cython.Py_ssize_t
    row_room: cython.Py_ssize_t
    items: cython.p_ulonglong
    count: cython.Py_ssize_t
    room: cython.Py_ssize_t
    flows: Keys
    answers: cython.p_ulonglong
    answered: cython.Py_ssize_t
    answer_room: cython.Py_ssize_t
    asked: Keys
    text: cython.p_uchar
    text_size: cython.Py_ssize_t
    text_room: cython.Py_ssize_t
    starts: cython.p_Py_ssize_t
    order: cython.p_uint
    spare: cython.p_uint
    order_room: cython.Py_ssize_t
    answer_starts: cython.p_Py_ssize_t
    answer_order: cython.p_uint
    # The connection at hand; direction 0 is the originator's.
    open: cython.bint
    first_way: cython.int
    reason: cython.int
    flipped: cython.bint
    protocol: cython.int
    version: cython.int
    idle: cython.longlong
    start: cython.longlong
    latest: cython.longlong
    stamp: cython.ulonglong
    tie: cython.ulonglong
    last_tie: cython.ulonglong
    offset: cython.ulonglong
    application: cython.longlong
    started: cython.longlong
    occurrence: cython.ulonglong
    key: cython.ulonglong[8]
    scratch: cython.ulonglong[10]
    address: cython.uchar[16]
    replayed: cython.longlong
    row: cython.Py_ssize_t[2]
    packets: cython.longlong[2]
    ip_bytes: cython.longlong[2]
    payload: cython.longlong[2]
    wire: cython.longlong[2]
    cut: cython.longlong[2]
    data_packets: cython.longlong[2]
    least_ttl: cython.int[2]
    most_ttl: cython.int[2]
    first_time: cython.longlong[2]
    last_time: cython.longlong[2]
    first_tie: cython.ulonglong[2]
    end_tie: cython.ulonglong[2]
    options: cython.ulonglong[2]
    syn_ttl: cython.longlong
    ends: cython.longlong[7]
    states: cython.longlong[13]

    def __init__(self, sheet: Sheet, feature_sheet: Sheet, tables, settings) -> None:
        """Take the sheets, and arrays of 'q' with tables and settings."""
        i: cython.int
        self.sheet = sheet
        self.feature_sheet = feature_sheet
        self.tcp = Tcp()
        self.features = Features()
        self.connections = Output()
        self.one_way = Output()
        self.feature_records = Output()
        self.services = Output()
        self.host_rows = Output()
        self.flows = Keys(FLOW_KEY, FLOW_KEY)
        self.asked = Keys(ANSWER_KEY, ANSWER_KEY)
        self.room = self.row_room = self.answer_room = self.text_room = self.order_room = 0
        if not cython.compiled:
            self.tables = [0] * 5
            self.settings = [0] * SETTINGS
            self.whole = [0] * ROW_WORDS
            self.key, self.scratch, self.address = [0] * 8, [0] * 10, bytearray(16)
            self.ends, self.states = [0] * 7, [0] * 13
            self.options = [0, 0]
            self.row = [0, 0]
            self.packets, self.ip_bytes, self.payload = [0, 0], [0, 0], [0, 0]
            self.wire, self.cut, self.data_packets = [0, 0], [0, 0], [0, 0]
            self.least_ttl, self.most_ttl = [0, 0], [0, 0]
            self.first_time, self.last_time = [0, 0], [0, 0]
            self.first_tie, self.end_tie = [0, 0], [0, 0]
        for i in range(5):
            self.tables[i] = tables[i]
        for i in range(SETTINGS):
            self.settings[i] = settings[i]
        self.settings[LATEST] = bounded(self.settings[LATEST])
        self.tcp.linger = self.settings[LINGER]
        self.begin(0, 1)

    def begin(self, part: int, parts: int) -> None:
        """Start afresh; of the flows those are taken whose hash modulo `parts` is `part`."""
        i: cython.int
        self.part = part
        self.parts = parts
        self.failed = False
        self.replayed = 0
        self.count = self.row_count = self.answered = self.text_size = 0
        self.flows.clear()
        self.asked.clear()
        for i in range(7):
            self.ends[i] = 0
        for i in range(13):
            self.states[i] = 0
        if not cython.compiled:
            self.rows, self.items, self.answers, self.text = [], [], [], bytearray()

    def __dealloc__(self):
        if cython.compiled:
            free(self.rows)
            free(self.items)
            free(self.answers)
            free(self.text)
            free(self.starts)
            free(self.order)
            free(self.answer_starts)
            free(self.answer_order)
            free(self.spare)

    def load(self, words, text, sizes, source: int, first_packet: int, start: int) -> None:
        """Take a section: one partition of a chunk's digest (netbeam.block.Digest), its sizes of four kinds.

        `source` is the capture's number in the order of names.

        Raises:
            ValueError: the section is not what its sizes say.
        """
        rows: cython.Py_ssize_t = sizes[0]
        row_words: cython.Py_ssize_t = sizes[1]
        digests: cython.Py_ssize_t = sizes[2]
        answers: cython.Py_ssize_t = sizes[3]
        characters: cython.Py_ssize_t = sizes[4]
        tie: cython.ulonglong = source << PACKET_BITS | first_packet
        offset: cython.ulonglong = start
        if (
            len(words) != row_words + digests * DIGEST_WORDS + answers * ANSWER_WORDS
            or len(text) < characters
        ):
            raise ValueError(f"a section of {len(words)} words is not what its sizes say")
        if not self.make_room(rows, digests, answers, characters):
            raise MemoryError("no memory for the packets of a part's flows")
        if cython.compiled:
            if len(words):
                view: cython.const[cython.ulonglong][::1] = words
                address: cython.p_ulonglong = cython.cast(cython.p_ulonglong, cython.address(view[0]))
                characters_view: cython.const[cython.uchar][::1] = text if characters else b"\0"
                memcpy(self.text + self.text_size, cython.address(characters_view[0]), characters)
                with cython.nogil:
                    self.take(address, rows, row_words, digests, answers, characters, tie, offset)
        else:
            self.text.extend(text[:characters])
            self.take(words, rows, row_words, digests, answers, characters, tie, offset)
        self.text_size += characters
        if self.failed:
            raise MemoryError("no memory for the packets of a part's flows")

    @cython.cfunc
    def make_room(
        self,
        rows: cython.Py_ssize_t,
        digests: cython.Py_ssize_t,
        answers: cython.Py_ssize_t,
        characters: cython.Py_ssize_t,
    ) -> cython.bint:
        """Make room for one more section; false where memory ends."""
        if not cython.compiled:
            self.rows.extend([0] * (rows * (ROW_KEY + 1)))
            self.items.extend([0] * (digests * ITEM))
            self.answers.extend([0] * (answers * ANSWER_ITEM))
            return True
        grown: cython.p_void
        if self.row_count + rows > self.row_room:
            self.row_room = 2 * self.row_room + rows
            grown = realloc(self.rows, self.row_room * (ROW_KEY + 1) * 8 + 8)
            if grown == cython.NULL:
                return False
            self.rows = cython.cast(cython.p_ulonglong, grown)
        if self.count + digests > self.room:
            self.room = self.room + self.room // 2 + digests
            grown = realloc(self.items, self.room * ITEM * 8 + 8)
            if grown == cython.NULL:
                return False
            self.items = cython.cast(cython.p_ulonglong, grown)
        if self.answered + answers > self.answer_room:
            self.answer_room = 2 * self.answer_room + answers
            grown = realloc(self.answers, self.answer_room * ANSWER_ITEM * 8 + 8)
            if grown == cython.NULL:
                return False
            self.answers = cython.cast(cython.p_ulonglong, grown)
        if self.text_size + characters >= self.text_room:
            self.text_room = 2 * self.text_room + characters + 1
            grown = realloc(self.text, self.text_room)
            if grown == cython.NULL:
                return False
            self.text = cython.cast(cython.p_uchar, grown)
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take(
        self,
        words: cython.p_ulonglong,
        rows: cython.Py_ssize_t,
        row_words: cython.Py_ssize_t,
        digests: cython.Py_ssize_t,
        answers: cython.Py_ssize_t,
        characters: cython.Py_ssize_t,
        tie: cython.ulonglong,
        offset: cython.ulonglong,
    ) -> cython.void:
        """Copy a section's rows, digests and answers, each with its flow, but what refers to nothing."""
        i: cython.Py_ssize_t
        k: cython.int
        at: cython.Py_ssize_t
        to: cython.Py_ssize_t
        found: cython.Py_ssize_t
        row: cython.Py_ssize_t
        size: cython.ulonglong
        text_end: cython.ulonglong = cython.cast(cython.ulonglong, characters)
        base: cython.Py_ssize_t = self.row_count
        at = 0
        for i in range(rows):  # noqa: B007, a C loop
            at = self.take_row(words, at, row_words)
            to = self.row_count * (ROW_KEY + 1)
            for k in range(ROW_KEY):
                self.rows[to + k] = self.whole[k]
            self.rows[to + ROW_KEY] = self.flow_of(to, tie >> PACKET_BITS)
            self.row_count += 1
        for i in range(digests):
            at = row_words + i * DIGEST_WORDS
            row = cython.cast(cython.Py_ssize_t, words[at + 1] & MOST_32)
            if row >= rows:
                continue
            row += base
            to = row * (ROW_KEY + 1) + ROW_KEY
            if self.rows[to] >> 63:
                continue
            found = cython.cast(cython.Py_ssize_t, self.rows[to])
            to = self.count * ITEM
            self.items[to] = words[at]
            self.items[to + 1] = tie + (words[at + 1] >> 32)
            self.items[to + 2] = cython.cast(cython.ulonglong, row) << 32 | cython.cast(
                cython.ulonglong, found >> 1
            )
            self.items[to + 3] = offset + (words[at + 2] >> 32)
            self.items[to + 4] = words[at + 3]
            self.items[to + 5] = words[at + 4]
            self.items[to + 6] = words[at + 5]
            self.items[to + 7] = (words[at + 2] & MOST_32) << 1 | cython.cast(cython.ulonglong, found & 1)
            self.count += 1
        for i in range(answers):
            at = row_words + digests * DIGEST_WORDS + i * ANSWER_WORDS
            size = words[at + 1] & MOST_32
            if size > LONGEST_NAME or words[at + 7] > text_end or size > text_end - words[at + 7]:
                continue
            for k in range(4):
                self.key[k] = words[at + 2 + k]
            self.key[4] = words[at + 6]
            found = self.asked.find(self.key)
            if found < 0:
                self.failed = True
                return
            to = self.answered * ANSWER_ITEM
            self.answers[to] = words[at]
            self.answers[to + 1] = tie + (words[at + 1] >> 32)
            self.answers[to + 2] = cython.cast(cython.ulonglong, found)
            self.answers[to + 3] = cython.cast(cython.ulonglong, self.text_size) + words[at + 7]
            self.answers[to + 4] = size
            self.answered += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take_row(
        self, words: cython.p_ulonglong, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Spread the row at `at` over its words, and keep it for hosts; give the place behind it."""
        k: cython.int
        i: cython.Py_ssize_t
        bits: cython.ulonglong = words[at] if at < end else 0
        to: cython.p_uchar
        at += 1
        for k in range(ROW_WORDS):
            self.whole[k] = 0
            if bits >> k & 1 and at < end:
                self.whole[k] = words[at]
                at += 1
        if self.tables[SERVICES] >= 0 and self.part == 0 and self.host_rows.begin(ROW_WORDS * 8):
            i = self.host_rows.size
            if cython.compiled:
                to = self.host_rows.out
                memcpy(to + i, self.whole, ROW_WORDS * 8)
            else:
                self.host_rows.out[i : i + ROW_WORDS * 8] = pack(f"={ROW_WORDS}Q", *self.whole)
            self.host_rows.end(i + ROW_WORDS * 8, self.whole[ROW_KEY], 0)
        return at

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def flow_of(self, at: cython.Py_ssize_t, source: cython.ulonglong) -> cython.ulonglong:
        """Give the flow of the row at `at`, twice its number, and one more if it goes the other way.

        A flow's key begins with the lesser end. The highest bit is set for flows that are not of this part.
        """
        row: cython.p_ulonglong = self.rows + at if cython.compiled else self.rows[at : at + ROW_KEY]
        key: cython.p_ulonglong = self.key
        version: cython.int = cython.cast(cython.int, row[ROW_ENDS] >> 16 & 255)
        protocol: cython.ulonglong = row[ROW_ENDS] >> 24 & 255
        source_port: cython.ulonglong = row[ROW_ENDS] >> 48
        target_port: cython.ulonglong = row[ROW_ENDS] >> 32 & MOST_16
        turned: cython.bint
        other: cython.int
        found: cython.Py_ssize_t
        if version == 0:
            return BIAS
        if (protocol == 1 and version == 4) or (protocol == 58 and version == 6):
            other = partner(cython.cast(cython.uint, source_port), version)
            if other >= 0:
                target_port = cython.cast(cython.ulonglong, other)
            turned = other >= 0 and self.greater(row, source_port, target_port)
        else:
            turned = self.greater(row, source_port, target_port)
        key[0] = row[ROW_TARGET if turned else ROW_SOURCE]
        key[1] = row[(ROW_TARGET if turned else ROW_SOURCE) + 1]
        key[2] = row[ROW_SOURCE if turned else ROW_TARGET]
        key[3] = row[(ROW_SOURCE if turned else ROW_TARGET) + 1]
        key[4] = (
            (target_port if turned else source_port) << 48
            | (source_port if turned else target_port) << 32
            | protocol << 8
            | cython.cast(cython.ulonglong, version)
        )
        key[5] = row[ROW_VLANS]
        key[6] = row[ROW_TUNNEL_ID]
        key[7] = row[ROW_TUNNEL] >> 48 << 48 | (source + 1 if self.settings[PER_FILE] != 0 else 0)
        if self.parts > 1 and mixed(key, FLOW_KEY) % self.parts != self.part:
            return BIAS
        found = self.flows.find(key)
        if found < 0:
            self.failed = True
            return BIAS
        return cython.cast(cython.ulonglong, found) << 1 | (1 if turned else 0)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def greater(
        self, row: cython.p_ulonglong, source_port: cython.ulonglong, target_port: cython.ulonglong
    ) -> cython.bint:
        """Tell whether a row's source is the greater end: by address, then by port."""
        if row[ROW_SOURCE] != row[ROW_TARGET]:
            return row[ROW_SOURCE] > row[ROW_TARGET]
        if row[ROW_SOURCE + 1] != row[ROW_TARGET + 1]:
            return row[ROW_SOURCE + 1] > row[ROW_TARGET + 1]
        return source_port > target_port

    def run(self) -> None:
        """Replay all flows that were loaded.

        Raises:
            MemoryError: there is no memory for their order or their records.
        """
        if not self.put_in_order():
            raise MemoryError("no memory for the order of a part's flows")
        with cython.nogil:
            self.replay()
        if self.features.failed:
            raise MemoryError("no memory for the packets of a connection")

    @cython.cfunc
    def put_in_order(self) -> cython.bint:
        """Arrange packets by flow and answers by who asked; false where memory ends."""
        most: cython.Py_ssize_t = max(self.count, self.answered)
        if not cython.compiled:
            self.starts, self.order = [0] * (self.flows.count + 2), [0] * self.count
            self.answer_starts, self.answer_order = [0] * (self.asked.count + 2), [0] * self.answered
            self.spare = [0] * most
        elif not self.order_fits(most, max(self.flows.count, self.asked.count) + 2):
            return False
        with cython.nogil:
            arrange(self.items, ITEM, self.count, self.flows.count, self.starts, self.order, self.spare)
            arrange(
                self.answers,
                ANSWER_ITEM,
                self.answered,
                self.asked.count,
                self.answer_starts,
                self.answer_order,
                self.spare,
            )
        return True

    @cython.cfunc
    def order_fits(self, items: cython.Py_ssize_t, groups: cython.Py_ssize_t) -> cython.bint:
        """Make room for the order of so many items, and for where so many groups begin."""
        most: cython.Py_ssize_t = max(items, groups)
        if most <= self.order_room:
            return True
        self.order_room = 0
        free(self.starts)
        free(self.order)
        free(self.answer_starts)
        free(self.answer_order)
        free(self.spare)
        self.starts = cython.cast(cython.p_Py_ssize_t, malloc(most * 8))
        self.order = cython.cast(cython.p_uint, malloc(most * 4))
        self.answer_starts = cython.cast(cython.p_Py_ssize_t, malloc(most * 8))
        self.answer_order = cython.cast(cython.p_uint, malloc(most * 4))
        self.spare = cython.cast(cython.p_uint, malloc(most * 4))
        if (
            self.starts == cython.NULL
            or self.order == cython.NULL
            or self.answer_starts == cython.NULL
            or self.answer_order == cython.NULL
            or self.spare == cython.NULL
        ):
            return False
        self.order_room = most
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def replay(self) -> cython.void:
        """Replay flow by flow."""
        flow: cython.Py_ssize_t
        i: cython.Py_ssize_t
        item: cython.Py_ssize_t
        reason: cython.int
        for flow in range(self.flows.count):
            self.open = False
            self.occurrence = 0
            self.started = 0
            for i in range(self.starts[flow], self.starts[flow + 1]):
                item = cython.cast(cython.Py_ssize_t, self.order[i]) * ITEM
                if self.open:
                    if self.items[item + 1] == self.last_tie:
                        continue  # two workers did the same chunk
                    reason = self.over(item)
                    if reason != 0:
                        self.close(reason)
                if not self.open:
                    self.start_connection(flow, item)
                self.add(item)
            if self.open:
                self.close(IDLE if self.settings[LATEST] - self.latest > self.idle else LAST)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def time_of(self, words: cython.p_ulonglong, at: cython.Py_ssize_t) -> cython.longlong:
        """Give the time of the packet or answer at `at`, Unix ns, or the farthest to reckon with."""
        if not cython.compiled:
            return bounded(words[at] - BIAS)
        return bounded(cython.cast(cython.longlong, words[at] - BIAS))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def over(self, item: cython.Py_ssize_t) -> cython.int:
        """Tell why the connection at hand ended before the packet at `item`; 0 if it goes on."""
        time: cython.longlong = self.time_of(self.items, item)
        if time - self.latest > self.idle:
            return IDLE
        if self.settings[ACTIVE_LIMIT] > 0 and time - self.start >= self.settings[ACTIVE_LIMIT]:
            return ACTIVE
        if (
            self.protocol == TCP
            and self.items[item + 6] >> 16 & SEGMENT
            and self.tcp.another(
                cython.cast(cython.int, self.items[item + 7] & 1) ^ self.first_way,
                time,
                cython.cast(cython.uint, self.items[item + 5] >> 32),
                cython.cast(cython.uint, self.items[item + 5] & MOST_32),
                cython.cast(cython.int, self.items[item + 6] >> 32 & MOST_16),
            )
        ):
            return CLOSED
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def start_connection(self, flow: cython.Py_ssize_t, item: cython.Py_ssize_t) -> cython.void:
        """Begin a connection with the packet at `item`: who is its originator, and how it is named."""
        i: cython.int
        way: cython.int = cython.cast(cython.int, self.items[item + 7] & 1)
        flags: cython.int = cython.cast(cython.int, self.items[item + 6] >> 32 & MOST_16)
        row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, self.items[item + 2] >> 32) * (ROW_KEY + 1)
        source_port: cython.uint = cython.cast(cython.uint, self.rows[row + ROW_ENDS] >> 48)
        target_port: cython.uint = cython.cast(cython.uint, self.rows[row + ROW_ENDS] >> 32 & MOST_16)
        for i in range(FLOW_KEY):
            self.key[i] = self.flows.store[flow * FLOW_KEY + i]
        self.open = True
        self.protocol = cython.cast(cython.int, self.key[4] >> 8 & 255)
        self.version = cython.cast(cython.int, self.key[4] & 255)
        self.flipped = False
        self.reason = BY_FIRST
        if self.protocol == TCP and self.items[item + 6] >> 16 & SEGMENT and flags & SYN_BIT:
            self.flipped = flags & ACK_BIT != 0
            self.reason = BY_SYN_ACK if self.flipped else BY_SYN
        elif self.has_ports() and (source_port < WELL_KNOWN) != (target_port < WELL_KNOWN):
            self.flipped = source_port < WELL_KNOWN
            self.reason = BY_PORT
        self.first_way = way ^ (1 if self.flipped else 0)
        self.idle = self.settings[
            TCP_IDLE
            if self.protocol == TCP
            else UDP_IDLE
            if self.protocol == UDP
            else ICMP_IDLE
            if self.is_icmp()
            else OTHER_IDLE
        ]
        self.stamp = self.items[item]
        self.start = self.time_of(self.items, item)
        self.latest = self.start
        self.tie = self.items[item + 1]
        self.offset = self.items[item + 3]
        self.application = 0
        self.syn_ttl = 0
        self.occurrence = self.occurrence + 1 if self.started == self.start and self.occurrence > 0 else 1
        self.started = self.start
        for i in range(2):
            self.packets[i] = self.ip_bytes[i] = self.payload[i] = self.wire[i] = self.cut[i] = 0
            self.data_packets[i] = 0
            self.row[i] = -1
            self.options[i] = 0
        if self.protocol == TCP:
            self.tcp.begin()
        if self.tables[FLOW_FEATURES] >= 0:
            self.features.begin()

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def has_ports(self) -> cython.bint:
        """Tell whether the numbers in the flow's key are ports."""
        return self.protocol in (TCP, UDP, SCTP) and self.key[4] >> 32 != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def is_icmp(self) -> cython.bint:
        """Tell whether the flow is one of ICMP messages."""
        return self.protocol == (58 if self.version == 6 else 1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, item: cython.Py_ssize_t) -> cython.void:
        """Add the packet at `item` to the connection at hand."""
        d: cython.int = cython.cast(cython.int, self.items[item + 7] & 1) ^ self.first_way
        facts: cython.ulonglong = self.items[item + 6]
        time: cython.longlong = self.time_of(self.items, item)
        length: cython.longlong = cython.cast(cython.longlong, self.items[item + 4] >> 32)
        payload: cython.longlong = cython.cast(cython.longlong, self.items[item + 4] & MOST_32)
        wire: cython.longlong = cython.cast(cython.longlong, self.items[item + 7] >> 1)
        ttl: cython.int = cython.cast(cython.int, facts >> 24 & 255)
        segment: cython.bint = self.protocol == TCP and facts >> 16 & SEGMENT != 0
        flags: cython.int = cython.cast(cython.int, facts >> 32 & MOST_16)
        window: cython.uint = cython.cast(cython.uint, facts >> 48)
        self.last_tie = self.items[item + 1]
        self.latest = time
        self.replayed += 1
        if self.packets[d] == 0:
            self.row[d] = cython.cast(cython.Py_ssize_t, self.items[item + 2] >> 32) * (ROW_KEY + 1)
            self.first_time[d] = time
            self.first_tie[d] = self.last_tie
            self.least_ttl[d] = self.most_ttl[d] = ttl
        self.last_time[d] = time
        self.end_tie[d] = self.last_tie
        self.packets[d] += 1
        self.ip_bytes[d] += length
        self.payload[d] += payload
        self.wire[d] += wire
        self.data_packets[d] += 1 if payload > 0 else 0
        self.cut[d] += 1 if facts >> 16 & CUT else 0
        if ttl < self.least_ttl[d]:
            self.least_ttl[d] = ttl
        if ttl > self.most_ttl[d]:
            self.most_ttl[d] = ttl
        if self.application == 0:
            self.application = cython.cast(cython.longlong, facts & MOST_16)
        if segment:
            if flags & SYN_BIT:
                self.greet(d, item, flags, ttl)
            self.tcp.packet(
                d,
                time,
                cython.cast(cython.uint, self.items[item + 5] >> 32),
                cython.cast(cython.uint, self.items[item + 5] & MOST_32),
                flags,
                window,
                payload,
            )
        if self.tables[FLOW_FEATURES] >= 0:
            self.features.packet(
                d,
                time,
                length,
                payload,
                wire,
                flags if segment else 0,
                window if segment else 0,
                self.protocol,
            )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def greet(
        self, d: cython.int, item: cython.Py_ssize_t, flags: cython.int, ttl: cython.int
    ) -> cython.void:
        """Keep the options of a side's first SYN."""
        row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, self.items[item + 2] >> 32) * (ROW_KEY + 1)
        options: cython.ulonglong = self.rows[row + ROW_TUNNEL] & MOST_32
        if self.options[d] >> 32 == 0:
            self.options[d] = options | GREETED
            if not flags & ACK_BIT:
                self.syn_ttl = ttl
        self.tcp.scale(d, cython.cast(cython.int, options & 255) if options >> 8 & HAS_SCALE else -1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def close(self, reason: cython.int) -> cython.void:
        """Write the records of the connection at hand, which TCP may have ended before `reason` did."""
        if self.protocol == TCP and self.tcp.closed:
            reason = CLOSED
        self.open = False
        self.ends[reason] += 1
        self.fill(self.sheet, reason)
        self.write(self.connections, self.sheet, self.tables[CONNECTION], self.start, self.tie)
        if self.packets[0] > 0:
            self.write(self.one_way, self.sheet, self.tables[FLOW], self.first_time[0], self.first_tie[0])
        if self.packets[1] > 0:
            self.write(
                self.one_way, self.sheet, self.tables[FLOW_BACK], self.first_time[1], self.first_tie[1]
            )
        if self.tables[FLOW_FEATURES] >= 0:
            self.share(self.sheet, self.feature_sheet)
            self.features.finish(self.feature_sheet)
            self.write(
                self.feature_records, self.feature_sheet, self.tables[FLOW_FEATURES], self.start, self.tie
            )
        if self.tables[SERVICES] >= 0 and self.has_ports():
            self.serve()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def write(
        self,
        output: Output,
        sheet: Sheet,
        table: cython.longlong,
        time: cython.longlong,
        tie: cython.ulonglong,
    ) -> cython.void:
        """Write one record, if it is wanted."""
        if table < 0:
            return
        if output.begin(sheet.greatest):
            output.end(
                sheet.write(cython.cast(cython.Py_ssize_t, table), output.out, output.size),
                (cython.cast(cython.ulonglong, time) + BIAS) & ALL_64,
                tie,
            )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def serve(self) -> cython.void:
        """Keep what the connection says of the responder's service."""
        at: cython.Py_ssize_t
        words: cython.p_ulonglong = self.scratch
        i: cython.int
        words[0] = self.key[2 - 2 * self.first_way]
        words[1] = self.key[3 - 2 * self.first_way]
        words[2] = (
            cython.cast(cython.ulonglong, self.sheet.number[TARGET_PORT]) << 48
            | cython.cast(cython.ulonglong, self.protocol) << 40
            | cython.cast(cython.ulonglong, self.version) << 32
            | cython.cast(cython.ulonglong, self.application)
        )
        words[3] = (cython.cast(cython.ulonglong, self.start) + BIAS) & ALL_64
        words[4] = cython.cast(cython.ulonglong, self.ip_bytes[1])
        words[5] = cython.cast(cython.ulonglong, self.ip_bytes[0])
        words[6] = cython.cast(cython.ulonglong, self.packets[0] + self.packets[1])
        words[7] = (
            (1 if self.protocol == TCP and self.options[1] >> 32 else 0)
            | (2 if self.payload[1] > 0 else 0)
            | (4 if self.packets[0] > 0 and self.packets[1] > 0 else 0)
            | (8 if self.reason == BY_SYN or self.reason == BY_SYN_ACK else 0)
        )
        # whoever the originator is, but 0
        words[8] = (self.key[2 * self.first_way] * 31 + self.key[2 * self.first_way + 1]) & ALL_64 | BIAS
        if self.services.begin(SERVICE_WORDS * 8):
            at = self.services.size
            for i in range(SERVICE_WORDS * 8):
                self.services.out[at + i] = cython.cast(cython.uchar, words[i >> 3] >> (8 * (i & 7)) & 255)
            self.services.end(at + SERVICE_WORDS * 8, words[3], self.tie)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def share(self, sheet: Sheet, other: Sheet) -> cython.void:
        """Begin another record of the same connection: what names it, and when it was."""
        i: cython.int
        other.clear()
        for i in range(END_REASON + 1):
            other.number[i] = sheet.number[i]
        for i in range(TARGET + 1):
            other.text_at[i] = sheet.text_at[i]
            other.text_size[i] = sheet.text_size[i]
        other.written = sheet.text_at[TARGET] + sheet.text_size[TARGET]
        if cython.compiled:
            memcpy(other.characters, sheet.characters, other.written)
        else:
            other.characters[: other.written] = sheet.characters[: other.written]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fill(self, sheet: Sheet, reason: cython.int) -> cython.void:
        """Leave all values of the connection in its sheet."""
        d: cython.int
        row: cython.Py_ssize_t = self.row[0] if self.row[0] >= 0 else self.row[1]
        sheet.clear()
        self.name(sheet)
        sheet.number[END_REASON] = reason
        sheet.number[TIME_FIRST] = self.start
        sheet.number[TIME_LAST] = self.latest
        sheet.number[DURATION] = self.latest - self.start
        sheet.number[ALL_PACKETS] = self.packets[0] + self.packets[1]
        sheet.number[ALL_PAYLOAD] = self.payload[0] + self.payload[1]
        sheet.number[ALL_WIRE] = self.wire[0] + self.wire[1]
        for d in range(2):
            if self.packets[d] > 0:
                self.fill_direction(sheet, d)
        sheet.real[BYTE_RATIO] = ratio(self.ip_bytes[0], self.ip_bytes[1])
        sheet.real[PACKET_RATIO] = ratio(self.packets[0], self.packets[1])
        if self.payload[0] + self.payload[1] > 0:
            sheet.real[CONSUMER_RATIO] = cython.cast(cython.double, self.payload[0] - self.payload[1]) / (
                self.payload[0] + self.payload[1]
            )
        sheet.number[LINK] = cython.cast(cython.longlong, self.rows[row + ROW_ENDS] & MOST_16)
        sheet.number[NETWORK] = 1 if self.version == 4 else 2
        sheet.number[APPLICATION] = self.application
        sheet.number[SYN_TTL] = self.syn_ttl
        sheet.number[REASON] = self.reason
        sheet.number[FLIPPED] = self.flipped
        sheet.number[FORTH] = 1
        self.fill_place(sheet, row)
        self.fill_name(sheet)
        if self.protocol == TCP:
            self.tcp.finish(sheet)
        elif self.protocol == UDP and self.packets[0] > 0:
            sheet.number[states.STATE] = states.SF if self.packets[1] > 0 else states.S0
        elif self.protocol == UDP:
            sheet.number[states.STATE] = states.SHR
        self.states[sheet.number[states.STATE]] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fill_direction(self, sheet: Sheet, d: cython.int) -> cython.void:
        """Leave what only one direction has."""
        options: cython.ulonglong = self.options[d] >> 8 & 255
        row: cython.Py_ssize_t = self.row[d]
        sheet.number[PACKETS + d] = self.packets[d]
        sheet.number[IP_BYTES + d] = self.ip_bytes[d]
        sheet.number[PAYLOAD_BYTES + d] = self.payload[d]
        sheet.number[HEADER_BYTES + d] = self.ip_bytes[d] - self.payload[d]
        sheet.number[WIRE_BYTES + d] = self.wire[d]
        sheet.number[CUT_PACKETS + d] = self.cut[d]
        sheet.number[MIN_TTL + d] = self.least_ttl[d]
        sheet.number[MAX_TTL + d] = self.most_ttl[d]
        sheet.number[TIME_START + d] = self.first_time[d]
        sheet.number[TIME_END + d] = self.last_time[d]
        sheet.number[DURATION_FORTH + d] = self.last_time[d] - self.first_time[d]
        sheet.number[FIRST_NUMBER + d] = cython.cast(cython.longlong, self.first_tie[d] & MOST_PACKETS)
        sheet.number[LAST_NUMBER + d] = cython.cast(cython.longlong, self.end_tie[d] & MOST_PACKETS)
        sheet.number[AVERAGE + d] = self.ip_bytes[d] // self.packets[d]
        sheet.number[states.DATA_PACKETS + d] = self.data_packets[d]
        if options & HAS_MSS:
            sheet.number[SEGMENT_SIZE + d] = cython.cast(cython.longlong, self.options[d] >> 16 & MOST_16)
        if options & HAS_SCALE:
            sheet.number[SCALE + d] = cython.cast(cython.longlong, self.options[d] & 255)
        sheet.number[SCALES + d] = 1 if options & HAS_SCALE else 0
        sheet.number[SACK + d] = 1 if options & SACK_PERMITTED else 0
        sheet.number[STAMPS + d] = 1 if options & TIMESTAMPS else 0
        self.put_mac(sheet, SOURCE_MAC_TEXT if d == 0 else TARGET_MAC_TEXT, self.rows[row + ROW_SOURCE_MAC])
        if self.packets[1 - d] == 0:
            self.put_mac(
                sheet, TARGET_MAC_TEXT if d == 0 else SOURCE_MAC_TEXT, self.rows[row + ROW_TARGET_MAC]
            )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fill_place(self, sheet: Sheet, row: cython.Py_ssize_t) -> cython.void:
        """Leave where the connection was seen: files and packets, VLANs, tunnel; and kinds of addresses."""
        first: cython.int = 0 if self.row[0] >= 0 else 1
        at: cython.Py_ssize_t = row + ROW_OUTER
        i: cython.int
        vlans: cython.ulonglong = self.key[5]
        near: cython.int = 2 * self.first_way
        sheet.number[FILE] = cython.cast(cython.longlong, self.tie >> PACKET_BITS)
        sheet.number[LAST_FILE] = cython.cast(cython.longlong, self.last_tie >> PACKET_BITS)
        sheet.number[FIRST_PACKET] = cython.cast(cython.longlong, self.tie & MOST_PACKETS)
        sheet.number[LAST_PACKET] = cython.cast(cython.longlong, self.last_tie & MOST_PACKETS)
        sheet.number[FIRST_OFFSET] = cython.cast(cython.longlong, self.offset)
        for i in range(4):
            if vlans >> (48 - 16 * i) & MOST_16:
                sheet.append(VLANS, cython.cast(cython.longlong, vlans >> (48 - 16 * i) & 0xFFF))
        if self.key[7] >> 48:
            sheet.number[TUNNEL] = cython.cast(cython.longlong, self.key[7] >> 48)
            sheet.number[TUNNEL_NUMBER] = cython.cast(cython.longlong, self.key[6])
            i = cython.cast(cython.int, self.rows[row + ROW_TUNNEL] >> 40 & 255)
            self.put_address(sheet, OUTER_SOURCE, self.rows[at + 2 * first], self.rows[at + 2 * first + 1], i)
            first = 1 - first
            self.put_address(sheet, OUTER_TARGET, self.rows[at + 2 * first], self.rows[at + 2 * first + 1], i)
        sheet.number[EXTERNAL] = not (
            self.is_internal(self.key[near], self.key[near + 1])
            and self.is_internal(self.key[2 - near], self.key[3 - near])
        )
        sheet.number[MULTICAST] = self.is_multicast(self.key[2 - near], self.key[3 - near])
        sheet.number[BROADCAST] = (self.version == 4 and self.key[3 - near] == MOST_32) or self.rows[
            row + ROW_TARGET_MAC if self.row[0] >= 0 else row + ROW_SOURCE_MAC
        ] == MOST_48

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_internal(self, high: cython.ulonglong, low: cython.ulonglong) -> cython.bint:
        """Tell private, link-local, loopback and multicast addresses (RFC 1918, 3927, 4193, 4291)."""
        if self.version == 4:
            return (
                low >> 24 == 10
                or low >> 20 == 0xAC1
                or low >> 16 == 0xC0A8
                or low >> 16 == 0xA9FE
                or low >> 24 == 127
                or low == 0
                or low == MOST_32
                or low >> 28 == 14
            )
        return high >> 57 == 0x7E or high >> 54 == 0x3FA or high >> 56 == 255 or (high == 0 and low <= 1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_multicast(self, high: cython.ulonglong, low: cython.ulonglong) -> cython.bint:
        """Tell multicast addresses (RFC 5771, RFC 4291)."""
        return low >> 28 == 14 if self.version == 4 else high >> 56 == 255

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fill_name(self, sheet: Sheet) -> cython.void:
        """Leave the name that the originator was last told the responder's address for, and its age."""
        i: cython.Py_ssize_t
        found: cython.Py_ssize_t
        k: cython.Py_ssize_t
        at: cython.Py_ssize_t = -1
        near: cython.int = 2 * self.first_way
        if self.answered == 0:
            return
        self.scratch[0] = self.key[near]
        self.scratch[1] = self.key[near + 1]
        self.scratch[2] = self.key[2 - near]
        self.scratch[3] = self.key[3 - near]
        self.scratch[4] = cython.cast(cython.ulonglong, self.version << 8 | self.version)
        found = self.asked.seek(self.scratch)
        if found < 0:
            return
        for i in range(self.answer_starts[found], self.answer_starts[found + 1]):
            k = cython.cast(cython.Py_ssize_t, self.answer_order[i]) * ANSWER_ITEM
            if self.answers[k] > self.stamp or (
                self.answers[k] == self.stamp and self.answers[k + 1] > self.tie
            ):
                break
            at = k
        if at < 0:
            return
        sheet.number[NAME_AGE] = self.start - self.time_of(self.answers, at)
        found = sheet.written
        for i in range(cython.cast(cython.Py_ssize_t, self.answers[at + 4])):
            sheet.characters[found + i] = self.text[cython.cast(cython.Py_ssize_t, self.answers[at + 3]) + i]
        sheet.text(DNS_NAME, found + cython.cast(cython.Py_ssize_t, self.answers[at + 4]))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def name(self, sheet: Sheet) -> cython.void:
        """Leave what names the connection: ends, protocol, Community ID and unique identifier."""
        near: cython.int = 2 * self.first_way
        icmp: cython.bint = self.is_icmp()
        # Fragments after the first have none; Community ID leaves them out then.
        ports: cython.bint = self.has_ports()
        first_port: cython.uint = cython.cast(cython.uint, self.key[4] >> 48)
        second_port: cython.uint = cython.cast(cython.uint, self.key[4] >> 32 & MOST_16)
        source_port: cython.uint = second_port if self.first_way else first_port
        target_port: cython.uint = first_port if self.first_way else second_port
        ends: cython.p_ulonglong = self.scratch
        i: cython.int
        if icmp and source_port == NO_MESSAGE:
            icmp = False
            source_port = target_port = 0
        for i in range(2):
            ends[i] = self.key[near + i]
            ends[2 + i] = self.key[2 - near + i]
        ends[4] = (
            cython.cast(cython.ulonglong, source_port) << 48
            | cython.cast(cython.ulonglong, target_port) << 32
            | (self.key[4] & MOST_32)
        )
        ends[5] = self.key[5]
        ends[6] = self.key[6]
        ends[7] = (cython.cast(cython.ulonglong, self.start) + BIAS) & ALL_64
        ends[8] = self.key[7]
        ends[9] = self.occurrence
        sheet.text(UID, unique_id(sheet.characters, sheet.written, ends, 10))
        sheet.text(
            COMMUNITY_ID,
            community_id(
                sheet.characters,
                sheet.written,
                ends,
                self.version,
                self.protocol,
                source_port,
                target_port,
                icmp and partner(source_port, self.version) < 0,
                ports or icmp,
                cython.cast(cython.uint, self.settings[SEED]),
            ),
        )
        self.put_address(sheet, SOURCE, ends[0], ends[1], self.version)
        self.put_address(sheet, TARGET, ends[2], ends[3], self.version)
        sheet.number[PROTOCOL] = self.protocol
        sheet.number[IP_VERSION] = self.version
        sheet.number[SOURCE_PORT] = source_port
        sheet.number[TARGET_PORT] = target_port
        self.put_number(sheet, SOURCE_PORT_TEXT, source_port)
        self.put_number(sheet, TARGET_PORT_TEXT, target_port)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put_address(
        self,
        sheet: Sheet,
        slot: cython.int,
        high: cython.ulonglong,
        low: cython.ulonglong,
        version: cython.int,
    ) -> cython.void:
        """Leave the text of an address."""
        i: cython.int
        for i in range(8):
            self.address[i] = cython.cast(cython.uchar, high >> (56 - 8 * i) & 255)
            self.address[8 + i] = cython.cast(cython.uchar, low >> (56 - 8 * i) & 255)
        if version == 4:
            sheet.text(slot, text_ipv4(sheet.characters, sheet.written, self.address, 12))
        else:
            sheet.text(slot, text_ipv6(sheet.characters, sheet.written, self.address, 0))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put_mac(self, sheet: Sheet, slot: cython.int, value: cython.ulonglong) -> cython.void:
        """Leave the text of a MAC address; one of zeros is none."""
        i: cython.int
        if value == 0:
            return
        for i in range(6):
            self.address[i] = cython.cast(cython.uchar, value >> (40 - 8 * i) & 255)
        sheet.text(slot, text_mac(sheet.characters, sheet.written, self.address, 0))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put_number(self, sheet: Sheet, slot: cython.int, value: cython.uint) -> cython.void:
        """Leave the decimal text of a number below 100,000."""
        at: cython.Py_ssize_t = sheet.written
        least: cython.uint = 10000
        while least > 1 and value < least:
            least = least // 10
        while least > 0:
            sheet.characters[at] = cython.cast(cython.uchar, 48 + value // least % 10)
            least = least // 10
            at += 1
        sheet.text(slot, at)

    def take_records(self) -> tuple:
        """Give what was written, as Output.take: Connection, Flow, FlowFeatures; service rows and rows."""
        return (
            self.connections.take(),
            self.one_way.take(),
            self.feature_records.take(),
            self.services.take(),
            self.host_rows.take(),
        )

    def summary(self) -> tuple:
        """Give how many connections ended for each reason, how many are in each state, and their packets."""
        ends = [self.ends[i] for i in range(7)]
        found = [self.states[i] for i in range(13)]
        return ends, found, self.replayed
