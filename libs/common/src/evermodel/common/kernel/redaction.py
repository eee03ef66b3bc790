"""Takes secrets out of text before anyone sees it.

Owns the one list of what a secret looks like. Log lines, what dead letters say, and every free
text in an event pass through it, and with the events all that is made of them: Git's messages.
"""

import re

_MASK = "***"
_PATTERNS = (
    # whatever stands before @host in any URL: user:password, or a token alone
    (re.compile(r"(?<=://)[^\s/]+@"), f"{_MASK}@"),
    # user:password@host as scp and git write it; name:tag@sha256:… is an image
    (re.compile(r"(?<![\w.%+~-])[\w.%+~-]+:[^\s/@:]+@(?!sha256:)(?=\w)"), f"{_MASK}@"),
    # key=value and "key": "value" where the key says what it holds
    (
        re.compile(
            r"(?i)(?P<key>(?:password|passwd|secret|token|api[_-]?key|credential)"
            r"[\w.-]*[\"']?\s*[=:]\s*)(?P<quote>[\"']?)[^\s\"',;}]+"
        ),
        rf"\g<key>\g<quote>{_MASK}",
    ),
    (re.compile(r"(?i)\b(?P<kind>bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\g<kind> {_MASK}"),
)


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Return `text` without anything that looks like a secret, and without `secrets`.

    It takes time in proportion to the text: no pattern begins with what may repeat for ever.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, _MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def first_words(error: BaseException, *, longest: int = 300) -> str:
    """Return the first line of what `error` says, or its kind: redacted, at most `longest` long."""
    said = str(error).splitlines() or [type(error).__name__]
    return redact(said[0])[:longest]
