"""The page that steps through a computation: its data, and the page itself in a real browser."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import complaints
from table import CASES, TABLE
from test_table import as_tensors

import autograd as ag
from autograd import Tensor, Value, draw, explain, explore, no_grad, scope
from autograd.core import pytree, rules
from autograd.core.backward import operands_first
from autograd.draw.explorer import passes
from autograd.draw.explorer.explore import LONGEST_RECURSIVE, embedded, page_data

ATTACK = '</script><script>document.title="owned"</script>'
Page = Callable[..., Any]


def shared() -> Value:
    """A graph in which both wrong orders go wrong."""
    x = Value(2.0, "x")
    h = x * x
    y = h * 3.0 + ag.sin(h)
    h.label, y.label = "h", "y"
    return y


def net(depth: int = 3, width: int = 4) -> Value:
    """A small net of neurons: one scope for each layer."""
    rng = random.Random(0)
    xs: list[Any] = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(width)]
    for layer in range(depth):
        with scope(f"layer {layer}"):
            ws = [
                [Value(rng.uniform(-1, 1), f"w{layer}{i}{j}") for j in range(width)]
                for i in range(width)
            ]
            xs = [ag.tanh(sum(w * x for w, x in zip(row, xs))) for row in ws]
    out: Value = sum(x * x for x in xs)  # type: ignore[assignment]
    out.label = "loss"
    return out


def random_graph(seed: int) -> Value:
    rng = random.Random(seed)
    pool: list[Any] = [Value(rng.uniform(-2, 2), label) for label in ("a", "b", "")]
    for _ in range(12):
        f = rng.choice([ag.add, ag.multiply, ag.subtract, ag.maximum])
        pool.append(ag.tanh(f(rng.choice(pool), rng.choice(pool))))
    root: Value = pool[-1] * pool[-2] + pool[-3]
    return root


# --- contributions --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_the_topological_pass_has_the_numbers_of_backward(seed: int) -> None:
    root = random_graph(seed)
    found: dict[Any, float] = {root: 1.0}
    for step in passes.topological(root):
        assert step.before == (found.get(step.arg))
        assert step.g == found[step.node]
        found[step.arg] = step.after
    root.backward()
    assert found == {node: node.grad for node in operands_first(root)}


def test_the_topological_pass_of_tensors_has_the_numbers_of_backward() -> None:
    w = Tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), requires_grad=True)
    b = Tensor(np.ones(2, np.float32), requires_grad=True)
    loss = (ag.tanh(w @ np.array([1, 2, 3], np.float32) + b) ** 2).mean()
    found = {step.arg: step.after for step in passes.topological(loss)}
    loss.backward()
    for leaf in w, b:
        assert found[leaf].dtype == np.float32 and np.array_equal(found[leaf], leaf.grad)


def gradients(order: passes.Pass, root: Value) -> dict[str, float]:
    return {step.arg.label or "": step.after for step in order(root)}


def test_what_wrong_orders_make_of_a_shared_node() -> None:
    """h = x x goes into 3 h and sin h: dy/dh = 3 + cos h, dy/dx = 2 x dy/dh."""
    slope = 3 + math.cos(4.0)
    right, again, early = (
        gradients(order, shared()) for order in (passes.topological, passes.recursive, passes.early)
    )
    assert math.isclose(right["x"], 4 * slope)
    assert math.isclose(again["h"], slope)
    assert math.isclose(again["x"], 4 * 3 + 4 * slope)  # the first 3 is passed on twice
    assert math.isclose(early["h"], slope)
    assert math.isclose(early["x"], 4 * 3)  # what came through sin is lost


def test_recursion_visits_each_path() -> None:
    x = y = Value(1.0)
    for _ in range(8):
        y = y + y
    assert (
        passes.recursive_count(y)
        == sum(2**n for n in range(1, 9))
        == len(list(passes.recursive(y)))
    )
    assert len(list(passes.topological(y))) == 16 == len(list(passes.early(y)))
    for _ in range(60):
        y = y + y
    data = page_data(y)
    assert "recursive" not in data["passes"] and int(data["recursiveCount"]) == 2**69 - 2
    assert x.grad is None


def test_deep_graphs_are_walked_without_recursion() -> None:
    x = y = Value(1.0)
    for _ in range(5000):
        y = ag.sin(y)
    for order in passes.topological, passes.recursive, passes.early:
        assert len(list(order(y))) == 5000
    assert x.grad is None


def test_hooks_and_missing_rules_are_as_in_a_backward_pass() -> None:
    x = Value(2.0)
    h = x * 3
    h.register_hook(lambda g: g * 10)
    onto_h, changed, onto_x = passes.topological(h * 1)
    assert isinstance(onto_h, passes.Contribution) and onto_h.part == 1.0
    assert changed == passes.HookCall(h, 1.0, 10.0)
    assert isinstance(onto_x, passes.Contribution) and onto_x.part == 30.0
    assert list(passes.derivatives(h * 1).values()) == [1.0, 1.0, 3.0]
    bare = ag.Op("bare", lambda x: x, vjps=(None,))
    with pytest.raises(ag.NotDifferentiableError, match="bare has no derivative"):
        list(passes.topological(bare(x)))


def test_names_of_operations_stay_on_one_line() -> None:
    op = ag.Op("two\nlines", lambda x, **_: x, vjps=(lambda g, out, x, **_: g,))
    y = op(Value(2.0, "x"), **{"a\nb": 1})
    (made,) = (node for node in page_data(y)["nodes"] if node["kind"] == "step")
    assert made["sign"] == "two\\nlines"
    assert made["formula"][0] == "two\\nlines"
    told = draw(y).text
    assert "two\\nlines" in told and "two\n" not in told
    assert "two\\nlines(x, a\\nb=1)" in explain(y.args[0], y).text


# --- the file -------------------------------------------------------------------------------------


def test_differences_stand_beside_the_leaves() -> None:
    x, y = Value(0.5, "x"), Value(0.0, "y")
    data = page_data(ag.exp(x) + abs(y))
    smooth, kink = (
        data["checks"][str(i)] for i, n in enumerate(data["nodes"]) if n["kind"] == "leaf"
    )
    assert math.isclose(smooth["slope"], math.exp(0.5))
    assert (
        math.isclose(smooth["low"], smooth["slope"], rel_tol=1e-7)
        and smooth["low"] == smooth["high"]
    )
    assert (round(kink["low"]), kink["slope"], round(kink["high"])) == (-1, 0, 1)


def test_arrays_are_checked_along_a_direction() -> None:
    w = Tensor(np.linspace(-1, 2, 6, dtype=np.float32), requires_grad=True)
    (check,) = page_data(ag.tanh(w).sum())["checks"].values()
    assert check["array"] and math.isclose(check["low"], check["slope"], rel_tol=1e-4)


def test_equal_gradients_do_not_cancel_in_the_check() -> None:
    """Along +1, -1, ... a gradient of ones would give 0, and so would one of twos."""
    w = Tensor(np.ones(6), requires_grad=True)
    (check,) = page_data(w.sum())["checks"].values()
    assert abs(check["slope"]) > 0.1


def test_an_array_changed_in_place_is_refused_as_by_backward(tmp_path: Path) -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.data -= 0.5
    for act in loss.backward, lambda: explore(loss, tmp_path / "page.html"):
        with pytest.raises(ValueError, match=r"was changed in place after mul had used it"):
            act()
    assert not list(tmp_path.iterdir())


def test_no_order_is_cut_short() -> None:
    x = Value(1.0)
    root = ag.stack([x * float(i) for i in range(2000)]).sum()
    passes = page_data(root)["passes"]
    assert len(passes["early"]) == len(passes["topological"]) > LONGEST_RECURSIVE


def test_one_file_without_links(tmp_path: Path) -> None:
    explore(shared(), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg)|\bimport\b.*from|src=|url\((?!#)", page
    )
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_exploring_leaves_the_graph_alone(tmp_path: Path) -> None:
    y = shared()
    y.backward()
    before = [node.grad for node in operands_first(y)]
    explore(y, tmp_path / "page.html")
    assert [node.grad for node in operands_first(y)] == before
    with no_grad():
        explore(y, tmp_path / "page.html")


def test_every_op_can_be_explored() -> None:
    """Whatever the table of ops has: its formulas are there, and its differences agree."""
    explored = 0
    for case in CASES:
        outs = pytree.leaves(case.f(*as_tensors(case), **case.kwargs))
        parts = [(out * 1.0).sum() for out in outs if isinstance(out, Tensor) and out.requires_grad]
        if not parts:
            continue
        data = json.loads(embedded(page_data(sum(parts))))
        assert all(None not in node.get("rules", {}).values() for node in data["nodes"]), case
        for check in data["checks"].values():
            slope, low, high = (float(check[name]) for name in ("slope", "low", "high"))
            slack = 1e-4 * max(map(abs, (slope, low, high))) + 1e-5
            assert low - slack <= slope <= high + slack, case
        explored += 1
    assert explored > 400


def test_a_result_may_be_an_array_of_one_entry_or_a_leaf() -> None:
    w = Tensor([[2.0]], requires_grad=True)
    data = page_data((w * np.ones((1, 3))).sum(axis=1))
    (check,) = data["checks"].values()
    assert 0.0 < abs(check["slope"]) < 3.0
    assert math.isclose(check["low"], check["slope"], rel_tol=1e-7)
    assert page_data(Value(3.0))["forward"] == []


def test_what_has_changed_since_is_told_as_it_was_seen() -> None:
    x, w = Value(2.0), Value(3.0)
    y = x * w
    x.data = 5.0
    w.requires_grad_(False)
    data = page_data(y)
    product = data["nodes"][-1]
    assert product["value"] == 6.0 and product["seen"] == {"0": 2.0}
    (step,) = passes.topological(y)
    assert isinstance(step, passes.Contribution) and (step.arg, step.part) == (x, 3.0)


def test_constant_nodes_without_a_box_stand_as_numbers_in_formulas() -> None:
    product = page_data(Value(2.0, "x") * Value(3.0).detach())["nodes"][-1]
    assert product["formula"] == [["n", 0, 1], " \N{MULTIPLICATION SIGN} ", ["#", 3.0, 1]]
    assert product["rules"] == {"0": [["g", 0, 1], " \N{MULTIPLICATION SIGN} ", ["#", 3.0, 1]]}


def test_a_change_of_dtype_passes_the_gradient_on() -> None:
    x = Tensor(np.float32(2.0), requires_grad=True)
    assert page_data(x.astype(float))["nodes"][-1]["rules"] == {"0": [["g", 0, 0]]}


def test_numbers_that_json_lacks() -> None:
    with np.errstate(all="ignore"):
        x = Value(0.0)
        data = page_data(ag.log(x) * 0.0)
    text = embedded(data)
    assert "NaN" not in text and "Infinity" not in text
    assert {"nan", "-inf"} <= {
        node["value"] for node in json.loads(text)["nodes"] if isinstance(node["value"], str)
    }


@pytest.mark.parametrize(
    ("root", "name", "error", "message"),
    [
        (3.0, "a.html", TypeError, "takes a Value or Tensor, but got float"),
        (Value(1.0).detach(), "a.html", ValueError, "needs none"),
        (Value(1.0), "a.svg", ValueError, "writes an .html file, but got 'a.svg'"),
        (Value(1.0), "no/a.html", FileNotFoundError, "there is no directory"),
        (Tensor([1.0, 2.0], requires_grad=True), "a.html", ValueError, "but got an array of shape"),
    ],
)
def test_what_cannot_be_explored_is_refused(
    root: Any, name: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        explore(root, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_title_must_be_a_text(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="title must be a str, but got 5"):
        explore(Value(1.0), tmp_path / "a.html", title=5)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_large_graphs_are_refused_with_a_way_on(tmp_path: Path) -> None:
    y = Value(1.0)
    for _ in range(1200):
        y = y + 1.0
    with pytest.raises(ValueError, match=r"up to 1000 nodes, but this one has 1201.*limit=1201"):
        explore(y, tmp_path / "a.html")


# --- in the browser -------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Page]:
    """Opens the page of a root; afterwards nothing was complained of, and nothing was asked for."""

    def opened(root: Any, **options: Any) -> Any:
        file = tmp_path / "page.html"
        explore(root, file, **options)
        browser.get_log("performance")
        browser.get(file.as_uri())
        return browser

    yield opened
    assert complaints(browser) == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    asked = [x["request"]["url"] for x in asked if x["documentURL"].endswith("page.html")]
    assert {url for url in asked if not url.startswith("data:")} == {browser.current_url}
    resources = "return performance.getEntriesByType('resource').map(e => e.name)"
    assert all(name.startswith("data:") for name in browser.execute_script(resources))


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-").replace("∞", "inf").removesuffix(" …"))


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def text(browser: Any, selector: str) -> str:
    found: str = browser.execute_script(
        "return document.querySelector(arguments[0]).textContent", selector
    )
    return found


ALL_STEPS = """
  explorer.digits = 17;
  const shown = (node, name) => document.querySelector(`[data-id="${node}"] .${name}`).textContent;
  return explorer.timeline.steps.map((step, at) => {
    explorer.show(at);
    const node = step.node ?? null;
    const [value, grad] = ["value", "grad"].map((name) => (node === null ? "" : shown(node, name)));
    return [step.kind, node, value, grad, document.getElementById("step").textContent];
  });
