"""What is promised in SECURITY.md, as far as it can be tried."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import warnings
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import complaints

import autograd as ag
import nn
from autograd import Op, Value, draw, explore, scope
from autograd.compiler.lowered_program import lower
from nn.data.files import FILES, PUBLISHED
from nn.data.idx import read_idx
from nn.train import checkpoint

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for room in ("autograd", "nn", "demos") for path in sorted((ROOT / room).rglob("*.py"))
]
PUBLISHED_HERE = dict(PUBLISHED)  # as it is before fixtures take the mirrors away

# --- what the code never does ---------------------------------------------------------------------

RUNNER = "autograd/compiler/sandbox.py"  # runs what the compiler wrote
RUNNING = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
LOADING = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "cloudpickle", "yaml"}
STARTING = {"subprocess", "pty", "ctypes", "multiprocessing"}
SHELLS = {
    name for name in dir(os) if name.startswith(("exec", "fork", "popen", "posix_spawn", "spawn"))
}
SHELLS |= {"system", "startfile"}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Each call with what it is called on and the name: `np.load(x)` is ("np", "load")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            f = node.func
            if isinstance(f, ast.Name):
                yield node, "", f.id
            elif isinstance(f, ast.Attribute):
                yield node, ast.unparse(f.value), f.attr


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_is_run_but_what_the_compiler_wrote(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for name in imported(tree):
        assert name.partition(".")[0] not in LOADING | STARTING, name
    for call, owner, name in calls(tree):
        if not owner and name in RUNNING and path.relative_to(ROOT).as_posix() != RUNNER:
            raise AssertionError(ast.unparse(call))
        assert not (owner in {"", "os"} and name in SHELLS), ast.unparse(call)
        assert not any(keyword.arg == "shell" for keyword in call.keywords), ast.unparse(call)
        if owner in {"np", "numpy"}:
            assert name not in {"load", "loadtxt", "genfromtxt", "fromregex"}, ast.unparse(call)
        if "pickle" in ast.unparse(call) and name in {"write_array", "read_array"}:
            allowed = {x.arg: ast.unparse(x.value) for x in call.keywords}["allow_pickle"]
            assert allowed == "False"


def test_what_the_compiler_runs_can_call_nothing_else() -> None:
    """No file, no import and no builtin is within reach of generated source."""
    f = ag.compile(lambda x: ag.tanh(x) * x)
    f(1.0)
    assert f.latest is not None
    space = lower(f.latest, 0, 0).on_floats.__globals__
    built_in = space["__builtins__"]
    assert set(built_in) <= {"abs", "type", "float", "list", "tuple", "dict", "__import__"}
    assert built_in["__import__"]("warnings") is warnings  # by which NumPy warns from here
    with pytest.raises(ImportError, match="imports nothing, and not os"):
        built_in["__import__"]("os")


# --- files ----------------------------------------------------------------------------------------


class Planted:
    """Read as a pickle, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_no_pickle_is_read(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    hostile = np.array([Planted(planted)], dtype=object)
    foreign, own = tmp_path / "foreign.npz", tmp_path / "own.npz"
    np.savez(foreign, **{"0.weight": hostile})
    buffer = BytesIO()
    np.lib.format.write_array(buffer, hostile, version=(1, 0), allow_pickle=True)
    members = {"weight": buffer.getvalue()}
    as_npy = checkpoint.as_npy
    try:
        checkpoint.as_npy = lambda name, x: members.get(name) or as_npy(name, x)
        checkpoint.write_npz(own, {"weight": np.zeros(1)})  # with a right checksum
    finally:
        checkpoint.as_npy = as_npy
    model = nn.Linear(2, 3)
    for path in foreign, own:
        with pytest.raises(ValueError, match="array of object"):
            nn.load(model, path)
        with pytest.raises(ValueError, match="array of object"):
            checkpoint.load_training(path)
    raw = tmp_path / "images-idx3-ubyte"
    raw.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match="no IDX file"):
        read_idx(raw)
    assert not planted.exists()
    np.load(foreign, allow_pickle=True)["0.weight"]  # the trap is one
    assert planted.is_dir()


