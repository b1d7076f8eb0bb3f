"""The colours of pictures, on light paper and on dark."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Theme: TypeAlias = Literal["light", "dark", "auto"]

# Values are green and gradients red, as in many courses. The kind of a node shows in its outline
# too: leaves are round, constants dashed, results doubled; operations of a derivative have corners.
LIGHT = {
    "paper": "#ffffff", "ink": "#1f2328", "quiet": "#656d76", "line": "#8c959f",
    "leaf": "#eaf3fb", "leaf-line": "#0b6bb8", "step": "#ffffff", "step-line": "#6e7781",
    "cell": "#fdf1d8", "cell-ink": "#6b4300", "constant": "#f6f8fa", "constant-line": "#8c959f",
    "group": "#f3f0fb", "group-line": "#6f57b5", "root-line": "#c4500a",
    "value": "#1b7837", "gradient": "#b2182b", "slope": "#5b3fa8",
    "derivative-line": "#2a8c7d", "derivative-cell": "#dcf1ec", "derivative-cell-ink": "#0b5345",
    "frame": "#f7f7fb", "frame-line": "#d0ccdf", "title": "#57517a",
}  # fmt: skip
DARK = {
    "paper": "#14171b", "ink": "#e6e9ed", "quiet": "#98a1ab", "line": "#6e7781",
    "leaf": "#12293d", "leaf-line": "#58a6e8", "step": "#1d2126", "step-line": "#848d97",
    "cell": "#3a2d12", "cell-ink": "#f3cf85", "constant": "#1a1d21", "constant-line": "#767f89",
    "group": "#231f36", "group-line": "#a18be0", "root-line": "#f0883e",
    "value": "#6cc984", "gradient": "#ff8a84", "slope": "#b9a4f5",
    "derivative-line": "#4fb3a1", "derivative-cell": "#12352f", "derivative-cell-ink": "#8fdcc9",
    "frame": "#191c22", "frame-line": "#3b3a4d", "title": "#aca5d0",
}  # fmt: skip


def colours_of(theme: Theme) -> dict[str, str]:
    """Return the colours of a theme in formats that can't adapt to the reader's system."""
    return DARK if theme == "dark" else LIGHT


def stylesheet(template: str, theme: Theme, **fields: Any) -> str:
    """Return a stylesheet with the colours of a theme; "auto" follows the reader's system."""
    light, dark = (template.format_map({**fields, **colours}) for colours in (LIGHT, DARK))
    if theme == "auto":
        return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return dark if theme == "dark" else light