"""


@pytest.mark.parametrize(
    "root", [shared(), random_graph(3), random_graph(4)], ids=["shared", "3", "4"]
)
def test_every_number_of_every_step_is_that_of_backward(page: Page, root: Value) -> None:
    steps = page(root).execute_script(ALL_STEPS)
    nodes = operands_first(root)
    forward = [step for step in steps if step[0] == "forward"]
    assert [number(step[2]) for step in forward] == [node.data for node in nodes if node.op]
    back = [step for step in steps if step[0] == "backward"]
    contributions = list(passes.topological(root))
    assert len(back) == len(contributions)
    for (_, _, value, grad, said), step in zip(back, contributions):
        assert number(grad) == step.after and number(value) == step.arg.data
        numbers = {number(x) for x in re.findall(r"\u2212?\d+(?:\.\d+)?(?:e\u2212?\d+)?", said)}
        assert step.part in numbers and step.after in numbers
    root.backward()
    final = {step[1]: number(step[3]) for step in steps if step[3] not in ("", "not computed")}
    assert sorted(final.values()) == sorted(node.grad for node in nodes)


def test_hooks_have_steps_of_their_own(page: Page) -> None:
    x = Value(2.0, "x")
    h = x * 3.0
    h.label = "h"
    y = h * h
    seen: list[float] = []
    h.register_hook(lambda g: g * 10)
    x.register_hook(seen.append)
    browser = page(y)
    assert seen == [360.0]  # once, as in a backward pass
    steps = browser.execute_script(ALL_STEPS)
    (made, kept) = (step for step in steps if step[0] == "hook")
    assert number(made[3]) == 120.0 and "A hook on h" in made[4]
    assert number(kept[3]) == 360.0 and "A hook on x" in kept[4]
    row = text(browser, '[data-leaf="0"]')
    assert "360" in row and "36" in row.replace("360", "") and row.endswith("hook")
    browser.execute_script("explorer.order('recursive'); explorer.show(Infinity)")
    assert "36✗" in text(browser, '[data-leaf="0"]')  # such orders know no hooks
    y.backward()
    assert x.grad == 360.0


def test_a_gradient_that_is_lost_is_marked(page: Page) -> None:
    x = Value(-1.0, "x")
    browser = page(ag.where(x.data > 0, ag.sqrt(x), x))
    browser.execute_script("explorer.show(Infinity)")
    row = text(browser, '[data-leaf="0"]')
    assert "nan" in row and row.endswith("1✗")


def test_long_labels_leave_room_for_numbers(page: Page) -> None:
    x = Value(2.0, "a label that is much longer than its card is wide")
    y = x * 3.0
    y.label = "and another one, of a step"
    browser = page(y)
    browser.execute_script("explorer.show(Infinity)")
    room = browser.execute_script("""
      return [...document.querySelectorAll(".box .value, .box .grad, .box .op")]
        .map((e) => e.scrollWidth <= e.clientWidth && (e.clientWidth > 0 || !e.textContent));
    """)
    assert len(room) == 6 and all(room)
    names = [element.text for element in browser.find_elements("css selector", ".box .name")]
    assert [name[:6] + name[-4:] for name in names] == ["a labewide", "and anstep"]
    assert all("…" in name and len(name) == 18 for name in names)
    label = browser.execute_script("return document.querySelector('.box').ariaLabel")
    assert label.startswith("a label that is much longer than its card is wide, value 2")


# Phones upright, small and on their side; a narrow window, and a large one.
VIEWPORTS = [(390, 844), (320, 568), (844, 390), (667, 375), (600, 500), (1300, 900)]
COVERED = """
  const rectangle = (selector) => document.querySelector(selector).getBoundingClientRect();
  const view = rectangle("#view");
  const disjoint = (r) => r.right <= view.left + 1 || view.right <= r.left + 1
    || r.bottom <= view.top + 1 || view.bottom <= r.top + 1;
  const page = document.documentElement;
  const wide = [...document.querySelectorAll("button, select, input, .legend, #step, #leaves td")]
    .filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1);
  const seen = [...document.querySelectorAll(".box")].filter((box) => {
    const r = box.getBoundingClientRect();
    const [x, y] = [(r.left + r.right) / 2, (r.top + r.bottom) / 2];
    if (x < view.left || view.right < x || y < view.top || view.bottom < y) return false;
    return y < innerHeight && !box.contains(document.elementFromPoint(x, y));
  });
  return {
    covered: [".zoom", ".legend"].filter((name) => !disjoint(rectangle(name))),
    hidden: seen.map((box) => box.textContent),
    wide: wide.map((e) => e.id || e.className),
    scrolls: page.scrollWidth > innerWidth,
    view: [view.width, view.height],
  };
