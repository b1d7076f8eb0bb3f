"""The files of MNIST and Fashion-MNIST: where they may lie, and getting them if they don't.

Each set has a folder of its own, because the files of both have the same names.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from hashlib import file_digest
from io import BufferedRandom
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from autograd.atomic_write import replacing
from autograd.core import arguments

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class PublishedFile(NamedTuple):
    """A file's `.gz`, by size and SHA-256, and the SHA-256 of its content."""

    size: int
    checksum: str
    content: str


class Published(NamedTuple):
    """Where a data set is published, by HTTPS, and its files in the order of FILES."""

    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]


PUBLISHED = {
    "mnist": Published(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        files=(
            PublishedFile(
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            PublishedFile(
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            PublishedFile(
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            PublishedFile(
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
    ),
    "fashion-mnist": Published(
        mirrors=(
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        files=(
            PublishedFile(
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            PublishedFile(
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            PublishedFile(
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            PublishedFile(
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
    ),
}
TIMEOUT = 30.0  # seconds that a mirror may take to answer, and be silent in between
SLOWEST = 5000.0  # bytes per second, on average after TIMEOUT; below that, the next one is asked


# --- on this machine ------------------------------------------------------------------------------


def find_files(
    name: str, directory: str | Path | None = None, download: bool = True
) -> dict[str, Path]:
    """The path of each of the four files, compressed or not, all from one folder.

    Looks in `directory` and nowhere else if it is given, or else in the places that `folders`
    names. If no folder has them all, what the cache lacks is downloaded into it.

    Args:
        name: which data set.
        directory: the folder with its files.
        download: whether to get them if they are not there; never into `directory`.

    Raises:
        FileNotFoundError: they are nowhere, and no mirror gives them, or none was to be asked.
        ModuleNotFoundError: they are nowhere, and pooch, which would get them, isn't installed.
    """
    places = folders(name) if directory is None else [arguments.path("directory", directory)]
    tried = []
    for folder in places:
        found = files_in(folder)
        missing = [file for file in FILES if file not in found]
        if not missing:
            return found
        tried.append(f"{folder} (no {missing[0]})")
    problem = (
        f"{name} needs four files, {', '.join(FILES)}, as they are or as .gz, in one folder. "
        f"Looked in {' and '.join(tried)}."
    )
    by_hand = (
        f"get them from {' or '.join(PUBLISHED[name].mirrors)}, and put them into {places[-1]}, "
        f"or set NAPKINGRAD_DATA to the directory that has them in its folder {name}"
    )
    if not download or directory is not None:
        raise FileNotFoundError(f"{problem} To use it, {by_hand}")
    try:
        fetch(name, places[-1])
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{problem} Downloading them takes pooch, which is not installed: "
            f"pip install napkingrad[demos]; or {by_hand}",
            name=error.name,
        ) from None
    except ConnectionError as error:
        raise FileNotFoundError(
            f"{problem} Downloading failed: {error}. Instead, {by_hand}"
        ) from None
    return files_in(places[-1])


def folders(name: str) -> list[Path]:
    """Where a data set's files may lie, in the order in which to look; the last is the cache."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "napkingrad")
    except RuntimeError:  # nobody has a home here, as in WASI
        cache = Path(gettempdir(), "napkingrad")
    given = os.environ.get("NAPKINGRAD_DATA")
    return [root / name for root in ([Path(given), cache] if given else [cache])]


def files_in(folder: Path) -> dict[str, Path]:
    """The path of each of the four files that is there."""
    return {
        file: path
        for file in FILES
        for path in (folder / f"{file}.gz", folder / file)
        if path.is_file()
    }


# --- from the net ---------------------------------------------------------------------------------


def fetch(name: str, folder: Path) -> None:
    """Download the files that are not in `folder`, each from the first mirror that has it.

    A file appears there at once and whole, after its checksum has been found right. No more than
    the size of the published file is received.

    Raises:
        ConnectionError: no mirror has it; the message says what each of them answered.
        ModuleNotFoundError: pooch is not installed.
        OSError: the folder can't be written to, or the disk is full.
    """
    import pooch  # optional, and slow to import

    mirrors, published = PUBLISHED[name]
    folder.mkdir(parents=True, exist_ok=True)
    there = files_in(folder)
    for file, (size, checksum, _) in zip(FILES, published, strict=True):
        if file in there:
            continue
        answers = {}
        for mirror in mirrors:
            try:
                with replacing(folder / f"{file}.gz") as new:
                    progress = Progress(f"{name}/{file}", new, size)
                    receive(pooch.HTTPDownloader, f"{mirror}{file}.gz", new, progress)
                    check(new, checksum)
            except (OSError, ValueError) as error:
                if getattr(error, "errno", None) is not None:
                    raise  # numbered by this machine (disk full, ...): no other mirror helps
                answers[mirror] = answer_in(error)
            else:
                # Whoever had this file is asked first for the next.
                mirrors = (mirror, *(other for other in mirrors if other != mirror))
                break
        else:
            said = (f"{urlsplit(mirror).netloc} {answer}" for mirror, answer in answers.items())
            raise ConnectionError(f"for {file}.gz, {', '.join(said)}")


def receive(downloader: Any, url: str, file: BufferedRandom, progress: Progress) -> None:
    """Write what lies there into the file, telling how far it is; in any case hang up."""
    with ExitStack() as ended:
        ended.enter_context(closing(progress))

        def hang_up_later(response: Any, **_: Any) -> None:
            ended.callback(response.close)

        download = downloader(
            progressbar=progress,
            timeout=TIMEOUT,
            headers={"Accept-Encoding": "identity"},  # the bytes as published, not unpacked
            hooks={"response": hang_up_later},
        )
        download(url, file, None)


def check(file: BufferedRandom, checksum: str) -> None:
    """Refuse what is not the file that was published."""
    file.seek(0)
    if file_digest(file, "sha256").hexdigest() != checksum:
        raise ValueError("wrong checksum")


def answer_in(error: OSError | ValueError) -> str:
    """What a mirror did, in a few words. Exceptions of the network name all that led to them."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered {response.status_code} {response.reason}"
    if type(error) is ValueError:
        return f"gave something else ({error})"
    return f"failed ({type(error).__name__})"


class Progress:
    """A progress bar for pooch, where there is a terminal, which ends a download that goes wrong.

    A mirror that sends a little now and then never runs into the timeout, and one may send more
    than the published file has.
    """

    def __init__(self, name: str, file: BufferedRandom, size: int) -> None:
        from tqdm import tqdm  # slow to import

        self.bar = tqdm(desc=name, total=0, unit="B", unit_scale=True, disable=None, leave=False)
        self.file, self.size = file, size
        self.received, self.start = 0, perf_counter()

    @property
    def total(self) -> float | None:
        """How many bytes there are to come."""
        return self.bar.total

    @total.setter
    def total(self, size: int) -> None:
        self.bar.total = size
        self.refuse_more_than_published(size)

    def update(self, size: int) -> None:
        self.refuse_more_than_published(self.file.tell())  # not `size`: it counts whole chunks
        self.received += size
        seconds = perf_counter() - self.start
        if seconds > TIMEOUT and self.received < SLOWEST * seconds:
            raise TimeoutError("too slow")
        self.bar.update(size)

    def refuse_more_than_published(self, size: int) -> None:
        if size > self.size:
            raise ValueError(f"more than the {self.size} bytes of the published file")

    def reset(self) -> None:
        self.bar.reset()

    def close(self) -> None:
        self.bar.close()
