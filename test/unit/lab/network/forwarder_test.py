"""Tests of lab/network/isp: what becomes of packets, on bytes alone."""

import os
import socket
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../../lab/network/isp"))

import forwarder  # noqa: E402
import packets  # noqa: E402

CLIENT, SERVER, ROUTER = "192.168.77.10", "192.0.2.10", "100.64.0.2"
CLIENT6, SERVER6, ROUTER6 = "2001:db8:77::10", "2001:db8:1::10", "2001:db8:64::2"


def ipv4(size, df=True, protocol=6, payload=None, options=b"", offset=0, more=False, source=CLIENT):
    header_size = 20 + len(options)
    payload = bytes(i % 251 for i in range(size - header_size)) if payload is None else payload
    flags = (packets.DONT_FRAGMENT if df else 0) | (packets.MORE_FRAGMENTS if more else 0) | offset // 8
    addresses = socket.inet_aton(source), socket.inet_aton(SERVER)
    first = 0x40 | header_size // 4
    fields = (first, 0, header_size + len(payload), 7, flags, 64, protocol, 0, *addresses)
    return packets.with_header_checksum(struct.pack("!BBHHHBBH4s4s", *fields) + options) + payload


def ipv6(size, next_header=6, payload=None):
    payload = bytes(size - 40) if payload is None else payload
    addresses = socket.inet_pton(socket.AF_INET6, CLIENT6) + socket.inet_pton(socket.AF_INET6, SERVER6)
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64) + addresses + payload


def direction(**changes):
    settings = {
        "versions": [4, 6],
        "mtu": 1380,
        "answers": True,
        "router": {"ipv4": ROUTER, "ipv6": ROUTER6},
        "lossPercent": 0,
        "delayMs": 0,
        "rateMbit": 1000,
        "queueMs": 1000,
    }
    settings.update(changes)
    one = forwarder.Direction(0, 1, settings, "1/path0/upload")
    one.opposite = forwarder.Direction(1, 0, settings, "1/path0/download")
    return one


def carried(one):
    return [packet for _, packet in one.on_their_way]


class Checksum(unittest.TestCase):
    def test_agrees_with_the_example_of_rfc_1071(self):
        self.assertEqual(packets.checksum(bytes.fromhex("0001f203f4f5f6f7")), 0x220D)

    def test_of_data_with_its_checksum_is_zero(self):
        self.assertEqual(packets.checksum(ipv4(100)[:20]), 0)


class FragNeeded(unittest.TestCase):
    def setUp(self):
        self.packet = ipv4(1400)
        self.message = packets.too_big_message(self.packet, 1380, ROUTER)

    def test_goes_from_the_router_to_the_sender(self):
        self.assertEqual(socket.inet_ntoa(self.message[12:16]), ROUTER)
        self.assertEqual(socket.inet_ntoa(self.message[16:20]), CLIENT)
        self.assertEqual(self.message[9], packets.ICMP)

    def test_is_type_3_code_4_with_the_mtu_of_the_next_hop(self):
        kind, code, _, unused, mtu = struct.unpack("!BBHHH", self.message[20:28])
        self.assertEqual((kind, code, unused, mtu), (3, 4, 0, 1380))

    def test_has_correct_checksums_and_length(self):
        self.assertEqual(packets.checksum(self.message[:20]), 0)
        self.assertEqual(packets.checksum(self.message[20:]), 0)
        self.assertEqual(struct.unpack("!H", self.message[2:4])[0], len(self.message))

    def test_quotes_the_packet_within_576_bytes(self):
        self.assertEqual(len(self.message), 576)
        self.assertEqual(self.message[28:], self.packet[:548])


class PacketTooBig(unittest.TestCase):
    def setUp(self):
        self.packet = ipv6(1400)
        self.message = packets.too_big_message(self.packet, 1380, ROUTER6)

    def test_goes_from_the_router_to_the_sender(self):
        self.assertEqual(socket.inet_ntop(socket.AF_INET6, self.message[8:24]), ROUTER6)
        self.assertEqual(self.message[24:40], self.packet[8:24])

    def test_is_type_2_with_the_mtu_of_the_next_hop(self):
        kind, code, _, mtu = struct.unpack("!BBHI", self.message[40:48])
        self.assertEqual((kind, code, mtu), (2, 0, 1380))

    def test_has_a_correct_checksum_over_the_pseudo_header(self):
        body = self.message[40:]
        pseudo = self.message[8:40] + struct.pack("!II", len(body), packets.ICMPV6)
        self.assertEqual(packets.checksum(pseudo + body), 0)

    def test_quotes_the_packet_within_1280_bytes(self):
        self.assertEqual(len(self.message), 1280)
        self.assertEqual(self.message[48:], self.packet[:1232])


