"""An S3 server on this machine, and a proxy before it that counts requests and makes some of them fail."""

from __future__ import annotations

import gc
import http.client
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from select import select
from subprocess import PIPE
from typing import NamedTuple

PIECE = 64 << 10
ONE_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")


class Request(NamedTuple):
    """A request that the proxy got, and how it was answered; `sent` are bytes of the answer's body."""

    method: str
    target: str
    range: str
    copy: bool
    status: int
    sent: int


@dataclass
class Fault:
    """What goes wrong with requests of a method whose path and query match: `times` of them after `after`.

    The answer is `status`, and the server hears nothing; or the connection is dropped after `cut` bytes of
    the body (of the answer to a GET, of the request else); or the body comes in pieces with pauses of
    `pause` seconds. `act` is called first.
    """

    method: str
    target: str = ""
    copy: bool | None = None
    after: int = 0
    times: int = 1 << 30
    status: int = 0
    code: str = "InternalError"
    cut: int = -1
    pause: float = 0
    act: Callable[[], object] | None = None
    seen: int = 0

    def hits(self, method: str, target: str, copy: bool) -> bool:
        """Tell whether it is this request's turn."""
        if method != self.method or not re.search(self.target, target) or self.copy not in (None, copy):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


@dataclass
class Proxy:
    """The proxy: what it saw, and what it shall do."""

    server: tuple[str, int]
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def fault(self, method: str, target: str, copy: bool) -> Fault | None:
        """Give the fault that is due."""
        with self.lock:
            return next((fault for fault in self.faults if fault.hits(method, target, copy)), None)

    def clear(self) -> None:
        """Forget requests and faults."""
        self.requests.clear()
        self.faults.clear()

    def seen(self, method: str, target: str = "") -> list[Request]:
        """Give the requests of a method whose path and query match."""
        return [each for each in self.requests if each.method == method and re.search(target, each.target)]


class Handler(BaseHTTPRequestHandler):
    """Passes one client's requests on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the client's delayed acknowledgement costs 40 ms an answer
    proxy: Proxy

    def setup(self) -> None:
        """Connect to the server, too."""
        super().setup()
        self._server = http.client.HTTPConnection(*self.proxy.server)

    def finish(self) -> None:
        """Disconnect from it."""
        self._server.close()
        with suppress(OSError):  # the client may be gone
            super().finish()

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def handle_one_request(self) -> None:
        """Take a client that goes away for one that is done."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do(self) -> None:
        """Answer a request."""
        copy = "x-amz-copy-source" in self.headers
        fault = self.proxy.fault(self.command, self.path, copy) or Fault(self.command)
        if fault.act:
            fault.act()
        length = int(self.headers.get("Content-Length") or 0)
        if fault.cut >= 0 and self.command != "GET":
            self.rfile.read(min(fault.cut, length))
            self.drop(0, copy)
            return
        body = self.rfile.read(length)
        if fault.status:
            text = f"<Error><Code>{fault.code}</Code><Message>A fault of the test.</Message></Error>".encode()
            self.answer(fault.status, {"Content-Type": "application/xml"}, text, fault, copy)
            return
        self._server.request(self.command, self.path, body, dict(self.headers))
        answer = self._server.getresponse()
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in ONE_HOP}
        if self.command == "HEAD":
            headers["Content-Length"] = answer.getheader("Content-Length") or "0"
        self.answer(answer.status, headers, answer.read(), fault, copy)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do

    def answer(self, status: int, headers: dict[str, str], body: bytes, fault: Fault, copy: bool) -> None:
        """Send an answer, as far as the fault lets it go."""
        head = self.command == "HEAD"
        self.send_response(status)
        for name, value in ({} if head else {"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        for name, value in (headers if head else {}).items():
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        for start in range(0, 0 if head else len(body), PIECE):
            piece = body[start : start + PIECE]
            if fault.cut >= 0 and start + len(piece) > fault.cut:
                self.wfile.write(piece[: fault.cut - start])
                self.drop(fault.cut, copy)
                return
            time.sleep(fault.pause)
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True
                break
            sent += len(piece)
        self.note(status, sent, copy)

    def drop(self, sent: int, copy: bool) -> None:
        """Close the connection in mid-body."""
        self.note(0, sent, copy)
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def note(self, status: int, sent: int, copy: bool) -> None:
        """Write the request down."""
        request = Request(self.command, self.path, self.headers.get("Range", ""), copy, status, sent)
        with self.proxy.lock:
            self.proxy.requests.append(request)


@contextmanager
def proxy_of(server: tuple[str, int]) -> Iterator[Proxy]:
    """Run a proxy before a server."""
    proxy = Proxy(server)
    handler = type("ProxyHandler", (Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        listener.daemon_threads = True
        proxy.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown()


@contextmanager
def s3_server() -> Iterator[tuple[str, int]]:
    """Run `serve` in a process of its own, which ends with this one, however that ends; give its address."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, start_new_session=True) as server:
        assert server.stdout is not None
        yield "127.0.0.1", int(server.stdout.readline())


def serve() -> None:
    """Run moto's server, whose objects lie in memory, until standard input ends; print its port.

    On Python 3.10 and 3.11 a garbage collection amid the setting of a context variable, which Flask does for
    each request, can free what is being set, and the process crashes (CPython's issue 148891). So none is
    made by itself here, but one a second by this thread, while no other can be amid such a thing; and the
    tests, where objects of all kinds come to be collected, run elsewhere.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    gc.disable()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    prompt = type("PromptHandler", (WSGIRequestHandler,), {"disable_nagle_algorithm": True})
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=prompt)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.port, flush=True)
    while not select([sys.stdin], [], [], 1)[0]:
        gc.collect()


if __name__ == "__main__":
    serve()