"""


@pytest.fixture
def viewport(browser: Any) -> Iterator[Callable[[int, int], None]]:
    """Gives the browser's page another size, as that of a phone."""

    def resized(width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 900}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    yield resized
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(("width", "height"), VIEWPORTS, ids=[f"{w}x{h}" for w, h in VIEWPORTS])
def test_nothing_covers_the_graph(page: Page, viewport: Any, width: int, height: int) -> None:
    viewport(width, height)
    browser = page(net(1, 3))
    for script in "explorer.show(0)", "explorer.show(Infinity)", "explorer.graph.fit()":
        browser.execute_script(script)
        found = browser.execute_script(COVERED)
        assert found["covered"] == found["hidden"] == found["wide"] == [], script
        assert not found["scrolls"]
        assert found["view"][0] >= 250 and found["view"][1] >= 170
    browser.execute_script("document.querySelector('.legend').open = true")
    assert browser.execute_script(COVERED)["covered"] == []
    last = browser.find_element("css selector", "#last").rect
    assert last["x"] + last["width"] <= width and last["y"] + last["height"] <= height


@pytest.mark.parametrize(("width", "height"), [*VIEWPORTS, (568, 320), (390, 480)], ids=str)
def test_questions_and_reminders_are_in_sight(
    page: Page, viewport: Any, width: int, height: int
) -> None:
    viewport(width, height)
    browser = page(shared())

    def in_sight(*parts: str) -> bool:
        inside: bool = browser.execute_script(
            """
            const { top } = document.querySelector("footer").getBoundingClientRect();
            return arguments[0].map((id) => document.getElementById(id).getBoundingClientRect())
              .every((r) => 0 <= r.top && r.bottom <= top + 1);
            """,
            parts,
        )
        return inside

    browser.find_element("id", "predict").click()
    assert in_sight("question", "answer")
    browser.find_element("id", "next").click()
    assert "A question is open" in text(browser, "#verdict")
    assert in_sight("answer", "verdict")
    browser.execute_script("scrollTo(0, 0)")
    browser.find_element("id", "answer").submit()
    assert "no answer yet" in text(browser, "#verdict")
    assert in_sight("answer", "verdict")


