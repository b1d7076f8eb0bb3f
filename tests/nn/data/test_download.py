"""Getting MNIST from mirrors that fail in every way, all of them on this machine."""

from __future__ import annotations

import errno
import gzip
import io
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeAlias

import numpy as np
import pytest
from test_datasets import published_in, write_set

from nn.data import files
from nn.data.files import FILES, PUBLISHED, Progress, files_in
from nn.data.sets import load

pooch = pytest.importorskip("pooch")
BOMB = gzip.compress(bytes(4 * 10**6))  # about as large as the files here
GZ = {f"{file}.gz" for file in FILES}


@pytest.fixture(autouse=True)
def nothing_beyond_this_machine_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def local_only(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in {"127.0.0.1", "localhost"}:
            pytest.fail(f"a test reached for {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and no NAPKINGRAD_DATA."""
    monkeypatch.delenv("NAPKINGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "napkingrad"


# --- mirrors --------------------------------------------------------------------------------------

Answer: TypeAlias = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a request for a file as its mirror does."""

    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path.removeprefix("/"))
        self.server.answer(self, (self.server.folder / self.path[1:]).read_bytes())

    def send(self, content: bytes, status: int = 200, **headers: Any) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": len(content)} | headers).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(content)

    def wait(self, seconds: float) -> None:
        self.server.closed.wait(seconds)

    def log_message(self, *args: Any) -> None:
        pass


class Mirror(ThreadingHTTPServer):
    """Gives the files in a folder in a manner of its own, and remembers what was asked for."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.answer = folder, answer
        self.asked: list[str] = []
        self.sent = 0
        self.closed = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *args: Any) -> None:
        pass  # who asked has gone


def right(handler: Handler, content: bytes) -> None:
    handler.send(content)


def without_length(handler: Handler, content: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(content)


def forbidden(handler: Handler, content: bytes) -> None:
    handler.send(b"<Error>AccessDenied</Error>", status=403)


def missing(handler: Handler, content: bytes) -> None:
    handler.send(b"", status=404)


def broken(handler: Handler, content: bytes) -> None:
    handler.send(b"", status=503)


def page(handler: Handler, content: bytes) -> None:
    handler.send(b"<html>Please log in to this network</html>", Content_Type="text/html")


def truncated(handler: Handler, content: bytes) -> None:
    handler.send(content[: len(content) // 2], Content_Length=len(content))


def shortened(handler: Handler, content: bytes) -> None:
    handler.send(content[: len(content) // 2])


def empty(handler: Handler, content: bytes) -> None:
    handler.send(b"")


def altered(handler: Handler, content: bytes) -> None:
    handler.send(content[:-1] + bytes([content[-1] ^ 1]))


def unpacked_on_the_way(handler: Handler, content: bytes) -> None:
    handler.send(content, Content_Encoding="gzip")


def not_gzip_as_announced(handler: Handler, content: bytes) -> None:
    handler.send(b"plain", Content_Encoding="gzip")


def circular(handler: Handler, content: bytes) -> None:
    handler.send(b"", status=302, Location=handler.path)


def hung_up(handler: Handler, content: bytes) -> None:
    handler.close_connection = True


def silent(handler: Handler, content: bytes) -> None:
    handler.wait(30)


def stalled(handler: Handler, content: bytes) -> None:
    truncated(handler, content)
    handler.wait(30)


def announcing_more(handler: Handler, content: bytes) -> None:
    handler.send(b"", Content_Length=10**12)
    handler.wait(30)


def endless(handler: Handler, content: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):  # until nobody listens
        while not handler.server.closed.is_set():
            handler.wfile.write(bytes(1 << 16))
            handler.server.sent += 1 << 16


def a_bomb(handler: Handler, content: bytes) -> None:
    handler.send(BOMB, Content_Encoding="gzip")


def trickling(handler: Handler, content: bytes) -> None:
    handler.send(b"", Content_Length=len(content))
    while not handler.server.closed.is_set():
        handler.wfile.write(bytes(1024))
        handler.wait(0.1)


BAD = {
    forbidden: "answered 403 Forbidden",
    missing: "answered 404 Not Found",
    broken: "answered 503 Service Unavailable",
    page: "gave something else (wrong checksum)",
    truncated: "failed (ChunkedEncodingError)",
    shortened: "gave something else (wrong checksum)",
    empty: "gave something else (wrong checksum)",
    altered: "gave something else (wrong checksum)",
    unpacked_on_the_way: "gave something else (wrong checksum)",
    not_gzip_as_announced: "failed (ContentDecodingError)",
    circular: "answered 302 Found",
    hung_up: "failed (ConnectionError)",
    silent: "failed (ReadTimeout)",
    stalled: "failed (ConnectionError)",
    trickling: "failed (TimeoutError)",
    announcing_more: "gave something else (more than the SIZE bytes of the published file)",
    endless: "gave something else (more than the SIZE bytes of the published file)",
    a_bomb: "gave something else (more than the SIZE bytes of the published file)",
}
bad_answers = pytest.mark.parametrize("bad", BAD, ids=lambda answer: answer.__name__)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with the files as they are published."""
    write_set(tmp_path / "published")
    return tmp_path / "published"


@pytest.fixture
def publish(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., list[Mirror]]]:
    """Starts mirrors that answer thus, as those of a data set."""
    servers: list[Mirror] = []

    def start(*answers: Answer, name: str = "mnist", folder: Path = published) -> list[Mirror]:
        mirrors = [Mirror(folder, answer) for answer in answers]
        servers.extend(mirrors)
        urls = tuple(mirror.url for mirror in mirrors)
        monkeypatch.setitem(PUBLISHED, name, published_in(folder, urls))
        return mirrors

    yield start
    for server in servers:
        server.closed.set()
        server.shutdown()
        server.server_close()


def names_in(folder: Path) -> set[str]:
    """Everything in a folder, and nothing if there is none."""
    return {path.name for path in folder.rglob("*")}


# --- what comes from them -------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [right, without_length])
def test_files_are_downloaded_once(
    publish: Any, published: Path, cache: Path, answer: Answer
) -> None:
    first, second = publish(answer, forbidden)
    train, test = load("mnist")
    assert len(train) == 6 and len(test) == 4
    assert set(first.asked) == GZ and not second.asked
    assert names_in(cache) == GZ | {"mnist"}
    for name in GZ:
        assert (cache / "mnist" / name).read_bytes() == (published / name).read_bytes()
    again, _ = load("mnist", flatten=False)
    assert np.array_equal(again.x.reshape(6, 784), train.x)
    assert len(first.asked) == 4


@bad_answers
def test_the_next_mirror_is_asked(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, bad: Answer
) -> None:
    monkeypatch.setattr(files, "TIMEOUT", 0.3)
    monkeypatch.setattr(files, "SLOWEST", 1e5)
    first, second = publish(bad, right)
    assert len(load("mnist")[0]) == 6
    assert set(first.asked) == {f"{FILES[0]}.gz"}  # nobody who failed is asked first again
    assert set(second.asked) == GZ
    assert names_in(cache) == GZ | {"mnist"}


@bad_answers
def test_when_all_mirrors_fail_nothing_is_kept(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, bad: Answer
) -> None:
    monkeypatch.setattr(files, "TIMEOUT", 0.3)
    monkeypatch.setattr(files, "SLOWEST", 1e5)
    first, second = publish(bad, forbidden)
    with pytest.raises(FileNotFoundError) as error:
        load("mnist")
    assert names_in(cache) == {"mnist"}
    message = str(error.value)
    assert "\n" not in message and message.startswith("mnist needs four files, ")
    answer = BAD[bad].replace("SIZE", str(PUBLISHED["mnist"].files[0].size))
    assert f"{FILES[0]}.gz, 127.0.0.1:{first.server_port} {answer}" in message
    assert f"127.0.0.1:{second.server_port} answered 403 Forbidden" in message
    assert f"get them from {first.url} or {second.url}, and put them into {cache}" in message
    assert "NAPKINGRAD_DATA" in message


def test_a_mirror_that_is_not_there(publish: Any) -> None:
    gone, _ = publish(right, right)
    gone.shutdown()
    gone.server_close()
    assert len(load("mnist")[0]) == 6
    assert not gone.asked


def test_each_file_may_come_from_another_mirror(publish: Any, cache: Path) -> None:
    def only(part: str) -> Answer:
        return lambda handler, content: (right if part in handler.path else missing)(
            handler, content
        )

    first, second = publish(only("labels"), only("images"))
    assert len(load("mnist")[0]) == 6
    assert len(first.asked) == len(second.asked) == 4


def test_what_came_whole_is_kept_when_the_rest_fails(publish: Any, cache: Path) -> None:
    def images(handler: Handler, content: bytes) -> None:
        (right if "images" in handler.path else page)(handler, content)

    (mirror,) = publish(images)
    with pytest.raises(FileNotFoundError, match=f"Downloading failed: for {FILES[1]}.gz"):
        load("mnist")
    assert names_in(cache / "mnist") == {f"{FILES[0]}.gz"}
    mirror.answer, mirror.asked = right, []
    load("mnist")
    assert set(mirror.asked) == GZ - {f"{FILES[0]}.gz"}


def test_each_set_has_a_folder_of_its_own(publish: Any, tmp_path: Path, cache: Path) -> None:
    publish(right)
    write_set(tmp_path / "garments", train=8)
    publish(right, name="fashion-mnist", folder=tmp_path / "garments")
    assert [len(load(name)[0]) for name in ("mnist", "fashion-mnist")] == [6, 8]
    assert names_in(cache) == GZ | {"mnist", "fashion-mnist"}


def test_digits_in_place_of_garments_are_refused(
    publish: Any, published: Path, tmp_path: Path, cache: Path
) -> None:
    write_set(tmp_path / "garments", train=8)
    (mirror,) = publish(right, name="fashion-mnist", folder=tmp_path / "garments")
    mirror.folder = published  # a proxy that goes by the file's name
    with pytest.raises(FileNotFoundError, match="wrong checksum"):
        load("fashion-mnist")
    assert names_in(cache) == {"fashion-mnist"}


def test_a_file_appears_only_when_it_is_whole(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    update = Progress.update

    def spy(progress: Progress, size: int) -> None:
        seen.append(len(files_in(cache / "mnist")))
        update(progress, size)

    monkeypatch.setattr(Progress, "update", spy)
    publish(right)
    load("mnist")
    assert sorted(set(seen)) == [0, 1, 2, 3]


def test_an_interrupted_download_leaves_nothing(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "update", interrupt)
    publish(right)
    with pytest.raises(KeyboardInterrupt):
        load("mnist")
    assert names_in(cache) == {"mnist"}


def test_two_may_download_at_once(publish: Any, cache: Path) -> None:
    publish(right)
    lengths: list[int] = []
    threads = [
        threading.Thread(target=lambda: lengths.append(len(load("mnist")[0]))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [6, 6, 6]
    assert names_in(cache) == GZ | {"mnist"}


# --- when nothing is downloaded -------------------------------------------------------------------


@pytest.mark.parametrize("level", [None, 0, 1])
@pytest.mark.parametrize("where", ["cache", "NAPKINGRAD_DATA", "directory"])
def test_files_that_are_there_are_used_however_they_are_compressed(
    publish: Any,
    published: Path,
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    level: int | None,
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    (mirror,) = publish(right)
    folder = {"cache": cache, "NAPKINGRAD_DATA": tmp_path / "data"}.get(where, tmp_path) / "mnist"
    folder.mkdir(parents=True)
    for file in FILES:
        content = gzip.decompress((published / f"{file}.gz").read_bytes())
        if level is None:
            (folder / file).write_bytes(content)
        else:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content, level))
    if where == "NAPKINGRAD_DATA":
        monkeypatch.setenv("NAPKINGRAD_DATA", str(tmp_path / "data"))
    assert len(load("mnist", folder if where == "directory" else None)[0]) == 6
    assert not mirror.asked
    assert len(names_in(folder)) == 4


def test_downloads_go_to_the_cache_and_nowhere_else(
    publish: Any, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    write_set(data / "mnist", train=5)
    (data / "mnist" / f"{FILES[3]}.gz").unlink()
    before = names_in(data)
    monkeypatch.setenv("NAPKINGRAD_DATA", str(data))
    publish(right)
    assert len(load("mnist")[0]) == 6  # all four from one folder
    assert names_in(data) == before and names_in(cache) == GZ | {"mnist"}


def test_a_directory_that_is_named_is_the_only_one(
    publish: Any, tmp_path: Path, cache: Path
) -> None:
    (mirror,) = publish(right)
    with pytest.raises(FileNotFoundError, match=r"Looked in \S+here \(no train-images"):
        load("mnist", tmp_path / "here")
    assert not mirror.asked and not cache.exists() and not (tmp_path / "here").exists()


def test_downloading_can_be_declined(publish: Any, cache: Path) -> None:
    (mirror,) = publish(right)
    with pytest.raises(FileNotFoundError, match=f"get them from {mirror.url}, and put") as error:
        load("mnist", download=False)
    assert "\n" not in str(error.value)
    assert not mirror.asked and not cache.exists()


def test_without_pooch_the_extra_is_named(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    (mirror,) = publish(right)
    with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[demos\]") as error:
        load("mnist")
    assert error.value.name == "pooch" and "\n" not in str(error.value)
    assert "NAPKINGRAD_DATA" in str(error.value)
    assert not mirror.asked and not cache.exists()


def test_troubles_of_this_machine_are_not_the_mirrors(
    publish: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = publish(right, right)
    cache.parent.mkdir()
    cache.write_text("a file where a folder should be")
    with pytest.raises(OSError, match=re.escape(str(cache))):
        load("mnist")
    assert not first.asked
    cache.unlink()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    with pytest.raises(OSError, match="No space left"):
        load("mnist")


def test_a_mirror_whose_file_does_not_fit_is_hung_up_on(
    publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, ended = [], threading.Event()

    def waiting(handler: Handler, content: bytes) -> None:
        handler.send(content[:3000], Content_Length=len(content))  # and no more
        handler.connection.settimeout(10)
        with suppress(ConnectionError):
            heard.append(handler.connection.recv(1))
        ended.set()

    def full(self: Any, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    publish(waiting)
    monkeypatch.setattr(files.Progress, "update", full)
    with pytest.raises(OSError, match="No space left") as held:
        load("mnist")
    assert ended.wait(20) and heard in ([], [b""]), held  # whose frames are all still there


# --- progress -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("screen", [Terminal, io.StringIO])
def test_a_bar_is_drawn_on_a_terminal_alone(
    publish: Any, monkeypatch: pytest.MonkeyPatch, screen: type[io.StringIO]
) -> None:
    shown = screen()
    monkeypatch.setattr(sys, "stderr", shown)
    publish(right)
    load("mnist")
    assert all((f"mnist/{file}" in shown.getvalue()) == shown.isatty() for file in FILES)


def test_pooch_may_ask_how_much_is_to_come() -> None:
    with TemporaryFile() as file:
        progress = Progress("file", file, 1500)
        progress.total = 1500
        assert progress.total == 1500
        with pytest.raises(ValueError, match="more than the 1500 bytes"):
            progress.total = 1501
        progress.close()


def test_what_is_slow_but_comes_is_waited_for(
    publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(handler: Handler, content: bytes) -> None:
        handler.send(content[:1500], Content_Length=len(content))
        handler.wait(0.3)
        handler.wfile.write(content[1500:])

    monkeypatch.setattr(files, "TIMEOUT", 0.6)
    monkeypatch.setattr(files, "SLOWEST", 10)
    first, second = publish(slow, right)
    load("mnist")
    assert len(first.asked) == 4 and not second.asked


# --- the table ------------------------------------------------------------------------------------


TABLE = dict(PUBLISHED)  # as it is outside of the tests


def test_what_is_published() -> None:
    assert list(TABLE) == ["mnist", "fashion-mnist"]
    files = [file for published in TABLE.values() for file in published.files]
    checksums = [x for file in files for x in (file.checksum, file.content)]
    assert len(set(checksums)) == 16 and len({file.size for file in files}) == 8
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in checksums)
    for published in TABLE.values():
        assert len(published.mirrors) == 2
        assert all(re.fullmatch(r"https://[^/]+/(.+/)?", url) for url in published.mirrors)
