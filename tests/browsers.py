"""What a browser says of pages."""

from __future__ import annotations

from typing import Any


def complaints(browser: Any) -> list[str]:
    """What its console says, but not of pages of its own, which miss the net."""
    said = [entry["message"] for entry in browser.get_log("browser")]
    return [message for message in said if not message.startswith("chrome://")]
