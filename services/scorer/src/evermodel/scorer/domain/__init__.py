"""Pure decisions: which version decides a payment, what it says, and which rows are sound."""
