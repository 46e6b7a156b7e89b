"""The server against clients that are no gdb: raw packets over its socket."""

import os
import random
import socket
import subprocess
import tempfile
import time

import harness


class Client:
    """A client that knows how packets look."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, payload):
        self.socket.sendall(b"$%s#%02x" % (payload, sum(payload) & 0xff))

    def answer(self):
        """The next packet but console output."""
        while True:
            while b"#" not in self.buffer or len(self.buffer) < self.buffer.index(b"#") + 3:
                more = self.socket.recv(65536)
                if not more:
                    raise harness.Wrong("the server hung up")
                self.buffer += more
            end = self.buffer.index(b"#")
            packet = self.buffer[self.buffer.index(b"$") + 1:end]
            self.buffer = self.buffer[end + 3:]
            if not packet.startswith(b"O") or packet == b"OK":
                return packet

    def ask(self, payload):
        self.send(payload)
        return self.answer()


def served(steps):
    """A session of raw packets."""
    def run(ttrace, guest):
        with tempfile.TemporaryDirectory(prefix="ttrace-session-") as directory, \
                harness.Server(ttrace, guest.trace, directory) as server, \
                Client(server.path) as client:
            steps(client, server)
    return run


def vanishes(client, server):
    client.send(b"vCont;c")
    client.socket.close()


def vanishes_within_a_packet(client, server):
    client.socket.sendall(b"$m1000,")
    client.socket.close()


def slow(client, server):
    for byte in b"$?#3f":
        client.socket.sendall(bytes([byte]))
        time.sleep(0.02)
    harness.require_equal(client.answer()[:1], b"T", "the answer")
    client.ask(b"D")


# Packets that mean something, to be damaged.
SEEDS = [b"?", b"g", b"p10", b"P0=0000000000000000", b"m7fffffffe000,40", b"M7fffffffe000,1:00",
         b"X7fffffffe000,1:a", b"Z0,555555555000,1", b"z0,555555555000,1", b"Z2,7fffffffe000,8",
         b"z2,7fffffffe000,8", b"qSupported:swbreak+;hwbreak+", b"qXfer:features:read:target.xml:0,fff",
         b"qXfer:auxv:read::0,1000", b"qXfer:siginfo:read::0,1000", b"qXfer:threads:read::0,1000",
         b"vFile:open:2f62696e2f7368,0,0", b"vFile:pread:0,10,0", b"vFile:close:0", b"qGetTLSAddr:1,2,3",
         b"qSymbol::", b"qRcmd,7768656e", b"qRcmd,6d61726b73", b"Hg0", b"T1", b"qfThreadInfo", b"qC",
         b"QPassSignals:e;14", b"vCont;s", b"vCont;r0,10:1", b"bs", b"G00", b"qAttached",
         b"qThreadExtraInfo,1", b"Z0,555555555000,1;X1,22", b"vCont?", b"H", b"vMustReplyEmpty"]


def fuzzed(client, server):
    """Each packet gets exactly one answer, whatever it is."""
    chance = random.Random(4711)
    harness.require_equal(client.ask(b"QStartNoAckMode"), b"OK", "no-ack mode")
    for _ in range(1500):
        packet = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randrange(4)):
            where = chance.randrange(len(packet) + 1)
            what = chance.randrange(3)
            if what == 0:
                packet.insert(where, chance.choice(b"0123456789abcdef,;:-=pX"))
            elif what == 1 and where < len(packet):
                packet[where] = chance.choice(b"0123456789abcdef,;:-=pX")
            elif what == 2:
                del packet[where:where + 2]
        if packet[:1] in (b"k", b"D") or packet[:5] == b"vKill" or b"\x03" in packet:
            continue
        client.ask(bytes(packet))
    harness.require_equal(client.ask(b"vMustReplyEmpty"), b"", "the last answer")
    client.ask(b"D")


def noise(client, server):
    chance = random.Random(4712)
    for _ in range(200):
        client.socket.sendall(bytes(chance.choice(b"+-\x00\xff#}*abc019,") for _ in range(50)))
    client.socket.sendall(b"#00")
    client.buffer = b""
    harness.require_equal(client.ask(b"?")[:1], b"T", "the answer")
    client.ask(b"D")


def second_client(client, server):
    """A second client is told why it may not, and the first one notices nothing."""
    harness.require_equal(client.ask(b"?")[:1], b"T", "the answer")
    for _ in range(2):
        with Client(server.path) as second:
            harness.require_equal(second.ask(b"qSupported")[:2], b"E.", "what the second is told")
            harness.require_equal(second.socket.recv(1), b"", "what follows")
    with Client(server.path):
        pass  # one that says nothing
    harness.require_equal(client.ask(b"vMustReplyEmpty"), b"", "the first's answer")
    harness.require_equal(client.ask(b"vCont;c")[:1], b"T", "the first's stop")
    client.ask(b"D")


def second_gdb(client, server):
    """What the user of a second gdb reads."""
    result = subprocess.run(["gdb", "-nx", "-q", "-batch", "-ex", "target remote " + server.path],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    harness.require_equal("ttrace serves one debugger" in result.stderr, True, result.stderr)
    client.ask(b"D")


def path_goes(client, server):
    harness.require_equal(os.path.exists(server.path), True, "the path while it is served")
    client.ask(b"D")
    server.process.wait(20)
    harness.require_equal(os.path.exists(server.path), False, "the path after the end")


def path_goes_with_a_signal(client, server):
    client.ask(b"?")
    server.process.terminate()
    harness.require_equal(server.process.wait(20), -15, "how the server ended")
    harness.require_equal(os.path.exists(server.path), False, "the path after the end")


SESSIONS = [
    ("a client vanishes while the program runs", "calls", served(vanishes)),
    ("a client vanishes within a packet", "calls", served(vanishes_within_a_packet)),
    ("a second client is refused", "calls", served(second_client)),
    ("a second gdb is refused", "calls", served(second_gdb)),
    ("the socket's path goes with the session", "calls", served(path_goes)),
    ("the socket's path goes with the server", "calls", served(path_goes_with_a_signal)),
    ("a slow client", "calls", served(slow)),
    ("damaged packets", "calls", served(fuzzed)),
    ("noise between packets", "calls", served(noise)),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
