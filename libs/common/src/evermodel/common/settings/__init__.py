"""Setting groups that services share: names of the environment, units, defaults and why.

The only place in common that reads the environment. A service's own ``settings.py`` composes
these groups. Secrets are ``SecretStr``: they show as stars wherever a setting is printed.
"""
