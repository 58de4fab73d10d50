"""What other programs may tell a run: markers and labels, as JSON or as plain words."""

from __future__ import annotations

import json
from typing import Any

# Of the text of a marker or label; what is longer is cut.
_LONGEST = 200


def parsed(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None of anything else."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def marker_text(message: dict[str, Any]) -> str:
    """Return the text of a marker, {"text": "…"}."""
    return _line(message.get("text", "")) or "marker"


def label_words(message: dict[str, Any]) -> str:
    """Return the words of a label, {"text": "calm"} or {"target": "arousal", "value": 4}."""
    if "text" in message:
        return _line(message["text"])
    return _line(f"{message.get('target', 'arousal')} {message.get('value', '')}")


def words(payload: bytes | bytearray) -> str:
    """Return the words of a label that came as JSON or as plain text in UTF-8."""
    text = payload.decode(errors="replace")
    message = parsed(text)
    return _line(text) if message is None else label_words(message)


def _line(value: Any) -> str:
    return " ".join(str(value).split())[:_LONGEST]
