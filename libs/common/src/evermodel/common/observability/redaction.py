"""Takes secrets out of text before anyone sees it.

Owns the one list of what a secret looks like. Log lines and dead-letter reasons pass through it.
"""

import re

_MASK = "***"
_PATTERNS = (
    # user:password@host in any URL
    (re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@:]+:[^\s/@]+@"), rf"\g<scheme>{_MASK}@"),
    # key=value and "key": "value" where the key says what it holds
    (
        re.compile(
            r"(?i)(?P<key>[\"']?[\w.-]*(?:password|passwd|secret|token|api[_-]?key|credential)"
            r"[\w.-]*[\"']?\s*[=:]\s*)(?P<quote>[\"']?)[^\s\"',;}]+"
        ),
        rf"\g<key>\g<quote>{_MASK}",
    ),
    (re.compile(r"(?i)\b(?P<kind>bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\g<kind> {_MASK}"),
)


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Return `text` without anything that looks like a secret, and without `secrets`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
