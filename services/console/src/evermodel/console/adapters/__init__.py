"""The systems the console meets: Faust and HTTP."""
