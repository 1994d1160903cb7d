"""Debian's docker-registry, and a proxy in front of it that counts."""

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time

from measure import Broken


class Registry:
    """A registry on loopback with an empty storage; it ends with its block."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        program = shutil.which("docker-registry")
        if program is None:
            raise Broken("docker-registry is not installed")
        self.port = free_port()
        (self.folder / "storage").mkdir(parents=True)
        settings = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "storage")}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
        }
        (self.folder / "config.yml").write_text(json.dumps(settings))
        log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([program, "serve", self.folder / "config.yml"], stdout=log, stderr=log)
        for _ in range(100):
            try:
                if self.get("/v2/")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
            if self.process.poll() is not None:
                break
        raise Broken(f"docker-registry does not start: {(self.folder / 'log').read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def get(self, path, accept="*/*"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.read()


class Proxy:
    """Passes connections on and counts the requests and the bytes of their bodies; it does not hurry, so nothing is timed through it."""

    def __init__(self, port):
        self.upstream = port
        self.requests, self.sent = 0, 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def clear(self):
        with self.lock:
            self.requests, self.sent = 0, 0

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream))
            threading.Thread(target=self.count, args=(client.makefile("rb"), server), daemon=True).start()
            threading.Thread(target=relay, args=(server, client), daemon=True).start()

    def count(self, client, server):
        """Reads requests of HTTP/1.1 one by one and passes them on as they are. What is no HTTP (a try of TLS) is passed on uncounted."""
        try:
            while first := client.peek(1)[:1]:
                if not first.isalpha():
                    while rest := client.read1(1 << 16):
                        server.sendall(rest)
                    return
                line = client.readline(1 << 16)
                head, length, chunked = line, 0, False
                while (header := client.readline(1 << 16)) not in (b"\r\n", b""):
                    head += header
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                    chunked |= name.lower() == b"transfer-encoding" and b"chunked" in value
                server.sendall(head + b"\r\n")
                body = pass_chunks(client, server) if chunked else pass_bytes(client, server, length)
                with self.lock:
                    self.requests += 1
                    self.sent += len(head) + 2 + body
        except OSError:
            pass
        finally:
            close(server)


def pass_bytes(client, server, length):
    left = length
    while left and (piece := client.read1(min(left, 1 << 18))):
        server.sendall(piece)
        left -= len(piece)
    return length - left


def pass_chunks(client, server):
    total = 0
    while size := client.readline(1 << 16):
        server.sendall(size)
        length = int(size.split(b";")[0], 16)
        total += pass_bytes(client, server, length)
        server.sendall(client.readline(1 << 16))
        if length == 0:
            break
    return total


def relay(server, client):
    try:
        while piece := server.recv(1 << 18):
            client.sendall(piece)
    except OSError:
        pass
    finally:
        close(client)


def close(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