@pytest.mark.parametrize("width", [320, 390, 1300])
def test_long_names_and_numbers_stay_on_the_cards_of_steps(
    page: Page, viewport: Any, width: int
) -> None:
    viewport(width, 844)
    x, y = Value(-12345.678901, "x" * 60), Value(1e-9 / 3, "a very long label of a learner")
    browser = page(ag.arctan2(x, y) * y + x / 3.0)
    assert not browser.execute_script("""
      explorer.digits = 17;
      const card = document.getElementById("step");
      return explorer.timeline.steps.flatMap((_, at) => {
        explorer.show(at);
        const { right } = card.getBoundingClientRect();
        const parts = [...card.querySelectorAll("*")];
        const formulas = parts.filter((e) => e.matches(".equation > :last-child"));
        const narrow = formulas.filter((e) => e.clientWidth < 80);
        return [...narrow, ...parts.filter((e) => e.getBoundingClientRect().right > right)]
          .map((e) => `${at}: ${e.textContent}`);
      });
    """)


def test_predict_says_that_it_does_not_ask_for_arrays(page: Page) -> None:
    w = Tensor(np.arange(3.0), requires_grad=True, label="w")
    browser = page((w * 2.0).sum())
    browser.find_element("id", "predict").click()
    assert "Predict asks for single numbers; this step computes an array." in text(browser, "#step")
    browser.find_element("id", "next").click()
    assert "Which value does v2 get?" in text(browser, "#step")


