"""A second reader of bundles, written from src/manual/bundle.md alone. Prints `SHA-256  PATH` of every member, or refuses."""

import hashlib
import json
import struct
import sys
import unicodedata
import zlib

CONTENT = bytes.fromhex("1f8b08000000000000ff")
EXTRA = bytes.fromhex("1f8b08040000000000ff0c00")
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


class Refused(Exception):
    pass


def require(truth, why):
    if not truth:
        raise Refused(why)


def inflate(deflated, trailer, most):
    inflater = zlib.decompressobj(-15)
    try:
        content = inflater.decompress(deflated, most + 1)
    except zlib.error as error:
        raise Refused(str(error)) from None
    require(inflater.eof and not inflater.unused_data and len(content) <= most, "a deflate stream has another length")
    require(trailer == struct.pack("<II", zlib.crc32(content), len(content)), "a checksum is wrong")
    return content


def block(name, length, kind):
    fields = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % length + b"10000000000\0"
    header = (fields + b" " * 8 + kind + bytes(100) + b"ustar\x0000").ljust(512, b"\0")
    return header[:148] + b"%07o\0" % sum(header) + header[156:]


def tar_header(path, length):
    name, pax = path.encode(), b""
    if len(name) > 100 or not path.isascii():
        record = next(r for n in range(1, 9999) if len(r := b"%d path=%s\n" % (n, name)) == n)
        pax = block(b"././@PaxHeader", len(record), b"x") + record + bytes(-len(record) % 512)
    return pax + block(name[:100].decode(errors="ignore").encode(), length, b"0")


def path_and_length(entry):
    require(len(entry) in (512, 1536, 2048), "a header member has another size")
    path = entry[:100].rstrip(b"\0")
    if len(entry) > 512:
        path = entry[512:-512].rstrip(b"\0").rstrip(b"\n").partition(b"=")[2]
    try:
        path, length = path.decode(), int(entry[-512:][124:135], 8)
    except ValueError:
        raise Refused("a tar header cannot be read") from None
    require(0 <= length < 1 << 33 and tar_header(path, length) == entry, "a tar header is written otherwise")
    return path, length


def rank(path):
    """What entries are ordered by; refuses a path that is not allowed."""
    if path == ".colport/bundle.json":
        return (0,)
    if path == ".colport/contents.jsonl":
        return (4,)
    folder, name, rest = path.partition(".colport/lists/")
    if name and not folder:
        name = rest.removesuffix(".json")
        require(rest == name + ".json" and len(name) == 32 and set(name) <= set("0123456789abcdef"), "it is no name of a list")
        return (3, name)
    folder, name, rest = path.partition(".colport/metadata/")
    if name and not folder:
        if rest == "timestamp.json":
            return (1, 1)
        number, _, role = rest.removesuffix(".json").partition(".")
        spelled = role[:1] not in "-" and set(role) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(role) <= 64
        require(spelled and role != "timestamp" and rest == f"{int('0' + number if number.isdecimal() else 0)}.{role}.json"
                and int(number) > 0, "it is no name of metadata")
        return (1, {"root": 0, "snapshot": 2, "targets": 3}.get(role, 4), role, int(number))
    require(len(path.encode()) <= 400 and path.split("/")[0] != ".colport", "a path is not allowed")
    for segment in path.split("/"):
        require(segment not in ("", ".", "..") and segment[0] != " " and segment[-1] not in " ."
                and len(segment.encode()) <= 255 and segment.split(".")[0].lower() not in DEVICES
                and not any(c in '?%#*[]\\:"<>|' or unicodedata.category(c) == "Cc" for c in segment), "a path is not allowed")
    return (2, path.encode())


def members(bundle):
    at, unfilled, last, table, footer_at = 0, 0, None, b"", None
    while True:
        head = bundle[at:at + 24]
        require(len(head) == 24 and head[:16] == EXTRA + b"CP\x08\x00", "a header member should begin here")
        header_bytes, content_bytes = struct.unpack("<II", head[16:])
        behind = at + header_bytes
        require(header_bytes <= 4096 and behind + content_bytes <= len(bundle), "it is cut short")
        tar = inflate(bundle[at + 24:behind - 8], bundle[behind - 8:behind], 4096)
        filling = -unfilled % 512
        require(not any(tar[:filling]), "the filling is not of zeros")
        if content_bytes == 0:
            require(last == (4,) and tar == bytes(filling + 1024), "it ends in the wrong place")
            footer = EXTRA + b"CF\x08\x00" + struct.pack("<Q", footer_at) + b"\x03\x00" + bytes(8)
            require(bundle[behind:] == footer, "the footer is another")
            return
        path, length = path_and_length(tar[filling:])
        order = rank(path)
        require(order == (0,) if last is None else order > last, "an entry is out of order")
        require(length <= (256 << 20 if order == (4,) else 16 << 20), "a content is too large")
        packed = bundle[behind:behind + content_bytes]
        require(packed[:10] == CONTENT and content_bytes <= 18 + length + 5 * max(1, -(-length // 65535)), "a content is packed otherwise")
        content = inflate(packed[10:-8], packed[-8:], length)
        require(len(content) == length, "a content is shorter than its header claims")
        require(order != (4,) or content == table, "the table of contents is of other members")
        row = {"path": path, "offset": behind, "packed_bytes": content_bytes, "length": length}
        table += json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        yield path, content
        at, unfilled, last, footer_at = behind + content_bytes, length, order, at


def main():
    with open(sys.argv[1], "rb") as file:
        bundle = file.read()
    try:
        for path, content in members(bundle):
            print(f"{hashlib.sha256(content).hexdigest()}  {path}")
    except Refused as why:
        sys.exit(f"refused: {why}")


main()
