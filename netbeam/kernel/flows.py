# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Rows are compared with their section, answers with its text; there is room for all before any is taken.
"""Flows: the packets of one part of a run by flow, each flow's in order, loaded section by section."""

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import free, malloc, realloc
    from cython.cimports.libc.string import memcpy
    from cython.cimports.netbeam.kernel.digest import (
        ANSWER_WORDS,
        DIGEST_WORDS,
        ROW_ENDS,
        ROW_KEY,
        ROW_SOURCE,
        ROW_TARGET,
        ROW_TUNNEL,
        ROW_TUNNEL_ID,
        ROW_VLANS,
        ROW_WORDS,
    )
    from cython.cimports.netbeam.kernel.keys import Keys, mixed
    from cython.cimports.netbeam.kernel.store import Output, arrange
else:
    from struct import pack

    from netbeam.kernel.digest import (
        ANSWER_WORDS,
        DIGEST_WORDS,
        ROW_ENDS,
        ROW_KEY,
        ROW_SOURCE,
        ROW_TARGET,
        ROW_TUNNEL,
        ROW_TUNNEL_ID,
        ROW_VLANS,
        ROW_WORDS,
    )
    from netbeam.kernel.keys import Keys, mixed
    from netbeam.kernel.store import Output, arrange

# Compiled, these are the enums of flows.pxd, which says what they are.
if not cython.compiled:
    ITEM, ANSWER_ITEM, FLOW_KEY, ANSWER_KEY, PACKET_BITS = 8, 5, 8, 5, 40

BIAS = cython.declare(cython.ulonglong, 1 << 63)
MOST_16 = cython.declare(cython.ulonglong, 0xFFFF)
MOST_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
LONGEST_NAME = cython.declare(cython.ulonglong, 512)

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


@cython.final
@cython.cclass
class Flows:
    """Takes the sections of a part, then puts packets in order flow by flow, and answers client by client.

    With `per_file` a flow ends where its capture does; with `hosts` rows are kept as they come. The packets
    of flow k are `order[i]`, for i in [starts[k], starts[k + 1]); each is ITEM words of `items`. Memory is
    kept from part to part.
    """

    def __init__(self, per_file: cython.bint, hosts: cython.bint) -> None:
        self.per_file = per_file
        self.hosts = hosts
        self.host_rows = Output()
        self.keys = Keys(FLOW_KEY, FLOW_KEY)
        self.asked = Keys(ANSWER_KEY, ANSWER_KEY)
        self.room = self.row_room = self.answer_room = self.text_room = self.order_room = 0
        if not cython.compiled:
            self.whole, self.key = [0] * ROW_WORDS, [0] * FLOW_KEY

    def begin(self, part: int, parts: int) -> None:
        """Start afresh; of the flows those are taken whose hash modulo `parts` is `part`."""
        self.part = part
        self.parts = parts
        self.failed = False
        self.count = self.row_count = self.answered = self.text_size = 0
        self.keys.clear()
        self.asked.clear()
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
        if self.hosts and self.part == 0 and self.host_rows.begin(ROW_WORDS * 8):
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
        key[7] = row[ROW_TUNNEL] >> 48 << 48 | (source + 1 if self.per_file else 0)
        if self.parts > 1 and mixed(key, FLOW_KEY) % self.parts != self.part:
            return BIAS
        found = self.keys.find(key)
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

    @cython.cfunc
    def put_in_order(self) -> cython.bint:
        """Arrange packets by flow and answers by who asked; false where memory ends."""
        most: cython.Py_ssize_t = max(self.count, self.answered)
        if not cython.compiled:
            self.starts, self.order = [0] * (self.keys.count + 2), [0] * self.count
            self.answer_starts, self.answer_order = [0] * (self.asked.count + 2), [0] * self.answered
            self.spare = [0] * most
        elif not self.order_fits(most, max(self.keys.count, self.asked.count) + 2):
            return False
        with cython.nogil:
            arrange(self.items, ITEM, self.count, self.keys.count, self.starts, self.order, self.spare)
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
