"""What every part shares: kernel, events, messaging, models, observability, runtime.

Must never import a service, a machine-learning library or Kubernetes.
"""
