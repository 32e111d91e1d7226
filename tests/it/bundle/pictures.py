"""Retold pictures once more, written for clarity and not for speed. See src/manual/bundle.md."""

import pathlib
import re

from foretold import Chance, Coder

# The tables of RFC 6386, from where they were typed once.
SOURCE = (pathlib.Path(__file__).parents[3] / "src/bundle/dense/picture/numbers.rs").read_text()
SUBMODES, CHANGES, TOKENS = (
    [int(number) for number in re.findall(r"\d+", table)] for table in re.findall(r"= \[([^\]]*)\]", SOURCE))
BANDS = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7]
ZIGZAG = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15]
STEPS = [0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6]
EXTRA = [[159], [165, 145], [173, 148, 140], [176, 155, 140, 135], [180, 157, 141, 134, 130],
         [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129]]


class Bools:
    """The coder of RFC 6386, section 7.3, in a number as long as need be."""

    def __init__(self):
        self.low, self.range, self.bits = 0, 255, 0

    def put(self, zero, bit):
        split = 1 + ((self.range - 1) * zero >> 8)
        self.low += split if bit else 0
        self.range = self.range - split if bit else split
        while self.range < 128:
            self.low, self.range, self.bits = self.low << 1, self.range << 1, self.bits + 1

    def whole(self):
        """Bytes before those that are kept back, and bits of these: from 1 to 8, and 8."""
        bytes = max(0, self.bits - 1) // 8
        return bytes, self.bits - 8 * bytes

    def finish(self):
        for _ in range(17 - self.whole()[1]):
            self.put(128, 0)
        length, rest = self.whole()
        out = (self.low >> 8 + rest).to_bytes(length, "big")
        return out + bytes([self.low >> 8 & (1 << rest) - 1])


