"""The model of foretold texts once more, written for clarity and not for speed: some ten kilobytes a second. See
src/manual/bundle.md."""

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
PACE = [(2 << 16) // (2 * n + 3) for n in range(1024)]


class Chance:
    def __init__(self, of_65536=32768):
        self.p, self.n = of_65536 << 6, 0

    def learn(self, bit, most):
        goal = (1 << 22) - 1 if bit else 0
        self.p = max(0, min((1 << 22) - 1, self.p + (((goal - self.p) >> 7) * PACE[self.n] >> 9)))
        self.n += self.n < most


def squashes():
    one, powers = 1 << 50, [1 << 50]
    while len(powers) < 2048:
        powers.append(powers[-1] * 1130306554484061 >> 50)
    for x in range(-2047, 2048):
        power = powers[abs(x)]
        yield max(16, min(65520, (power if x >= 0 else one) * 65536 // (one + power)))


SQUASH = list(squashes())


def stretches():
    x = 0
    for c in range(4096):
        while x < 4095 and SQUASH[x] < c * 16 + 8:
            x += 1
        yield min(x, 4094) - 2047


STRETCH = list(stretches())


def squash(x):
    return SQUASH[max(-2047, min(2047, x)) + 2047]


def then(seen, bit):
    clear, sets, _ = seen
    other, same = (clear, sets) if bit else (sets, clear)
    other = other if other <= 2 else 2 if other == 3 else 3 if other <= 5 else 4 if other <= 9 else 5 if other <= 18 else 6
    same += 1
    while max(same, other) > {0: 40, 1: 24, 2: 12, 3: 7, 4: 5}.get(min(same, other), 0):
        if same > 1 and same > other:
            same -= 1
        else:
            other -= 1
    clear, sets = (other, same) if bit else (same, other)
    return clear, sets, bool(bit and clear and sets and clear + sets < 12)


def states():
    all, next = [(0, 0, False)], []
    for seen in all:
        pair = []
        for bit in (0, 1):
            after = then(seen, bit)
            if after not in all:
                all.append(after)
            pair.append(all.index(after))
        next.append(pair)
    first = [min(65535, (2 * s + 1) * 65536 // (2 * (c + s) + 2)) for c, s, _ in all]
    return next, first


NEXT, FIRST = states()


def mix(a, b):
    h = a * 0x9E3779B1 + b * 0x85EBCA6B & M32
    return (h ^ h >> 15) * 0xC2B2AE35 & M32


class Memory:
    def __init__(self):
        self.slots, self.chances = {}, [Chance(first) for first in FIRST]

    def find(self, context, bits):
        h = mix(context, bits)
        check, one = h >> 24 | 1, h & (1 << 18) - 1
        pair = [self.slots.get(at) or [0] * 16 for at in (one, one ^ 1)]
        for at, slot in zip((one, one ^ 1), pair):
            if slot[0] == check:
                self.slot = slot
                return
        self.slot = [check] + [0] * 15
        self.slots[one if pair[0][1] <= pair[1][1] else one ^ 1] = self.slot

    def say(self, node):
        state = self.slot[node]
        return STRETCH[self.chances[state].p >> 10] if state else 0

    def learn(self, node, bit):
        self.chances[self.slot[node]].learn(bit, 255)
        self.slot[node] = NEXT[self.slot[node]][bit]


class Judge:
    def __init__(self):
        self.sets = {}

    def say(self, which, said):
        self.weights = self.sets.setdefault(which, [19660] * 7)
        x = max(-2047, min(2047, sum(s * w for s, w in zip(said, self.weights)) >> 16))
        self.p = squash(x)
        return x

    def learn(self, said, bit):
        error = (bit * 65536 - self.p) * 10 >> 6
        for at, s in enumerate(said):
            self.weights[at] = max(-(1 << 24), min(1 << 24, self.weights[at] + (s * error + (1 << 13) >> 14)))


class Corrector:
    def __init__(self):
        self.contexts = {}

    def say(self, context, x):
        self.steps = self.contexts.get(context)
        if self.steps is None:
            self.steps = self.contexts[context] = [squash(at * 128 - 2048) for at in range(33)]
        step, part = divmod(x + 2048, 128)
        self.step = step + (part >= 64)
        return self.steps[step] * (128 - part) + self.steps[step + 1] * part >> 7

    def learn(self, bit):
        # Division rounds towards 0.
        gap = (65535 if bit else 0) - self.steps[self.step]
        self.steps[self.step] += gap // 64 if gap >= 0 else -(-gap // 64)


class Model:
    def __init__(self, matched, learned):
        self.past, self.word, self.before, self.last = bytearray(), 0, 0, 0
        self.places, self.at, self.length, self.tries = {}, 0, 0, 0
        self.memories = [Memory() for _ in range(5)]
        self.after = {}
        self.matched = [Chance() for _ in range(64)]
        self.copied = [Chance(49152) for _ in range(3)]
        self.judges, self.correctors = (Judge(), Judge()), (Corrector(), Corrector())
        for byte in matched:
            self.note()
            self.push(byte)
        for byte in learned:
            self.byte(lambda chance, wanted: wanted, byte)

    def hash(self):
        if len(self.past) < 12:
            return None
        first, last = (int.from_bytes(part, "little") for part in (self.past[-12:-4], self.past[-8:]))
        first = first * 0xC2B2AE3D27D4EB4F & M64
        first = (first << 29 | first >> 35) & M64
        return ((first ^ last * 0x9E3779B97F4A7C15 & M64) * 0x165667B19E3779F9 & M64) >> 44

    def note(self):
        hash = self.hash()
        if hash is not None:
            self.places[hash] = len(self.past)

    def look(self):
        place = self.places.get(self.hash(), 0)
        if place and (self.length == 0 or (self.length < 16 and self.tries)):
            length = 0
            while length < min(400, place) and self.past[place - 1 - length] == self.past[-1 - length]:
                length += 1
            if length >= 12 and length > self.length:
                self.at, self.length, self.tries = place, length, 0
        self.note()

    def push(self, byte):
        expected = self.past[self.at] if self.at < len(self.past) else None
        if self.length and expected == byte:
            self.at, self.length = self.at + 1, self.length + 1
        elif self.tries and expected is not None:
            self.at, self.tries, self.length = self.at + 1, self.tries - 1, int(expected == byte)
        else:
            self.length = 0
        self.last = (self.last << 8 | byte) & M64
        if byte >= 0x80 or chr(byte).isalnum():
            self.word = mix(self.word, byte + 1)
        elif self.word:
            self.before, self.word = self.word, 0
        self.past.append(byte)

    def byte(self, code, wanted):
        """`code` says of a chance and the bit that is wanted what the bit is."""
        if self.length < 32:
            self.look()
        else:
            self.note()
            expected = self.past[self.at]
            copied = self.copied[(self.length >= 64) + (self.length >= 300)]
            right = code(max(2, min(65533, copied.p >> 6)), int(expected == wanted))
            copied.learn(right, 1000)
            if right:
                self.push(expected)
                return expected
            self.length, self.tries = 0, 8
        ends = [self.last & (1 << 8 * n) - 1 for n in (2, 4, 6)]
        contexts = [mix(end & M32, end >> 32 ^ n << 24) for n, end in zip((2, 4, 6), ends)]
        contexts += [mix(self.word, 77 + (self.last & 255)), mix(self.word ^ 0x5555, self.before)]
        bits = 1
        for at in range(8):
            if at % 4 == 0:
                for memory, context in zip(self.memories, contexts):
                    memory.find(context, bits)
            bits = bits << 1 | self.bit(at, bits, code, wanted >> 7 - at & 1)
        self.push(bits & 255)
        return bits & 255

    def step(self):
        n = self.length
        return n if n < 16 else 16 + (n - 16) // 4 if n < 32 else min(20 + (n - 32) // 16, 31)

    def bit(self, at, bits, code, wanted):
        node = 1 << at % 4 | bits & (1 << at % 4) - 1
        of_byte = (self.last & 255) << 8 | bits
        after = self.after.setdefault(of_byte, Chance())
        said = [memory.say(node) for memory in self.memories] + [STRETCH[after.p >> 10]]
        guess = None
        if self.length:
            expected = self.past[self.at] | 256
            if expected >> 8 - at == bits:
                guess = expected >> 7 - at & 1
            else:
                self.length, self.tries = 0, 8
        place = None if guess is None else self.matched[self.step() * 2 + guess]
        said.append(0 if place is None else STRETCH[place.p >> 10])
        trust = 0 if guess is None else 1 if self.length < 16 else 2
        one, other = (judge.say(which, said) for judge, which in zip(self.judges, ((trust, bits), (self.last & 255, at))))
        x = int((one + other) / 2)
        corrected = sum(c.say(context, x) for c, context in zip(self.correctors, (bits, of_byte)))
        bit = code(max(24, min(65512, (squash(x) * 2 + corrected) // 4)), wanted)
        for memory in self.memories:
            memory.learn(node, bit)
        after.learn(bit, 100)
        if place is not None:
            place.learn(bit, 1000)
        for judge in self.judges:
            judge.learn(said, bit)
        for corrector in self.correctors:
            corrector.learn(bit)
        return bit


class Coder:
    def __init__(self, coded):
        self.coded, self.at = coded, 4
        self.low, self.high, self.number = 0, M32, int.from_bytes((coded + bytes(4))[:4], "big")

    def __call__(self, chance, _=0):
        middle = self.low + ((self.high - self.low) * chance >> 16)
        bit = int(self.number <= middle)
        self.low, self.high = (self.low, middle) if bit else (middle + 1, self.high)
        while (self.low ^ self.high) >> 24 == 0:
            self.low, self.high = self.low << 8 & M32, self.high << 8 & M32 | 255
            self.number = self.number << 8 & M32 | (self.coded[self.at] if self.at < len(self.coded) else 0)
            self.at += 1
        return bit

    def end(self):
        last = self.low and self.high >> (same := (self.low ^ self.high).bit_length() - 1) << same
        if self.at < len(self.coded) or self.number != last or self.coded[-1:] == bytes(1):
            raise ValueError("it is not said as it must be")


def block(model, coded, length):
    """So many bytes, of which that much was said."""
    code = Coder(coded)
    content = bytes(model.byte(code, 0) for _ in range(length))
    code.end()
    return content


def texts(model, frame, length):
    """What is in a whole frame of foretold texts."""
    content, at, last = b"", 0, False
    while not last:
        head = int.from_bytes(frame[at:at + 3], "little")
        said, last = head >> 1, head & 1
        rest = length - len(content)
        if last != (rest <= 1 << 17) or at + 3 + said > len(frame):
            raise ValueError("its blocks are not those of these contents")
        content += block(model, frame[at + 3:at + 3 + said], min(rest, 1 << 17))
        at += 3 + said
    if at != len(frame):
        raise ValueError("something follows the last block")
    return content
