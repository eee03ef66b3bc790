"""The systems that keep the registrar's promises, one foreign system each."""
