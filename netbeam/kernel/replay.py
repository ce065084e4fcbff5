# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Indices come from arrange and from rows that `load` has compared with their number.
"""The replay: digests of a partition, put in order flow by flow, become connections and their records.

A flow is everything between two ends (with protocol, VLANs and tunnel); a connection is what of it no
timeout and no end of TCP's divides. What depends on order is decided here, so that it makes no difference
in which chunks the packets lay.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.string import memcpy
    from cython.cimports.netbeam.kernel import tcp as states
    from cython.cimports.netbeam.kernel.digest import (
        CUT,
        HAS_MSS,
        HAS_SCALE,
        NO_MESSAGE,
        ROW_ENDS,
        ROW_KEY,
        ROW_OUTER,
        ROW_SOURCE_MAC,
        ROW_TARGET_MAC,
        ROW_TUNNEL,
        SACK_PERMITTED,
        SEGMENT,
        TIMESTAMPS,
    )
    from cython.cimports.netbeam.kernel.features import Features
    from cython.cimports.netbeam.kernel.flows import ANSWER_ITEM, FLOW_KEY, ITEM, PACKET_BITS, Flows, partner
    from cython.cimports.netbeam.kernel.identity import community_id, put_bytes, unique_id
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
    from cython.cimports.netbeam.kernel.store import Output
    from cython.cimports.netbeam.kernel.tcp import Tcp
    from cython.cimports.netbeam.kernel.text import text_ipv4, text_ipv6, text_mac
    from cython.cimports.netbeam.kernel.wire import ALL_64
else:
    from netbeam.kernel import tcp as states
    from netbeam.kernel.digest import (
        CUT,
        HAS_MSS,
        HAS_SCALE,
        NO_MESSAGE,
        ROW_ENDS,
        ROW_KEY,
        ROW_OUTER,
        ROW_SOURCE_MAC,
        ROW_TARGET_MAC,
        ROW_TUNNEL,
        SACK_PERMITTED,
        SEGMENT,
        TIMESTAMPS,
    )
    from netbeam.kernel.features import Features
    from netbeam.kernel.flows import ANSWER_ITEM, FLOW_KEY, ITEM, PACKET_BITS, Flows, partner
    from netbeam.kernel.identity import community_id, put_bytes, unique_id
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
    from netbeam.kernel.store import Output
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
    SERVICE_WORDS = 9
    CONNECTION, FLOW, FLOW_FEATURES, SERVICES, FLOW_BACK, TABLES = range(6)
    # fmt: off
    (
        TCP_IDLE, UDP_IDLE, ICMP_IDLE, OTHER_IDLE, ACTIVE_LIMIT, LINGER, SEED, PER_FILE, SETTINGS,
    ) = range(9)
    # fmt: on

BIAS = cython.declare(cython.ulonglong, 1 << 63)
GREETED = cython.declare(cython.ulonglong, 1 << 32)
MOST_16 = cython.declare(cython.ulonglong, 0xFFFF)
MOST_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MOST_48 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFF)
MOST_PACKETS = cython.declare(cython.ulonglong, (1 << 40) - 1)
SYN_BIT = cython.declare(cython.int, 2)
ACK_BIT = cython.declare(cython.int, 16)
TCP = cython.declare(cython.int, 6)
UDP = cython.declare(cython.int, 17)
SCTP = cython.declare(cython.int, 132)
WELL_KNOWN = cython.declare(cython.uint, 1024)
FARTHEST = cython.declare(cython.longlong, 1 << 62)
"""Times before or after 1970 by more ns (146 years) are taken for it, so that differences fit in 64 bits."""


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
    ended: cython.p_longlong
    layers: cython.p_ulonglong
    layer_count: cython.ulonglong
    sheet: Sheet
    feature_sheet: Sheet
    tcp: Tcp
    features: Features
    connections: Output
    one_way: Output
    feature_records: Output
    services: Output
    tables: cython.longlong[5]
    settings: cython.longlong[8]
    flows: Flows
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

    def __init__(self, sheet: Sheet, feature_sheet: Sheet, tables, settings, latest, layers) -> None:
        """Take the sheets, and arrays of 'q' with tables and settings.

        And for each capture when its last packet was captured (array of 'q', Unix ns), for each layer, from
        number 0 on, what stands for it in a UID (array of 'Q').
        """
        i: cython.int
        self.sheet = sheet
        self.feature_sheet = feature_sheet
        self.tcp = Tcp()
        self.features = Features()
        self.connections = Output()
        self.one_way = Output()
        self.feature_records = Output()
        self.services = Output()
        self.flows = Flows(settings[PER_FILE], tables[SERVICES] >= 0)
        if not cython.compiled:
            self.tables = [0] * 5
            self.settings = [0] * SETTINGS
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
        self.keep = [latest, layers]
        self.layer_count = len(layers)
        if cython.compiled:
            times: cython.longlong[::1] = latest
            self.ended = cython.address(times[0])
            words: cython.ulonglong[::1] = layers
            self.layers = cython.address(words[0])
        else:
            self.ended, self.layers = latest, layers
        self.tcp.linger = self.settings[LINGER]
        self.begin(0, 1)

    def begin(self, part: int, parts: int) -> None:
        """Start afresh; of the flows those are taken whose hash modulo `parts` is `part`."""
        i: cython.int
        self.flows.begin(part, parts)
        self.replayed = 0
        for i in range(7):
            self.ends[i] = 0
        for i in range(13):
            self.states[i] = 0

    def load(self, words, text, sizes, source: int, first_packet: int, start: int) -> None:
        """Take a section, as Flows.load does."""
        self.flows.load(words, text, sizes, source, first_packet, start)

    def run(self) -> None:
        """Replay all flows that were loaded.

        Raises:
            MemoryError: there is no memory for their order or their records.
        """
        if not self.flows.put_in_order():
            raise MemoryError("no memory for the order of a part's flows")
        with cython.nogil:
            self.replay()
        if self.features.failed:
            raise MemoryError("no memory for the packets of a connection")

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def replay(self) -> cython.void:
        """Replay flow by flow."""
        flow: cython.Py_ssize_t
        i: cython.Py_ssize_t
        item: cython.Py_ssize_t
        reason: cython.int
        ended: cython.longlong
        for flow in range(self.flows.keys.count):
            self.open = False
            self.occurrence = 0
            self.started = 0
            for i in range(self.flows.starts[flow], self.flows.starts[flow + 1]):
                item = cython.cast(cython.Py_ssize_t, self.flows.order[i]) * ITEM
                if self.open:
                    if self.flows.items[item + 1] == self.last_tie:
                        continue  # two workers did the same chunk
                    reason = self.over(item)
                    if reason != 0:
                        self.close(reason)
                if not self.open:
                    self.start_connection(flow, item)
                self.add(item)
            if self.open:
                ended = bounded(self.ended[cython.cast(cython.Py_ssize_t, self.last_tie >> PACKET_BITS)])
                self.close(IDLE if ended - self.latest > self.idle else LAST)

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
        time: cython.longlong = self.time_of(self.flows.items, item)
        if time - self.latest > self.idle:
            return IDLE
        if self.settings[ACTIVE_LIMIT] > 0 and time - self.start >= self.settings[ACTIVE_LIMIT]:
            return ACTIVE
        if (
            self.protocol == TCP
            and self.flows.items[item + 6] >> 16 & SEGMENT
            and self.tcp.another(
                cython.cast(cython.int, self.flows.items[item + 7] & 1) ^ self.first_way,
                time,
                cython.cast(cython.uint, self.flows.items[item + 5] >> 32),
                cython.cast(cython.uint, self.flows.items[item + 5] & MOST_32),
                cython.cast(cython.int, self.flows.items[item + 6] >> 32 & MOST_16),
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
        way: cython.int = cython.cast(cython.int, self.flows.items[item + 7] & 1)
        flags: cython.int = cython.cast(cython.int, self.flows.items[item + 6] >> 32 & MOST_16)
        row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, self.flows.items[item + 2] >> 32) * (
            ROW_KEY + 1
        )
        source_port: cython.uint = cython.cast(cython.uint, self.flows.rows[row + ROW_ENDS] >> 48)
        target_port: cython.uint = cython.cast(cython.uint, self.flows.rows[row + ROW_ENDS] >> 32 & MOST_16)
        for i in range(FLOW_KEY):
            self.key[i] = self.flows.keys.store[flow * FLOW_KEY + i]
        self.open = True
        self.protocol = cython.cast(cython.int, self.key[4] >> 8 & 255)
        self.version = cython.cast(cython.int, self.key[4] & 255)
        self.flipped = False
        self.reason = BY_FIRST
        if self.protocol == TCP and self.flows.items[item + 6] >> 16 & SEGMENT and flags & SYN_BIT:
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
        self.stamp = self.flows.items[item]
        self.start = self.time_of(self.flows.items, item)
        self.latest = self.start
        self.tie = self.flows.items[item + 1]
        self.offset = self.flows.items[item + 3]
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
        d: cython.int = cython.cast(cython.int, self.flows.items[item + 7] & 1) ^ self.first_way
        facts: cython.ulonglong = self.flows.items[item + 6]
        time: cython.longlong = self.time_of(self.flows.items, item)
        length: cython.longlong = cython.cast(cython.longlong, self.flows.items[item + 4] >> 32)
        payload: cython.longlong = cython.cast(cython.longlong, self.flows.items[item + 4] & MOST_32)
        wire: cython.longlong = cython.cast(cython.longlong, self.flows.items[item + 7] >> 1)
        ttl: cython.int = cython.cast(cython.int, facts >> 24 & 255)
        segment: cython.bint = self.protocol == TCP and facts >> 16 & SEGMENT != 0
        flags: cython.int = cython.cast(cython.int, facts >> 32 & MOST_16)
        window: cython.uint = cython.cast(cython.uint, facts >> 48)
        self.last_tie = self.flows.items[item + 1]
        self.latest = time
        self.replayed += 1
        if self.packets[d] == 0:
            self.row[d] = cython.cast(cython.Py_ssize_t, self.flows.items[item + 2] >> 32) * (ROW_KEY + 1)
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
                cython.cast(cython.uint, self.flows.items[item + 5] >> 32),
                cython.cast(cython.uint, self.flows.items[item + 5] & MOST_32),
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
        row: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, self.flows.items[item + 2] >> 32) * (
            ROW_KEY + 1
        )
        options: cython.ulonglong = self.flows.rows[row + ROW_TUNNEL] & MOST_32
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
        sheet.number[LINK] = cython.cast(cython.longlong, self.flows.rows[row + ROW_ENDS] & MOST_16)
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
        self.put_mac(
            sheet, SOURCE_MAC_TEXT if d == 0 else TARGET_MAC_TEXT, self.flows.rows[row + ROW_SOURCE_MAC]
        )
        if self.packets[1 - d] == 0:
            self.put_mac(
                sheet, TARGET_MAC_TEXT if d == 0 else SOURCE_MAC_TEXT, self.flows.rows[row + ROW_TARGET_MAC]
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
            i = cython.cast(cython.int, self.flows.rows[row + ROW_TUNNEL] >> 40 & 255)
            self.put_address(
                sheet, OUTER_SOURCE, self.flows.rows[at + 2 * first], self.flows.rows[at + 2 * first + 1], i
            )
            first = 1 - first
            self.put_address(
                sheet, OUTER_TARGET, self.flows.rows[at + 2 * first], self.flows.rows[at + 2 * first + 1], i
            )
        sheet.number[EXTERNAL] = not (
            self.is_internal(self.key[near], self.key[near + 1])
            and self.is_internal(self.key[2 - near], self.key[3 - near])
        )
        sheet.number[MULTICAST] = self.is_multicast(self.key[2 - near], self.key[3 - near])
        sheet.number[BROADCAST] = (self.version == 4 and self.key[3 - near] == MOST_32) or self.flows.rows[
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
        if self.flows.answered == 0:
            return
        self.scratch[0] = self.key[near]
        self.scratch[1] = self.key[near + 1]
        self.scratch[2] = self.key[2 - near]
        self.scratch[3] = self.key[3 - near]
        self.scratch[4] = cython.cast(cython.ulonglong, self.version << 8 | self.version)
        found = self.flows.asked.seek(self.scratch)
        if found < 0:
            return
        for i in range(self.flows.answer_starts[found], self.flows.answer_starts[found + 1]):
            k = cython.cast(cython.Py_ssize_t, self.flows.answer_order[i]) * ANSWER_ITEM
            if self.flows.answers[k] > self.stamp or (
                self.flows.answers[k] == self.stamp and self.flows.answers[k + 1] > self.tie
            ):
                break
            at = k
        if at < 0:
            return
        sheet.number[NAME_AGE] = self.start - self.time_of(self.flows.answers, at)
        found = sheet.written
        for i in range(cython.cast(cython.Py_ssize_t, self.flows.answers[at + 4])):
            sheet.characters[found + i] = self.flows.text[
                cython.cast(cython.Py_ssize_t, self.flows.answers[at + 3]) + i
            ]
        sheet.text(DNS_NAME, found + cython.cast(cython.Py_ssize_t, self.flows.answers[at + 4]))

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
        ends[8] = self.key[7] & MOST_48
        if self.key[7] >> 48 < self.layer_count:
            ends[8] = (ends[8] + self.layers[cython.cast(cython.Py_ssize_t, self.key[7] >> 48)]) & ALL_64
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
        put_bytes(self.address, 0, high, 8)
        put_bytes(self.address, 8, low, 8)
        if version == 4:
            sheet.text(slot, text_ipv4(sheet.characters, sheet.written, self.address, 12))
        else:
            sheet.text(slot, text_ipv6(sheet.characters, sheet.written, self.address, 0))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put_mac(self, sheet: Sheet, slot: cython.int, value: cython.ulonglong) -> cython.void:
        """Leave the text of a MAC address; one of zeros is none."""
        if value == 0:
            return
        put_bytes(self.address, 0, value, 6)
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
            self.flows.host_rows.take(),
        )

    def summary(self) -> tuple:
        """Give how many connections ended for each reason, how many are in each state, and their packets."""
        ends = [self.ends[i] for i in range(7)]
        found = [self.states[i] for i in range(13)]
        return ends, found, self.replayed
