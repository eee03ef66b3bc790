"""How many labelled rows a training needs: below these nothing sound is learned or calibrated."""

#: Rows to learn from, and of each class among them.
LEAST_ROWS, LEAST_OF_A_CLASS = 200, 10
#: Of each class, where the threshold is set.
LEAST_TO_CALIBRATE = 3


def too_few(*, rows: int, frauds: int) -> str | None:
    """Return why no cuts make a training of `rows` labelled rows, None if some may.

    Who has the table sees it before anything is played. Where the cuts fall is not asked: what is
    let through here may still be refused, and what is not can only be.
    """
    least = LEAST_ROWS + 2 * LEAST_TO_CALIBRATE + 1  # the last one is held out
    if rows < least:
        return f"{rows} labelled rows, and a training needs {least}"
    of_a_class = LEAST_OF_A_CLASS + LEAST_TO_CALIBRATE
    if min(frauds, rows - frauds) < of_a_class:
        told = f"{rows} labelled rows, {frauds} of them frauds"
        return f"{told}, and a training needs {of_a_class} of each class"
    return None