def test_ranges_of_arrays_stand_in_parentheses_in_products(page: Page) -> None:
    w = Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True, label="w")
    browser = page((w @ np.ones((4, 2))).sum())
    browser.execute_script("explorer.show(1)")
    assert "(0 … 11) @ (all 1)" in text(browser, "#step")


def test_the_legend_is_open_where_there_is_room(page: Page, viewport: Any) -> None:
    for width, height in VIEWPORTS:
        viewport(width, height)
        is_open = page(shared()).execute_script("return document.querySelector('.legend').open")
        assert is_open == (width > 1000)


def in_many_ways() -> Value:
    """Values and gradients that take much room, arrays among them."""
    x = Value(-1.2345678e-10, "x")
    w = Tensor(np.linspace(-123456.7, -1e-7, 6).reshape(2, 3), requires_grad=True, label="weights")
    with scope("Wide WINDOWS, in a frame"):
        y = (w @ np.array([1.0, -2.0, 3.5])).sum() * x
    z = y.tanh() * 0.000123456 + y
    z.label = "WWWWWWWWWWWW"
    return z * x


CLIPPED = """
  document.head.append(element("style", "", `* { font-family: "${arguments[0]}" !important }`));
  explorer.digits = arguments[1];
  const clipped = [];
  for (const at of explorer.timeline.steps.keys()) {
    explorer.show(at);
    for (const e of document.querySelectorAll(".box span, .reference span, .title, .cover span")) {
      const room = e.closest(".frame") ? e.closest(".frame").clientWidth - 12 : e.clientWidth;
      if (e.offsetParent && e.scrollWidth > room) clipped.push(e.textContent);
    }
  }
  for (const panel of document.querySelectorAll("aside > section")) {
    if (panel.scrollWidth > panel.clientWidth) clipped.push(panel.id);
  }
  return clipped;
"""


@pytest.mark.parametrize("font", ["DejaVu Sans", "Liberation Sans"])
@pytest.mark.parametrize("digits", [4, 17])
@pytest.mark.parametrize(
    "make", [shared, in_many_ways, lambda: net(1, 3)], ids=["shared", "wide", "net"]
)
def test_text_has_room_in_every_card(
    page: Page, make: Callable[[], Value], digits: int, font: str
) -> None:
    assert page(make()).execute_script(CLIPPED, font, digits) == []


def test_luck_is_not_taken_for_order(page: Page) -> None:
    x = Value(0.0, "x")
    h = x * 1.0
    browser = page(h * h + ag.sin(h) * 0.0)
    browser.execute_script("explorer.order('recursive'); explorer.show(Infinity)")
    assert "the numbers of the shared nodes happen to make no difference" in text(browser, "#step")


def test_keys_step_play_and_jump(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    at = lambda: browser.execute_script("return explorer.timeline.at")
    last = browser.execute_script("return explorer.timeline.steps.length") - 1
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert at() == 1 and "h gets the value 4." in text(browser, "#step")
    assert "h gets the value 4." in text(browser, "#announcement")
    press(browser, Keys.END)
    assert at() == last and "All gradients are complete" in text(browser, "#step")
    press(browser, Keys.HOME)
    assert at() == 0
    browser.execute_script("document.getElementById('speed').value = 4")
    press(browser, " ")
    assert text(browser, "#play") == "Pause"
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 5).until(lambda _: at() == last)
    assert text(browser, "#play") == "Play"
    press(browser, Keys.HOME, "?")
    assert browser.execute_script("return document.getElementById('keys').open")
    press(browser, Keys.ESCAPE, "t")
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    press(browser, "r", "+", "-", "0")


