"""Writes the pages and schemas that are made from code: ``python -m docs.build [--check]``.

Owns nothing that runs in production. A page made here is never edited by hand; the tests run
``--check`` and name what is stale.
"""
