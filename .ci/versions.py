"""The suite, run from the built wheel: on the oldest and the newest versions, with parts missing.

    python .ci/versions.py [--quick] [--python PYTHON]... [CASE]...

CASE is one of

    newest           all that pyproject.toml names, in the newest version that there is
    oldest           … in the lowest version that it allows (NumPy 2.0: on Python 3.11 or 3.12)
    bare             the wheel and pytest, nothing else, and none of the programs
    without-NAME     as newest, but for one package or one program, such as without-matplotlib
    peers            the tests beside PyTorch and JAX, and no others

and all of them by default: newest on each Python that is found or named, the others on the oldest
of these. Each gets an environment of its own, in a temporary folder. Needs a package index, and for
`peers` one that has PyTorch's CPU build: the ordinary one brings gigabytes of GPU libraries along.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# What the tests read beside the packages, which come from the wheel.
BESIDE = "tests demos docs README.md CHANGELOG.md CONTRIBUTING.md LICENSE pyproject.toml"
TOOLS = {
    "coverage",
    "mypy",
    "pytest-benchmark",
    "pytest-xdist",
    "ruff",
    "types-tqdm",
}  # no part of the suite
PACKAGES = {  # and as they are imported
    "matplotlib": "matplotlib",
    "scikit-learn": "sklearn",
    "pooch": "pooch",
    "Pillow": "PIL",
    "typst": "typst",
    "safetensors": "safetensors",
    "selenium": "selenium",
    "hypothesis": "hypothesis",
    "mpmath": "mpmath",
}
PROGRAMS = ["dot", "chromium"]
ALL_PROGRAMS = frozenset({"dot", "chromium", "chromedriver", "pdflatex"})

# The oldest matplotlib and scikit-learn call functions that these have deprecated since.
OF_THEIR_TIME = ["pyparsing<3.3", "scipy<1.16"]

MODULES = ["table", "protocols", "tensor", "numbers", "value", "optim"]
QUICK = [
    str(x.relative_to(ROOT)) for name in MODULES for x in (ROOT / "tests").rglob(f"test_{name}.py")
]
"""What hangs most on NumPy's version."""

PEERS = ["torch==2.13.0+cpu", "jax"]
"""The suffix lets pip take no other build than that for CPUs; there is one for Python 3.11 on."""

MISSING = [f"without-{name}" for name in [*PACKAGES, *PROGRAMS]]
EVERY = ["newest", "oldest", "bare", "peers", *MISSING]

Report = tuple[str, bool, str]  # the case, whether all passed, and a line about it


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all of them by default")
    parser.add_argument("--python", action="append", help="a Python to run them on")
    parser.add_argument("--quick", action="store_true", help="only what hangs most on NumPy")
    args = parser.parse_args()
    if unknown := set(args.cases) - set(EVERY):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(EVERY)}")
    cases = args.cases or EVERY
    pythons = args.python or found()
    reports = []
    with TemporaryDirectory(prefix="versions-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # a test gives up root's rights, and reads on
        wheel = set_up(place)
        tests = QUICK if args.quick else ["--pyargs", "autograd", "nn", "tests"]
        for python in pythons if "newest" in cases else []:
            environment = made(place, python, wheel, requirements())
            reports.append(suite(place, environment, "newest", tests))
        if "oldest" in cases:
            environment = made(place, pythons[0], wheel, lowest())
            reports.append(suite(place, environment, "oldest", tests))
        if "bare" in cases:
            environment = made(place, pythons[0], wheel, ["pytest"])
            reports.append(suite(place, environment, "bare", tests, ALL_PROGRAMS))
        if "peers" in cases:
            needed = [*requirements(), *PEERS, "pytest-xdist"]
            tests = [*beside_peers(place), "--numprocesses", "auto"]
            reports.append(suite(place, made(place, pythons[0], wheel, needed), "peers", tests))
        if missing := [case for case in cases if case.startswith("without-")]:
            reports += without(place, pythons[0], wheel, missing)
    print("\nfrom the wheel:")
    for case, _, line in reports:
        print(f"  {case:22} {line}")
    return 0 if all(passed for _, passed, _ in reports) else 1


def without(place: Path, python: str, wheel: Path, cases: list[str]) -> Iterator[Report]:
    """One environment for all of them: a package is taken out, and put back."""
    environment = made(place, python, wheel, requirements())
    tests = ["--pyargs", "autograd", "nn", *concerned(place)]
    for case in cases:
        name = case.removeprefix("without-")
        if name in PROGRAMS:
            yield suite(place, environment, case, tests, frozenset({name}))
        else:
            pip(environment, "uninstall", "--yes", name)
            yield suite(place, environment, case, tests)
            pip(environment, "install", *requirements())


def concerned(place: Path) -> list[str]:
    """The test modules that use a package or a program which may be missing, or the demos."""
    words = re.compile(rf"\b({'|'.join(PACKAGES.values())}|demos|doctest|which)\b")
    modules = [
        x for room in ("tests", "tests/fuzz") for x in sorted((place / room).glob("test_*.py"))
    ]
    return [str(x.relative_to(place)) for x in modules if words.search(x.read_text())]


def beside_peers(place: Path) -> list[str]:
    """The test modules that compare with PyTorch or JAX."""
    words = re.compile(r'importorskip\("(torch|jax)"')
    modules = sorted(x for x in (place / "tests").glob("test_*.py") if words.search(x.read_text()))
    return ["tests/peers", *(str(x.relative_to(place)) for x in modules)]


# --- environments ---------------------------------------------------------------------------------


def found() -> list[str]:
    """The Pythons that this machine has and we support, the oldest first; each only if it runs."""
    names = [f"python3.{minor}" for minor in range(11, 16)]
    return [name for name in names if runs(name)] or [sys.executable]


def runs(python: str) -> bool:
    if not shutil.which(python):
        return False
    return subprocess.run([python, "-V"], check=False, capture_output=True).returncode == 0


def set_up(place: Path) -> Path:
    """Lay out what the tests need, without the packages; the wheel."""
    for name in BESIDE.split():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    subprocess.run([sys.executable, "-m", "venv", place / "build"], check=True)
    pip(place / "build", "wheel", "--no-deps", "--wheel-dir", str(place / "dist"), str(ROOT))
    (wheel,) = (place / "dist").glob("*.whl")
    return wheel


def requirements() -> list[str]:
    """What pyproject.toml asks for, without the tools."""
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras["demos"], *extras["dev"]]
    return [line for line in lines if line.split(">=")[0] not in TOOLS]


