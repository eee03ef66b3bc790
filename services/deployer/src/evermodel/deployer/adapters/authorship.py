"""Who signs the machine's commits, in git and in its fake."""

AUTHOR = ("evermodel deployer", "deployer@evermodel.invalid")