class Teller:
    def __init__(self, said):
        self.code = Coder(said)
        self.parts = Bools(), Bools()
        self.chances = {}

    def plain(self, count):
        number = 0
        for _ in range(count):
            number = number << 1 | self.code(32768)
        return number

    def bit(self, part, zero, key=None):
        said = max(64, min(65472, (256 - zero) * 256))
        if key is None:
            bit = self.code(said)
        else:
            if key not in self.chances:
                self.chances[key] = Chance(said)
                self.chances[key].n = 12
            chance = self.chances[key]
            bit = self.code(max(64, min(65472, chance.p >> 6)))
            chance.learn(bit, 120)
        self.parts[part].put(zero, bit)
        return bit

    def mode(self, name, zero):
        return self.bit(0, zero, (name, zero >> 3))

    def number(self, count):
        number = 0
        for _ in range(count):
            number = number << 1 | self.bit(0, 128)
        return number

    def optional(self, count):
        if self.number(1):
            self.number(count)

    def head(self):
        self.number(2)
        self.segments = self.skipped = None
        if self.number(1):
            named, described = self.number(1), self.number(1)
            if described:
                self.number(1)
                for count in (8, 8, 8, 8, 7, 7, 7, 7):
                    self.optional(count)
            if named:
                self.segments = [self.number(8) if self.number(1) else 255 for _ in range(3)]
        self.number(10)
        if self.number(1) and self.number(1):
            for _ in range(8):
                self.optional(7)
        assert self.number(2) == 0
        self.number(7)
        for _ in range(5):
            self.optional(5)
        self.number(1)
        self.tokens = [self.number(8) if self.mode("change", change) else zero for zero, change in zip(TOKENS, CHANGES)]
        if self.number(1):
            self.skipped = self.number(8)

    def submode(self, above, left):
        zeros = SUBMODES[(above * 10 + left) * 9:][:9]
        # RFC 6386 section 11.2: leaves are negative.
        tree, at = [-1, 2, -2, 4, -3, 6, 8, 12, -4, 10, -6, -7, -5, 14, -8, 16, -9, -10], 0
        while True:
            at = tree[at + self.mode(("submode", at // 2), zeros[at // 2])]
            if at < 0:
                return -at - 1

    def modes(self, above, left):
        whole = self.mode(("mode", 0), 145)
        if whole:
            if self.mode(("mode", 1), 156):
                mode = [3, 1][self.mode(("mode", 3), 128)]
            else:
                mode = [0, 2][self.mode(("mode", 2), 163)]
            above["modes"], left["modes"] = [mode] * 4, [mode] * 4
        else:
            for at in range(16):
                mode = self.submode(above["modes"][at % 4], left["modes"][at // 4])
                above["modes"][at % 4] = left["modes"][at // 4] = mode
        for branch, zero in enumerate((142, 114, 183)):
            if not self.mode(("colour", branch), zero):
                break
        return whole

    def size(self, branch):
        """Of a coefficient that is not 0, and the table of its further bits."""
        if not branch(2):
            return 1, []
        if not branch(3):
            return (3 + branch(5) if branch(4) else 2), []
        if not branch(6):
            return 5, EXTRA[branch(7)]
        high = branch(8)
        return 5, EXTRA[2 + 2 * high + branch(9 + high)]

    def block(self, plane, above, left):
        sizes, filled = [0] * 16, False
        before, last, may_end = above[1] + left[1], [0, 0], True
        for at in range(plane == 0, 16):
            zeros = self.tokens[((plane * 8 + BANDS[at]) * 3 + before) * 11:][:11]
            place = ZIGZAG[at]
            around = 2 * last[0] + last[1] + above[0][place] + left[0][place]
            around += 2 * (sizes[place - 4] if place >= 4 else 0) + 2 * (sizes[place - 1] if place % 4 else 0)
            key = "token", plane, at, before, STEPS[min(around, 15)]

            def branch(which):
                return self.bit(1, zeros[which], (key, which))
            if may_end and not branch(0):
                break
            filled, size = True, 0
            may_end = branch(1)
            if may_end:
                size, extra = self.size(branch)
                for zero in extra:
                    self.bit(1, zero)
                self.bit(1, 128)
            before = min(size, 2)
            sizes[place] = min(size, 3)
            last = [min(size, 3), last[0]]
        return sizes, filled

    def macroblock(self, above, left):
        if self.segments:
            high = self.mode(("segment", 0), self.segments[0])
            self.mode(("segment", 1 + high), self.segments[1 + high])
        skipped = self.skipped is not None and self.mode("skipped", self.skipped)
        means = self.modes(above, left)
        if skipped:
            for edge in (above, left):
                edge["blocks"][:9 if means else 8] = [([0] * 16, False)] * (9 if means else 8)
            return
        blocks = [(1, 8, 8)] if means else []
        for plane, start, side in ((0 if means else 3, 0, 4), (2, 4, 2), (2, 6, 2)):
            blocks += [(plane, start + at % side, start + at // side) for at in range(side * side)]
        for plane, x, y in blocks:
            block = self.block(plane, above["blocks"][x], left["blocks"][y])
            above["blocks"][x] = left["blocks"][y] = block

    def picture(self):
        kind, width, height = self.plain(4), self.plain(16), self.plain(16)
        columns, rows = ((side & 0x3FFF) + 15 >> 4 for side in (width, height))
        self.head()

        def edge():
            return {"modes": [0] * 4, "blocks": [([0] * 16, False)] * 9}
        above = [edge() for _ in range(columns)]
        for _ in range(rows):
            left = edge()
            for its in above:
                self.macroblock(its, left)
        modes, coefficients = (part.finish() for part in self.parts)
        frame = (len(modes) << 5 | kind << 1).to_bytes(3, "little") + b"\x9d\x01\x2a"
        frame += width.to_bytes(2, "little") + height.to_bytes(2, "little") + modes + coefficients
        self.code.end()
        frame += bytes(len(frame) % 2)
        length = len(frame).to_bytes(4, "little")
        return b"RIFF" + (12 + len(frame)).to_bytes(4, "little") + b"WEBPVP8 " + length + frame


def tell(said):
    return Teller(said).picture()
