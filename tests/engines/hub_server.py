"""A small hub: the few addresses that a model is fetched by, on loopback, with every way to fail."""

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the hub holds, how it misbehaves, and what it was asked."""

    address: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    claimed_sizes: dict[str, int] = field(default_factory=dict)
    """File -> the size that the list claims, where it is not the true one."""
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the next transfers break, one after another."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the next transfers instead of the file."""
    list_status: int = 200
    gated: bool = False
    ignore_ranges: bool = False
    sent_instead: dict[str, bytes] = field(default_factory=dict)
    """File -> other bytes of the same length that are sent."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """(file, its Range header) of each transfer."""
    tokens: list[str | None] = field(default_factory=list)


def describe(hub, repository):
    siblings = []
    for name, content in hub.repositories[repository].items():
        size = hub.claimed_sizes.get(name, len(content))
        entry = {"rfilename": name, "size": size, "blobId": git_sha1(content)}
        if name.endswith((".gguf", ".bin")):
            entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 130}
        siblings.append(entry)
    return {"id": repository, "sha": COMMIT, "private": False, "tags": [], "siblings": siblings}


def git_sha1(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self):
        return self.server.hub

    def do_GET(self):
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[:2] == ["api", "models"] or parts[2:3] == ["resolve"]:
            self.hub.tokens.append(self.headers.get("Authorization"))
        if parts[:2] == ["api", "models"]:
            self.send_list("/".join(parts[2:4]))
        elif parts[2:3] != ["resolve"]:  # a client of an earlier test's server, whose port this one was given
            self.reply(404, b"{}")
        else:
            self.send_file("/".join(parts[:2]), "/".join(parts[4:]))

    def send_list(self, repository):
        if self.hub.gated:
            self.reply(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        elif self.hub.list_status != 200:
            self.reply(self.hub.list_status, b"{}")
        elif repository not in self.hub.repositories:
            self.reply(401, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "not found"})
        else:
            self.reply(200, json.dumps(describe(self.hub, repository)).encode())

    def send_file(self, repository, name):
        self.hub.asked.append((name, self.headers.get("Range")))
        if self.hub.statuses:
            self.reply(self.hub.statuses.pop(0), b"no")
            return
        content = self.hub.sent_instead.get(name, self.hub.repositories[repository][name])
        start = 0 if self.hub.ignore_ranges else self.start(len(content))
        if start >= len(content) > 0 and start:
            self.reply(416, b"")
            return
        rest = content[start:]
        headers = {"X-Repo-Commit": COMMIT}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send_response(206 if start else 200)
        for key, value in {**headers, "Content-Length": str(len(rest))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.hub.break_after:
            self.wfile.write(rest[: self.hub.break_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            self.wfile.write(rest)

    def start(self, length):
        given = self.headers.get("Range")
        return int(given.removeprefix("bytes=").rstrip("-")) if given else 0

    def reply(self, status, body, headers=None):
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """The client may leave midway."""


def serve(hub):
    server = QuietServer(("127.0.0.1", 0), Handler)
    server.hub = hub
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
