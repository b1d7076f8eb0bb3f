"""Labels, and names of scopes and operations, in every form of a picture: text and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from contract import documented
from hypothesis import strategies as st

import autograd as ag
from autograd import Op, Tensor, Value, draw, explain, explore, scope
from autograd.draw.explorer.explore import page_data, page_html

HOSTILE = [
    "<script>alert(1)</script>", "</script>", "</style><script>x()</script>", "</title>", "</pre>",
    "<img src=x onerror=x()>", "javascript:x()", '" onload="x()', "' onload='x()", "-->", "<!--",
    "]]>", "<![CDATA[", "&amp;", "&#x3c;b&#62;", "&", "{{data}}", "{{", "}}", "{0}", "%s", "$x$",
    "\\input{/etc/passwd}", "\\write18{x}", "^^5c", "\\end{document}", "\\N", "\\G", "x|y {z}", '"',
    "\0", "\x1b[31m", "\r\n", "\t", "\u2028",
    "\u202e", "\ud800", "\ufffe", "\U0001f600", "日本", "é",
    "\u0301", "", " ", "a" * 300, "#", "%", "~", "^", "`", "]", ">];", "digraph {", "node:op:w",
    "<b>", "<br/>", "<table>", "g0", "n0", "__proto__", "constructor", "x", "x",
]  # fmt: skip
LABELS = st.sampled_from(HOSTILE) | st.text(max_size=12)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "direction": st.sampled_from(["LR", "RL", "TB", "BT"]),
        "precision": st.integers(1, 20),
        "constants": st.booleans(),
        "slopes": st.booleans(),
        "numbers": st.booleans(),
        "legend": st.booleans(),
        "theme": st.sampled_from(["light", "dark", "auto"]),
        "depth": st.integers(0, 3),
        "fold": st.booleans(),
    },
)
NUMBERS = st.floats(-5, 5) | st.sampled_from(
    [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e308, 5e-324]
)


@st.composite
def graphs(draw: Any) -> Any:
    """A result that was computed from numbers or arrays, with names on everything."""
    array = draw(st.booleans())
    made: list[Any] = []
    for _ in range(draw(st.integers(1, 3))):
        x, label = draw(NUMBERS), draw(LABELS)
        shape = draw(st.sampled_from([(), (2,), (2, 3), (0,), (1, 1)]))
        made.append(
            Tensor(np.full(shape, x), requires_grad=draw(st.booleans()), label=label)
            if array and draw(st.booleans())
            else Value(x, label)
        )
    named = Op(draw(LABELS), lambda x: x, (lambda g, out, x: g,))
    steps = (
        lambda x, y: x + y, lambda x, y: x * y, lambda x, y: named(x), lambda x, y: ag.tanh(x),
        lambda x, y: x * 2.5, lambda x, y: ag.sum(x), lambda x, y: x / y, lambda x, y: -x,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        for _ in range(draw(st.integers(0, 5))):
            x, y = (draw(st.integers(0, len(made) - 1)) for _ in range(2))
            step = draw(st.integers(0, len(steps) - 1))
            names = draw(st.lists(LABELS, max_size=2))
            with documented(), scoped(names):
                made.append(steps[step](made[x], made[y]))
                if draw(st.booleans()):
                    made[-1].label = draw(LABELS)
        root = made[-1]
        if root.level and np.size(root.data) == 1 and draw(st.booleans()):
            root.backward()
    return root


def scoped(names: list[str]) -> Any:
    from contextlib import ExitStack

    stack = ExitStack()
    for name in names:
        stack.enter_context(scope(name))
    return stack


class Elements(HTMLParser):
    """The elements of a page, and what is in their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.comments = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def check_inert(page: str, tags: set[str], scripts: int = 0) -> None:
    found = Elements(page)
    assert set(found.tags) <= tags, set(found.tags) - tags
    assert found.tags.count("script") == scripts and not found.comments
    for name, text in found.attributes:
        assert (not name.startswith("on") and name not in {"src", "href", "srcdoc"}) or (
            name == "href" and text == "data:,"
        )


