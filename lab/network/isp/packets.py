"""What a router does to one IP packet that is too big for its next link: fragment it, or say so to its sender.

Pure functions on bytes. A packet starts with its IP header, as a TUN device gives it.
"""

import socket
import struct

ICMP, ICMPV6 = 1, 58
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000
FRAG_NEEDED = (3, 4)
PACKET_TOO_BIG = (2, 0)
# Most that an error message carries: RFC 1812 4.3.2.3 for IPv4, RFC 4443 3.2 for IPv6.
LONGEST_ERROR = {4: 576, 6: 1280}


def version(packet):
    return packet[0] >> 4


def checksum(data):
    """The internet checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def may_fragment(packet):
    """Only IPv4 routers fragment, and only without the DF bit."""
    return version(packet) == 4 and not packet[6] & 0x40


def is_too_big_message(packet):
    """Whether the packet is itself a frag-needed or a packet too big."""
    if version(packet) == 4:
        header = (packet[0] & 15) * 4
        first = not (packet[6] & 0x1F or packet[7])
        return packet[9] == ICMP and first and tuple(packet[header : header + 2]) == FRAG_NEEDED
    return packet[6] == ICMPV6 and tuple(packet[40:42]) == PACKET_TOO_BIG


def may_be_answered(packet):
    """Errors are not sent about errors, about later fragments, or to a sender that is not one host (RFC 1122 3.2.2)."""
    if version(packet) == 4:
        header = (packet[0] & 15) * 4
        is_error = packet[9] == ICMP and packet[header] in (3, 4, 5, 11, 12)
        later_fragment = packet[6] & 0x1F or packet[7]
        return not (is_error or later_fragment or packet[12] == 0 or packet[12] >= 224)
    is_error = packet[6] == ICMPV6 and packet[40] < 128
    return not (is_error or packet[8] == 0xFF or packet[8:24] == bytes(16))


def too_big_message(packet, mtu, router):
    """The message that tells the packet's sender the MTU of the next link.

    ICMP type 3 code 4 (RFC 1191) or ICMPv6 type 2 (RFC 4443), from `router`, with as much of the packet as fits.
    """
    if version(packet) == 4:
        quoted = packet[: LONGEST_ERROR[4] - 28]
        body = struct.pack("!BBHHH", *FRAG_NEEDED, 0, 0, mtu) + quoted
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        fields = (0x45, 0xC0, 20 + len(body), 0, 0, 64, ICMP, 0, socket.inet_aton(router), packet[12:16])
        return with_header_checksum(struct.pack("!BBHHHBBH4s4s", *fields)) + body
    quoted = packet[: LONGEST_ERROR[6] - 48]
    source, destination = socket.inet_pton(socket.AF_INET6, router), packet[8:24]
    body = struct.pack("!BBHI", *PACKET_TOO_BIG, 0, mtu) + quoted
    pseudo_header = source + destination + struct.pack("!II", len(body), ICMPV6)
    body = body[:2] + struct.pack("!H", checksum(pseudo_header + body)) + body[4:]
    return struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 64) + source + destination + body


def fragments(packet, mtu):
    """The packet in pieces of at most `mtu` bytes (RFC 791). Options go along where their copied bit is set."""
    length = (packet[0] & 15) * 4
    flags_and_offset = struct.unpack("!H", packet[6:8])[0]
    payload, offset = packet[length:], (flags_and_offset & 0x1FFF) * 8
    header, pieces, at = packet[:length], [], 0
    while at < len(payload):
        room = (mtu - len(header)) // 8 * 8
        last = len(payload) - at <= mtu - len(header)
        piece = payload[at:] if last else payload[at : at + room]
        more = flags_and_offset & MORE_FRAGMENTS if last else MORE_FRAGMENTS
        fields = struct.pack("!H", len(header) + len(piece)), struct.pack("!H", more | (offset + at) // 8)
        changed = header[:2] + fields[0] + header[4:6] + fields[1] + header[8:]
        pieces.append(with_header_checksum(changed) + piece)
        at += len(piece)
        header = packet[:20] + copied_options(packet[20:length])
        header = bytes([0x40 | len(header) // 4]) + header[1:]
    return pieces


def copied_options(options):
    """Those options that every fragment carries, padded to whole words."""
    kept, at = b"", 0
    while at < len(options) and options[at] != 0:
        size = 1 if options[at] == 1 or at + 1 == len(options) else max(options[at + 1], 2)
        if options[at] & 0x80:
            kept += options[at : at + size]
        at += size
    return kept + bytes(-len(kept) % 4)


def with_header_checksum(header):
    cleared = header[:10] + b"\0\0" + header[12:]
    return cleared[:10] + struct.pack("!H", checksum(cleared)) + cleared[12:]