def test_nodes_can_be_chosen_by_keyboard_and_say_what_they_are(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    press(browser, Keys.END)
    browser.execute_script("document.querySelector('[data-id=\"1\"]').focus()")
    label = browser.execute_script("return document.activeElement.getAttribute('aria-label')")
    assert label.startswith("h = x * x, value 4, gradient 2.346")
    press(browser, Keys.ENTER)
    card = text(browser, "#node")
    assert "2 × 2=4" in card and "from v3: 1 × cos(4) = " in card and "sum" in card


def test_hovering_shows_the_full_arithmetic(page: Page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    browser = page(shared())
    browser.execute_script("explorer.show(Infinity)")
    place = browser.find_element("css selector", '[data-id="1"]')
    ActionChains(browser).move_to_element(place).perform()
    assert not browser.execute_script("return document.getElementById('tip').hidden")
    assert "from v2: 1 × 3 = 3" in text(browser, "#tip")


def test_predict_asks_judges_and_tells(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    press(browser, "p")
    assert "Which value does h get?" in text(browser, "#step")
    assert text(browser, '[data-id="1"] .value') == "?"
    press(browser, "5", Keys.ENTER)
    assert "Not quite" in text(browser, ".verdict") and text(browser, '[data-id="1"] .value') == "?"
    press(browser, "2*2", Keys.ENTER)
    assert "Right, at the second try." in text(browser, "#step")
    assert text(browser, '[data-id="1"] .value') == "4"
    browser.execute_script(
        "explorer.show(explorer.timeline.firstBackward); explorer.next()"
    )  # after the seed
    assert "What does y add to the gradient of v2?" in text(browser, "#step")
    press(browser, "1", Keys.ENTER)
    assert "Right." in text(browser, "#step") and text(browser, '[data-id="2"] .grad') == "1"
    browser.execute_script("explorer.next()")
    browser.find_element("css selector", ".quiz button:last-of-type").click()
    assert text(browser, '[data-id="3"] .grad') == "1"
    press(browser, "p", Keys.END)
    assert "All gradients are complete" in text(browser, "#step")


def test_next_says_that_a_question_is_open(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    press(browser, "p")
    at = lambda: browser.execute_script("return explorer.timeline.at")
    for button in "next", "play":
        browser.find_element("id", button).click()
        browser.execute_async_script("setTimeout(arguments[0], 300)")
        assert "A question is open" in text(browser, ".verdict[role=status]")
        assert at() == 0 and browser.execute_script("return document.activeElement.id") == "answer"
    browser.find_element("xpath", "//button[text()='Skip']").click()
    assert at() == 1 and "Which value does v2 get?" in text(browser, "#step")
    press(browser, "h*3", Keys.ENTER)
    assert "Right." in text(browser, "#step") and text(browser, '[data-id="2"] .value') == "12"


def test_predict_takes_expressions_and_says_what_it_can_not_read(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    press(browser, "p", "q", Keys.ENTER)
    assert "“q” can't be read here. Use numbers" in text(browser, ".verdict")
    press(browser, Keys.BACKSPACE, "h", Keys.ENTER)
    assert "h has no value yet" in text(browser, ".verdict")
    press(browser, Keys.BACKSPACE, "x*x", Keys.ENTER)
    assert "Right" in text(browser, "#step")
    browser.execute_script("explorer.show(explorer.timeline.firstBackward + 2); explorer.next()")
    assert "What does v3 add to the gradient of h?" in text(browser, "#step")
    browser.find_element("id", "answer").send_keys("g * cos(h)", Keys.ENTER)
    assert "Right." in text(browser, "#step")
    browser.execute_script("explorer.next()")
    browser.find_element("id", "answer").send_keys("∂y/∂v2 × 3", Keys.ENTER)
    assert "Right." in text(browser, "#step")


def test_all_of_the_graph_is_printed(page: Page) -> None:
    browser = page(net())
    browser.execute_script("explorer.show(40)")
    before = browser.execute_script("return explorer.graph.world.style.transform")
    inside = browser.execute_script("""
      window.dispatchEvent(new Event("beforeprint"));
      const frame = document.getElementById("graph").getBoundingClientRect();
      return [frame.width, [...document.querySelectorAll(".box")].every((box) => {
        const { left, right, top, bottom } = box.getBoundingClientRect();
        return frame.left <= left && right <= frame.right
          && frame.top <= top && bottom <= frame.bottom;
      })];
    """)
    assert inside[0] < 700 and inside[1]  # A4 is 794 pixels wide
    browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script("return explorer.graph.world.style.transform") == before


ANSWERS: list[tuple[str, float]] = [
    ("2*-3", -6),
    ("1/4", 0.25),
    ("(1-0.5)^2", 0.25),
    ("(1-0.5)**2", 0.25),
    ("2**3**2", 512),
    ("2**-1", 0.5),
    ("-2^2", -4),
    ("1e-3", 0.001),
    (" 1.5E2 ", 150),
    ("\N{MINUS SIGN}2·3", -6),
    ("6 ÷ 4 × 2", 3),
    ("0,5", 0.5),
    (".5 + 2.", 2.5),
    ("-inf", -math.inf),
    ("∞", math.inf),
    ("sin(2)", math.sin(2)),
    ("sin(0,5)", math.sin(0.5)),
    ("2*cos(x) - exp(-1)", 2 * math.cos(2) - math.exp(-1)),
    ("max(2, 3) + atan2(1; 2)", 3 + math.atan2(1, 2)),
    ("√(4) + sqrt(9) + ln(e)", 6),
    ("pi + π", 2 * math.pi),
    ("x*y", 6),
    ("x² + x⁻¹", 4.5),
    ("2·0.weight", 14),
    ("w#1 - w#2", -1),
    ('"a b" * 2', 22),
    ("e1 * 3", 39),
    ("12", 12),
    ('"12"', 99),
    ("-INF", -math.inf),
    ('"inf"', 7),
    ("Sqrt(X)", math.sqrt(17)),
    ("MAX(1; 2)", 2),
]
REFUSED = {
    "": "no answer yet",
    "two": "“two” can't be read",
    "2 3": "“3” can't be read here",
    "2x": "“2x” is not a number",
    "0x10": "“0x10” is not a number",
    "(": "missing at the end",
    "(1 + 2": "closing parenthesis",
    "2 +": "missing at the end",
    "sin 2": "sin needs its number in parentheses",
    "sin(1, 2)": "sin takes 1 number",
    "max(1)": "max takes 2 numbers|maximum takes 2 numbers",
    "h + 1": "h has no value yet",
    "data": "data is an array",
    "alert(1)": "“alert” can't be read",
    "constructor": "“constructor” can't be read",
    "__proto__": "“__proto__” can't be read",
    "x.valueOf()": "“x.valueOf” can't be read",
    "1" * 201: "at most 200",
}
KNOWN = {
    "x": 2, "y": 3, "0.weight": 7, "w#1": 4, "w#2": 5, "a b": 11, "e1": 13, "h": None,
    "12": 99, "inf": 7, "X": 17,
    "data": {"shape": [2], "dtype": "float64", "low": 0, "high": 1, "norm": 1},
}  # fmt: skip
READ = """
  const known = new Map(Object.entries(arguments[1]));
  return arguments[0].map((text) => {
    try { return String(evaluate(text, known)); }
    catch (error) { if (!(error instanceof Unreadable)) throw error; return error.message; }
  });
"""


def test_answers_may_be_expressions_of_numbers_functions_and_names(page: Page) -> None:
    browser = page(shared())
    found = browser.execute_script(READ, [text for text, _ in ANSWERS], KNOWN)
    for (typed, value), answer in zip(ANSWERS, found):
        assert float(answer.replace("Infinity", "inf")) == pytest.approx(value), typed
    judged = browser.execute_script(
        "return [[5, 'inf'], [evaluate('-inf'), '-inf'], [evaluate('∞'), 'inf'], [Infinity, 5]]"
        ".map(([guess, truth]) => isRight(guess, truth))"
    )
    assert judged == [False, True, True, False]


def test_answers_that_cannot_be_read_are_refused_with_what_is_accepted(page: Page) -> None:
    messages = page(shared()).execute_script(READ, list(REFUSED), KNOWN)
    for message, wanted in zip(messages, REFUSED.values()):
        assert re.search(wanted, message), (message, wanted)
    (message,) = page(shared()).execute_script(READ, ["two"], KNOWN)
    for part in "Use numbers, + - * / **", "sin", "names of nodes that have a value: ", "x":
        assert part in message


def test_answers_know_the_functions_of_the_table(page: Page) -> None:
    browser = page(shared())
    names = browser.execute_script(
        "return Object.entries(FUNCTIONS).map(([n, f]) => [n, f.length])"
    )
    known = {name for name, _ in names}
    rows = {row.name for row in TABLE.values() if row.elementwise and row.rule}
    signs = {"add", "sub", "mul", "div", "neg", "pow"}
    otherwise = {"where", "alias", "item", "astype", "to"}  # there is no such function to type
    spelled = {
        "sech2",
        "flat_root",
        "logistic_density",
        "one_minus_square",
        "cosine",
    }  # by others of these
    assert rows - signs - otherwise - spelled <= known
    for name, count in names:
        f = getattr(ag, name, None) or getattr(rules, name)
        xs = {"arccosh": [1.4], "polygamma": [2, 1.4]}.get(name, [0.7, 1.4][:count])
        (answer,) = browser.execute_script(READ, [f"{name}({', '.join(map(str, xs))})"], {})
        assert float(answer) == pytest.approx(float(f(*xs)), rel=1e-9), name


def test_wrong_orders_are_shown_to_be_wrong(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = page(shared())
    for order, wrong in (passes.recursive, "recursive"), (passes.early, "early"):
        press(browser, "w", Keys.END)
        assert browser.execute_script("return explorer.timeline.order") == wrong
        browser.execute_script("explorer.digits = 17; explorer.refresh()")
        assert number(text(browser, '[data-id="0"] .grad')) == gradients(order, shared())["x"]
        assert (
            text(browser, '[data-id="0"] .mark') == "✗"
            and text(browser, '[data-id="1"] .mark') == ""
        )
        row = text(browser, '[data-leaf="0"]')
        assert "✗" in row and str(gradients(passes.topological, shared())["x"]) in row
        assert "Why the order matters" in text(browser, "#order-note")
    press(browser, "w", Keys.END)
    assert "✓" in text(browser, '[data-leaf="0"]')


def test_where_nothing_is_shared_any_order_is_right(page: Page) -> None:
    x = Value(0.5, "x")
    browser = page(ag.sin(x) * 2.0)
    browser.execute_script("explorer.order('recursive'); explorer.show(Infinity)")
    assert "All gradients are right nevertheless" in text(browser, "#step")


def test_too_many_paths_are_counted_instead(page: Page) -> None:
    y = Value(1.0)
    for _ in range(20):
        y = y + y
    browser = page(y)
    browser.execute_script("explorer.order('recursive')")
    assert "2,097,150 contributions" in text(browser, "#order-note")
    assert browser.execute_script("return explorer.timeline.order") == "topological"


def test_groups_collapse_and_are_stepped_over(page: Page) -> None:
    browser = page(net())
    count = browser.execute_script("return explorer.timeline.steps.length")
    size = "return explorer.graph.size[0] * explorer.graph.size[1]"
    full = browser.execute_script(size)
    boxes = browser.find_elements("css selector", "#groups input")[:2]
    for box in boxes:
        box.click()
    assert browser.execute_script(size) < full / 2
    boxes_shown = browser.find_elements("css selector", ".box:not([hidden])")
    assert len(boxes_shown) < browser.execute_script("return explorer.timeline.nodes.length") / 2
    stepped = browser.execute_script(
        "let n = 0; while (explorer.timeline.step.kind !== 'end') { explorer.next(); n++; }"
        " return n"
    )
    assert stepped < count - 50
    lid = text(browser, '.cover[data-group="g0"] .note')
    nodes = re.match(r"(\d+) nodes", lid)
    assert nodes and lid == f"{nodes[1]} nodes · values {nodes[1]} · gradients {nodes[1]}"
    for box in boxes:
        box.click()
    assert browser.execute_script(size) == full


def test_groups_that_use_what_is_made_of_them_do_not_collapse(page: Page) -> None:
    x = Value(2.0, "x")
    with scope("G"):
        inside = x * 2.0
        context = copy_context()
    root: Value = context.run(lambda y: y * 3.0, inside * 5.0)
    browser = page(root)
    assert browser.execute_script("return document.getElementById('groups').hidden")
    browser.execute_script("explorer.show(Infinity)")
    assert "✓" in text(browser, '[data-leaf="0"]')


def test_labels_are_text_and_nothing_else(page: Page) -> None:
    x = Value(2.0, ATTACK)
    with scope(ATTACK):
        y = x * x
    y.label = "<b>&amp;</b>"
    browser = page(y, title=ATTACK)
    assert browser.title == f"{ATTACK}: step by step"
    assert browser.execute_script("return document.querySelectorAll('script').length") == 2
    assert ATTACK in text(browser, "h1") and ATTACK in text(browser, "#leaves")
    assert "<b>&amp;</b>" in text(browser, "#goto") and not browser.find_elements(
        "css selector", "main b:not(.legend b)"
    )


def test_tensors_step_too(page: Page) -> None:
    w = Tensor(np.ones((2, 3)), requires_grad=True, label="w")
    browser = page((ag.tanh(w @ np.array([0.1, 0.2, 0.3])) ** 2).sum())
    browser.execute_script("explorer.predict(); explorer.show(Infinity)")
    assert "(2, 3) float64" in text(browser, '[data-id="0"]')
    assert "✓" in text(browser, '[data-leaf="0"]') and "in one direction" in text(
        browser, '[data-leaf="0"]'
    )


def test_few_entries_of_arrays_are_shown(page: Page) -> None:
    w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, label="w")
    browser = page((w * np.array([0.5, -1.0]) * np.arange(8.0).reshape(4, 1, 2)).sum())
    values = [element.text for element in browser.find_elements("css selector", ".box .value")]
    assert values[:2] == ["[[1 2] [3 4]]", "[0.5 \N{MINUS SIGN}1]"]
    assert "0 … 7" in values


def test_a_graph_of_hundreds_of_nodes_writes_only_what_changes(page: Page) -> None:
    browser = page(net(depth=9))
    count = browser.execute_script("return explorer.timeline.nodes.length")
    changes = browser.execute_async_script("""
      const done = arguments[0];
      explorer.show(200);
      const changed = new Set();
      const watch = new MutationObserver((list) => {
        for (const { target } of list) changed.add(target.parentElement.closest(".box"));
      });
      watch.observe(explorer.graph.view, { subtree: true, childList: true, attributes: true });
      for (let i = 0; i < 10; i++) explorer.next();
      setTimeout(() => done(changed.size), 50);
    """)
    assert count > 300 and changes < 60