def test_downloads_are_encrypted_and_checked() -> None:
    for published in PUBLISHED_HERE.values():
        assert all(mirror.startswith("https://") for mirror in published.mirrors)
        assert len(published.files) == len(FILES)
        for size, checksum, content in published.files:
            assert 1000 < size < 10**8
            assert re.fullmatch(r"[0-9a-f]{64}", checksum)
            assert re.fullmatch(r"[0-9a-f]{64}", content)


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_files_beside_a_picture_are_left_alone(suffix: str, tmp_path: Path) -> None:
    """The temporary file has a name of its own, and goes through no link that lies in wait."""
    (tmp_path / "target").write_text("precious")
    (tmp_path / f"x{suffix}.part").symlink_to(tmp_path / "target")
    y = Value(2.0) * 3.0
    draw(y).save(tmp_path / f"x{suffix}")
    if suffix == ".html":
        explore(y, tmp_path / f"x{suffix}")
    assert (tmp_path / "target").read_text() == "precious"
    assert {x.name for x in tmp_path.iterdir()} == {"target", f"x{suffix}", f"x{suffix}.part"}


# --- labels in the browser ------------------------------------------------------------------------

ATTACKS = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</style><script>document.title='owned'</script>",
    "</title><script>document.title='owned'</script>",
    "</textarea></pre></svg><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg onload=\"document.title='owned'\">",
    '"><img src=x onerror="document.title=\'owned\'">',
    "' autofocus onfocus='document.title=\"owned\"' x='",
    "javascript:document.title='owned'",
    "<a href=\"javascript:document.title='owned'\">x</a>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\">",
    "--><script>document.title='owned'</script><!--",
    "]]><script>document.title='owned'</script><![CDATA[",
    "&lt;script&gt;document.title='owned'&lt;/script&gt;",
    "\\u003cscript\\u003edocument.title='owned'\\u003c/script\\u003e",
    "${document.title='owned'}",
    "{{data}}",
    "__proto__",
]
INERT = """
  const bad = [];
  for (const e of document.querySelectorAll("*")) {
    for (const a of e.attributes) {
      if (/^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value) && a.name !== "aria-label"
          && a.name !== "title" && a.name !== "value") bad.push(e.outerHTML);
    }
    if (/^(img|iframe|a|object|embed|base)$/i.test(e.tagName)) bad.push(e.outerHTML);
  }
  return [document.title, document.querySelectorAll("script").length, bad];
"""


def hostile(labels: list[str]) -> Value:
    """A graph with these names on numbers, scopes, operations and the result."""
    made: Any = Value(1.0, "x")
    for i, label in enumerate(labels):
        op = Op(label, lambda x: x, (lambda g, out, x: g,))
        with scope(label):
            made = op(made) * Value(1.0 + i / 8, label)
            made.label = label
    result: Value = made
    return result


def test_labels_do_nothing_in_a_page_to_step_through(browser: Any, tmp_path: Path) -> None:
    y = hostile(ATTACKS)
    path = tmp_path / "page.html"
    explore(y, path, title=ATTACKS[3])
    browser.get(path.as_uri())
    events = "new MouseEvent('click', { bubbles: true })", "new PointerEvent('pointerover')"
    nodes = "document.querySelectorAll('[data-id]')"
    for step in (
        *("explorer.show(Infinity)", "explorer.show(0)", "explorer.predict()"),
        "for (let i = 0; i < 30; i++) explorer.next()",
        *(f"{nodes}.forEach(e => e.dispatchEvent({event}))" for event in events),
    ):
        browser.execute_script(step)
        title, scripts, bad = browser.execute_script(INERT)
        assert title == f"{ATTACKS[3]}: step by step" and scripts == 2 and bad == []
    assert complaints(browser) == []
    shown = browser.execute_script("return document.body.textContent")
    assert all(label in shown for label in ATTACKS)


def test_labels_do_nothing_in_a_picture(browser: Any, tmp_path: Path) -> None:
    drawing = draw(hostile(ATTACKS), numbers=True, slopes=True, depth=2)
    for suffix, wanted in (".html", "Computation graph"), (".svg", ""):
        path = tmp_path / f"picture{suffix}"
        drawing.save(path)
        browser.get(path.as_uri())
        title, scripts, bad = browser.execute_script(INERT)
        assert (title, scripts, bad) == (wanted, 0, [])
    inline = base64.b64encode(drawing.svg.encode()).decode()  # as notebooks put it into a page
    browser.get(f"data:text/html;base64,{base64.b64encode(b'<title>page</title>').decode()}")
    browser.execute_script(f"document.body.innerHTML = atob({json.dumps(inline)})")
    assert browser.execute_script(INERT) == ["page", 0, []]


def test_the_page_uses_no_way_to_read_text_as_markup() -> None:
    """Labels reach the page as text nodes and attributes."""
    for script in files("autograd.draw.explorer").iterdir():
        if script.name.endswith(".js"):
            text = script.read_text("utf-8")
            for way in (
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "Function(", "DOMParser", "createContextualFragment", "setTimeout('", "fetch(",
                "XMLHttpRequest", "import(",
            ):  # fmt: skip
                assert way not in text, (script.name, way)