def lowest() -> list[str]:
    """The same, each at its bound."""
    return [line.replace(">=", "==") for line in requirements()] + OF_THEIR_TIME


def made(place: Path, python: str, wheel: Path, packages: list[str]) -> Path:
    """An environment of its own."""
    environment = Path(mkdtemp(prefix="environment-", dir=place))
    environment.chmod(0o755)
    subprocess.run([python, "-m", "venv", environment], check=True)
    try:
        pip(environment, "install", str(wheel), *packages)
    except subprocess.CalledProcessError:
        raise SystemExit(
            "pip can't install what the tests need (see above)"
            + f"; {PEERS[0]} has to be on an index or in a folder that pip's configuration names, "
            "as extra-index-url or find-links" * (PEERS[0] in packages)
        ) from None
    return environment


def pip(environment: Path, *arguments: str) -> None:
    command = [str(environment / "bin" / "python"), "-m", "pip", "-qq"]
    subprocess.run([*command, "--disable-pip-version-check", *arguments], check=True)


def programs_without(place: Path, hidden: frozenset[str]) -> str:
    """A folder for PATH, of links to all programs but some."""
    folder = place / f"programs-without-{'-'.join(sorted(hidden))}"
    folder.mkdir(exist_ok=True)
    for directory in os.get_exec_path():
        for program in Path(directory).glob("*"):
            link = folder / program.name
            if program.name not in hidden and not link.is_symlink():
                link.symlink_to(program.absolute())
    return str(folder)


# --- running --------------------------------------------------------------------------------------


def suite(
    place: Path,
    environment: Path,
    case: str,
    tests: list[str],
    hidden: frozenset[str] = frozenset(),
) -> Report:
    """Run the tests, warnings being errors as everywhere; how it went."""
    python = str(environment / "bin" / "python")
    look = "import sys, numpy, autograd; print(sys.version.split()[0], numpy.__version__); "
    look += "print(autograd.__file__)"
    looked = subprocess.run([python, "-c", look], cwd=place, check=True, capture_output=True)
    version, module = looked.stdout.decode().splitlines()
    if environment not in Path(module).parents:
        raise SystemExit(f"autograd came from {module}, not from the wheel")
    # The README links the packages' files, which are not here.
    elsewhere = ["--deselect", "tests/test_readme.py::test_linked_files_exist"]
    options = ["-c", "pyproject.toml", "--rootdir", ".", "-q", *elsewhere]
    variables = dict(os.environ)
    if hidden:
        variables["PATH"] = programs_without(place, hidden)
    print(f"\n{case}: Python and NumPy {version}", flush=True)
    start = perf_counter()
    command = [python, "-m", "pytest", *options, *tests]
    run = subprocess.Popen(command, cwd=place, env=variables, stdout=subprocess.PIPE, text=True)
    last = ""
    for line in run.stdout or ():
        print(line, end="", flush=True)
        last = line.strip() or last
    python_version, numpy_version = version.split()
    outcome = re.sub(r" in .*", "", last.strip("= "))
    line = f"Python {python_version}, NumPy {numpy_version}: {outcome}"
    return case, run.wait() == 0, f"{line}, in {perf_counter() - start:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
