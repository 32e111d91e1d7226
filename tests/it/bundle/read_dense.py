"""A second reader of the dense form, written from src/manual/bundle.md alone: `read_dense.py FILE [OLD-BUNDLE]`. Prints
`SHA-256  PATH` of every file of the edition that is there, or refuses. Does not check signatures. Needs the program
`zstd`."""

import hashlib
import json
import struct
import subprocess
import sys
import tarfile
import tempfile

import foretold
import pictures


class Refused(Exception):
    pass


def require(truth, why):
    if not truth:
        raise Refused(why)


class Stream:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        require(self.at + length <= len(self.data), "it is cut short")
        self.at += length
        return self.data[self.at - length:self.at]

    def skippable_head(self):
        magic, length = struct.unpack("<II", self.take(8))
        require(magic == 0x184D2A50, "a skippable frame should begin here")
        return length

    def skippable(self):
        return self.take(self.skippable_head())

    def frame(self, dictionary):
        """What is in the zstd frame that begins here."""
        begin = self.at
        head = self.take(6)
        require(head[:5] == bytes.fromhex("28b52ffd00") and head[5] <= 15 << 3, "it is no plain zstd frame")
        last = False
        while not last:
            bits = int.from_bytes(self.take(3), "little")
            last, kind, size = bits & 1, bits >> 1 & 3, bits >> 3
            require(kind != 3 and size <= 1 << 17, "it has a block of no known kind")
            self.take(1 if kind == 1 else size)
        with tempfile.NamedTemporaryFile() as file:
            file.write(dictionary)
            file.flush()
            way = [f"--patch-from={file.name}"] if dictionary else []
            done = subprocess.run(["zstd", "-dcq", "--long=27", *way], input=self.data[begin:self.at], capture_output=True)
        require(done.returncode == 0, f"zstd: {done.stderr.decode(errors='replace')}")
        return Stream(done.stdout)


def signed_files(metadata):
    """Path and length of each file of the edition, in the order of paths."""
    snapshot = next(n for n in metadata if n.endswith(".snapshot.json"))
    files = {}
    for name, its in json.loads(metadata[snapshot])["signed"]["meta"].items():
        role = json.loads(metadata[f"{its['version']}.{name}"])["signed"]
        files |= {path: (t["length"], t["hashes"]["sha256"]) for path, t in role["targets"].items()}
    return sorted(files.items(), key=lambda file: file[0].encode())


def old_edition(path):
    """Files and metadata of a full bundle, in its order; without what it says of itself."""
    metadata, files = {}, {}
    with tarfile.open(path, "r:gz") as tar:
        for entry in tar:
            content = tar.extractfile(entry).read()
            if entry.name.startswith(".colport/metadata/"):
                metadata[entry.name.removeprefix(".colport/metadata/")] = content
            elif not entry.name.startswith(".colport/"):
                files[entry.name] = content
    return metadata, files


def dictionary_of(stream, head, metadata, files):
    letters = stream.frame(b"").data
    known = b"+*-" if head["format"] == "colport-dense-2" else b"+-"
    require(len(letters) == len(files) and set(letters) <= set(known), "the choice of old files is unclear")
    texts, learned = (b"".join(content for its, content in zip(letters, files.values()) if its == letter) for letter in b"+*")
    roles = b"".join(content for name, content in metadata.items() if not name.endswith(".root.json"))[-(8 << 20):]
    mark = hashlib.sha256(texts + learned + roles).hexdigest()[:16]
    require(mark == head["dictionary"], "it was made for another copy")
    return texts, learned, roles


def folio(frame):
    metadata = {}
    while True:
        end = frame.data.index(b"\n", frame.at)
        line = frame.take(end + 1 - frame.at)[:-1].decode()
        if not line:
            return metadata
        name, length = line.split(" ")
        metadata[name] = frame.take(int(length))


def groups(files):
    group, pressed, raw = [], 0, 0
    for path, length, letter in files:
        if pressed >= 16 << 20 or raw >= 1 << 30:
            yield group
            group, pressed, raw = [], 0, 0
        if letter != "-":
            group.append((path, length, letter))
        pressed += length * (letter == "z")
        raw += length * (letter in "rw")
    yield group


def picture(stream, length):
    said = int.from_bytes(stream.take(3), "little")
    require(3 + said < length, "more is said of a picture than it holds")
    return pictures.tell(stream.take(said))


def edition(stream, old):
    head = json.loads(stream.skippable())
    require(head["format"] in ("colport-dense-1", "colport-dense-2"), "its format is unknown")
    metadata, files, texts, learned, roles = {}, {}, b"", b"", b""
    if "base" in head:
        metadata, files = old_edition(old)
        texts, learned, roles = dictionary_of(stream, head, metadata, files)
    frame = stream.frame(roles)
    dictionary = texts + frame.data[-(8 << 20):] if "base" in head else b""
    metadata = {n: c for n, c in metadata.items() if not n.endswith((".snapshot.json", "timestamp.json"))} | folio(frame)
    require(frame.at == len(frame.data), "something stands behind the metadata")
    signed = signed_files(metadata)
    letters = stream.frame(b"").data.decode()
    require(len(letters) == len(signed) and set(letters) <= set("zrw-" if head["format"] == "colport-dense-2" else "zr-"), "it is unclear how files come")
    come = dict(files)
    for group in groups([(path, length, letter) for (path, (length, _)), letter in zip(signed, letters)]):
        if head["format"] == "colport-dense-2":
            length = sum(length for _, length, letter in group if letter == "z")
            model = foretold.Model(dictionary, learned)
            frame = Stream(foretold.texts(model, stream.skippable(), length))
        else:
            frame = stream.frame(dictionary)
        come |= {path: frame.take(length) for path, length, letter in group if letter == "z"}
        require(frame.at == len(frame.data), "a frame holds more than was signed")
        raw = [(path, length, letter) for path, length, letter in group if letter != "z"]
        require(all(path.endswith(".webp") for path, _, letter in raw if letter == "w"), "it is unclear how files come")
        most = sum(length for _, length, _ in raw)
        if most:
            length = stream.skippable_head()
            retold = any(letter == "w" for _, _, letter in raw)
            require(length <= most if retold else length == most, "it is not as long as was signed")
            come |= {path: picture(stream, length) if letter == "w" else stream.take(length) for path, length, letter in raw}
    require(stream.at == len(stream.data), "something follows its end")
    for path, (length, digest) in signed:
        if path not in come and head.get("excerpt") and path.endswith(".webp"):
            continue
        require(hashlib.sha256(come.get(path, b"")).hexdigest() == digest, f"{path} is not what was signed")
        yield f"{digest}  {path}"


def main():
    with open(sys.argv[1], "rb") as file:
        stream = Stream(file.read())
    try:
        print("\n".join(list(edition(stream, sys.argv[2] if len(sys.argv) > 2 else None))))
    except (Refused, ValueError, KeyError) as why:
        sys.exit(f"refused: {why}")


main()