class Fragments(unittest.TestCase):
    def test_hold_the_payload_in_order_and_fit(self):
        packet = ipv4(3000, df=False)
        pieces = packets.fragments(packet, 1380)
        self.assertEqual(b"".join(piece[20:] for piece in pieces), packet[20:])
        self.assertTrue(all(len(piece) <= 1380 for piece in pieces))

    def test_say_where_they_belong_and_whether_more_follow(self):
        fields = [struct.unpack("!H", piece[6:8])[0] for piece in packets.fragments(ipv4(3000, df=False), 1380)]
        self.assertEqual([(field & 0x1FFF) * 8 for field in fields], [0, 1360, 2720])
        self.assertEqual([bool(field & packets.MORE_FRAGMENTS) for field in fields], [True, True, False])

    def test_of_a_fragment_keep_its_place_and_that_more_follow(self):
        pieces = packets.fragments(ipv4(1500, df=False, offset=1480, more=True), 1380)
        fields = [struct.unpack("!H", piece[6:8])[0] for piece in pieces]
        self.assertEqual([(field & 0x1FFF) * 8 for field in fields], [1480, 2840])
        self.assertTrue(all(field & packets.MORE_FRAGMENTS for field in fields))

    def test_have_correct_headers(self):
        for piece in packets.fragments(ipv4(3000, df=False), 1380):
            self.assertEqual(packets.checksum(piece[:20]), 0)
            self.assertEqual(struct.unpack("!H", piece[2:4])[0], len(piece))

    def test_carry_only_the_options_meant_for_all(self):
        record_route, security = bytes([7, 7, 4, 0, 0, 0, 0]), bytes([0x82, 4, 0, 0])
        packet = ipv4(1500, df=False, options=record_route + security + b"\0")
        first, second = packets.fragments(packet, 1380)
        self.assertEqual((first[0] & 15) * 4, 32)
        self.assertEqual((second[0] & 15) * 4, 24)
        self.assertEqual(second[20:24], security)
        self.assertEqual(first[32:] + second[24:], packet[32:])


class ADirection(unittest.TestCase):
    def test_carries_a_packet_of_exactly_its_mtu_and_not_one_byte_more(self):
        one = direction()
        one.admit(ipv4(1380), 0.0)
        one.admit(ipv4(1381), 0.0)
        self.assertEqual([len(packet) for packet in carried(one)], [1380])
        self.assertEqual(len(one.opposite.on_their_way), 1)

    def test_says_nothing_when_it_is_a_black_hole(self):
        one = direction(answers=False)
        one.admit(ipv4(1381), 0.0)
        one.admit(ipv6(1381), 0.0)
        self.assertEqual(carried(one) + carried(one.opposite), [])

    def test_of_a_black_hole_lets_no_frag_needed_of_others_through(self):
        message = packets.too_big_message(ipv4(1400), 1300, ROUTER)
        message6 = packets.too_big_message(ipv6(1400), 1300, ROUTER6)
        silent, talking = direction(answers=False), direction()
        for one in (silent, talking):
            one.admit(message, 0.0)
            one.admit(message6, 0.0)
        self.assertEqual(carried(silent), [])
        self.assertEqual(carried(talking), [message, message6])

    def test_fragments_what_may_be_fragmented(self):
        one = direction(answers=False)
        one.admit(ipv4(1500, df=False), 0.0)
        self.assertEqual([len(packet) for packet in carried(one)], [20 + 1360, 20 + 120])

    def test_leaves_the_other_ip_version_alone(self):
        one = direction(versions=[6], lossPercent=100)
        one.admit(ipv4(1500), 0.0)
        one.admit(ipv6(1280), 0.0)
        self.assertEqual([packets.version(packet) for packet in carried(one)], [4])

    def test_does_not_answer_errors_and_later_fragments(self):
        error = ipv4(1400, protocol=packets.ICMP, payload=bytes([3, 1]) + bytes(1378))
        error6 = ipv6(1400, next_header=packets.ICMPV6, payload=bytes([1]) + bytes(1359))
        one = direction()
        for packet in (error, error6, ipv4(1400, offset=8), ipv4(1400, source="0.0.0.0")):
            one.admit(packet, 0.0)
        self.assertEqual(carried(one.opposite), [])

    def test_answers_a_ping_that_is_too_big(self):
        one = direction()
        one.admit(ipv4(1400, protocol=packets.ICMP, payload=bytes([8, 0]) + bytes(1378)), 0.0)
        self.assertEqual(len(carried(one.opposite)), 1)

    def test_loses_the_same_packets_again_for_the_same_seed(self):
        runs = []
        for _ in range(2):
            one = direction(lossPercent=30)
            for number in range(1000):
                one.admit(ipv4(40, payload=struct.pack("!5I", *[number] * 5)), 0.0)
            runs.append(carried(one))
        self.assertEqual(runs[0], runs[1])
        self.assertTrue(650 < len(runs[0]) < 750, len(runs[0]))

    def test_spaces_packets_by_its_rate_and_then_delays_them(self):
        one = direction(rateMbit=1, delayMs=10)
        for _ in range(3):
            one.admit(ipv4(1250), 5.0)
        times = [round(at - 5.0, 6) for at, _ in one.on_their_way]
        self.assertEqual(times, [0.02, 0.03, 0.04])

    def test_drops_what_would_wait_longer_than_its_queue_holds(self):
        one = direction(rateMbit=1, queueMs=25)
        for _ in range(10):
            one.admit(ipv4(1250), 0.0)
        self.assertEqual(len(carried(one)), 3)

    def test_hands_over_what_is_due_and_says_when_the_next_is(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        one = direction(delayMs=10)
        one.target = write
        one.admit(ipv4(100), 0.0)
        one.admit(ipv4(100), 1.0)
        due = one.deliver(0.5)
        self.assertEqual(len(os.read(read, 1000)), 100)
        self.assertAlmostEqual(due, 1.0100008)


if __name__ == "__main__":
    unittest.main()