SVG_TAGS = {"svg", "style", "rect", "g", "path", "text", "title"}
PAGE_TAGS = SVG_TAGS | {
    "html", "head", "meta", "title", "body", "figure", "details", "summary", "pre",
}  # fmt: skip
GRAPHVIZ_TAGS = SVG_TAGS | {"polygon", "polyline", "ellipse"}
FORMATS = [".svg", ".html", ".tex", ".txt", ".dot"]


def test_pictures(fuzz: Any, tmp_path: Path) -> None:
    def check(example: Any) -> None:
        root, options = example
        with documented(), np.errstate(all="ignore"):
            drawing = draw(root, **options)
            for element in ET.fromstring(drawing.svg).iter():
                assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in SVG_TAGS
                assert all(c.isprintable() or c == "\n" for c in element.text or "")
            check_inert(drawing.svg, SVG_TAGS)
            check_inert(drawing.html, PAGE_TAGS)
            assert all(line.isprintable() for line in drawing.text.split("\n"))
            check_tex(drawing.tex)
            assert drawing.dot.count("digraph") >= 1
            for suffix in FORMATS:
                drawing.save(tmp_path / f"x{suffix}")
                assert {x.name for x in tmp_path.iterdir()} == {f"x{suffix}"}
                (tmp_path / f"x{suffix}").unlink()

    fuzz("pictures", check, st.tuples(graphs(), OPTIONS), quick=30, soak=2500)


def check_tex(text: str) -> None:
    """Only the commands that are the library's own, and braces in pairs."""
    body = text.split(r"\begin{document}")[1].replace(r"\{", "").replace(r"\}", "")
    assert body.count("{") == body.count("}")
    assert body.count(r"\end{document}") == 1
    for command in re.findall(r"\\(input|include|write|openout|def|let|catcode|csname|read)", body):
        raise AssertionError(command)
    assert "^^" not in body and "\0" not in body


def test_pages_to_step_through(fuzz: Any, tmp_path: Path) -> None:
    def check(example: Any) -> None:
        root, title = example
        path = tmp_path / "page.html"
        with documented(), np.errstate(all="ignore"):
            explore(root, path, title=title)
            page = path.read_text("utf-8")
            own = set(Elements(page_html(page_data(Value(1.0) * 2.0), "t")).tags)
            check_inert(page, own, scripts=2)
            data = page.split('id="data">')[1].split("</script>")[0]
            assert "<" not in data and json.loads(data)["nodes"]
        assert {x.name for x in tmp_path.iterdir()} <= {"page.html"}

    fuzz(
        "pages to step through",
        check,
        st.tuples(graphs(), st.none() | LABELS),
        quick=15,
        soak=1500,
    )


def test_explanations(fuzz: Any) -> None:
    def check(example: Any) -> None:
        root, k, precision = example
        from autograd.core.backward import operands_first

        nodes = operands_first(root)
        with documented(), np.errstate(all="ignore"):
            found = explain(nodes[k % len(nodes)], root, precision=precision)
            text = found.text
            formulas = found.latex.replace(r"\{", "").replace(r"\}", "")
            assert formulas.count("{") == formulas.count("}"), found.latex
            assert not re.search(r"[<>]\w", found.markdown.replace("<br>", ""))
            assert all(line.isprintable() for line in text.split("\n")), ascii(text)

    fuzz(
        "explanations",
        check,
        st.tuples(graphs(), st.integers(0, 9), st.integers(1, 17)),
        quick=30,
        soak=2000,
    )


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_pictures_by_graphviz(fuzz: Any, tmp_path: Path) -> None:
    def check(example: Any) -> None:
        root, suffix = example
        with documented(), np.errstate(all="ignore"):
            drawing = draw(root, engine="dot")
            check_inert(re.sub(r"<!-- \w+(&#45;&gt;\w+)? -->", "", drawing.svg), GRAPHVIZ_TAGS)
            drawing.save(tmp_path / f"x{suffix}")
        assert {x.name for x in tmp_path.iterdir()} <= {"x.png", "x.pdf"}

    fuzz(
        "pictures by Graphviz",
        check,
        st.tuples(graphs(), st.sampled_from([".png", ".pdf"])),
        quick=3,
        soak=300,
    )
