"""What a key may hold: beyond its bounds the file is refused, by the key and what was expected."""

import pytest

from evermodel.common.events.catalogue import CATALOGUE, TRANSACTIONS
from evermodel.common.models.file import BadModelFile, parse_model
from tests.unit.models.files import described, said_of

WRONG = {
    "rollout.steps = [true, 100]": "expected a number or a text, and true or false is neither",
    "drift.max_unseen = true": "expected a number or a text, and true or false is neither",
    "windows.min_rows = true": "expected a number or a text, and true or false is neither",
    "drift.alert_rate_slack = nan": "expected a finite number, got nan",
    "rollout.alert_rate_ratio = inf": "expected a finite number, got inf",
    "quality.sum.max = inf": "expected a finite number, got inf",
    "rollout.alert_rate_ratio = 1e200": "expected less than or equal to 1000000, got 1e+200",
    "rollout.fraud_worth = 1e200": "expected less than or equal to 1000000, got 1e+200",
    "gates.alert_ratio = 1e200": "expected less than or equal to 1000000, got 1e+200",
    "drift.volume_ratio = 1e200": "expected less than or equal to 1000000, got 1e+200",
    "drift.alert_rate_slack = -1": "expected greater than or equal to 0, got -1",
    "drift.alert_rate_bound = 0": "expected greater than 0, got 0",
    "drift.persistence = 1001": "expected less than or equal to 1000, got 1001",
    "windows.min_rows = 99999999999999999999": "expected less than or equal to 1000000000, got",
    "gates.min_frauds = 99999999999999999999": "expected less than or equal to 1000000000, got",
    "rollout.min_rows = 99999999999999999999": "expected less than or equal to 1000000000, got",
    "training.batch_size = 9999999999": "expected less than or equal to 1000000000, got",
    'windows.length = "59s"': "expected a duration of at least 1m",
    'training.calibration = "0d"': "must be longer than nothing",
    'training.holdout = "0d"': "must be longer than nothing",
    "training.seed = -1": "expected greater than or equal to 0, got -1",
    "training.seed = 4294967296": "expected less than or equal to 4294967295, got 4294967296",
    "training.epochs = 10001": "expected less than or equal to 10000, got 10001",
    "training.dropout = 1.0": "expected less than 1, got 1.0",
    "training.max_seconds = 1e9": "expected less than or equal to 31536000, got 1000000000.0",
    "training.max_memory_mb = 16777217": "expected less than or equal to 16777216, got 16777217",
    f"training.hidden = {[8] * 33}": "expected at most 32 of them, got 33",
    "decision.alert_budget = 0": "expected greater than 0, got 0",
    "decision.alert_budget = 1.1": "expected less than or equal to 1, got 1.1",
    'gates.slices = ["sum", "sum"]': "expected each feature once, and sum is named again",
    "training.hidden = 128": "expected a list, e.g. [256, 256]",
    'rollout.steps = "10"': "expected a list, e.g. [10, 20, 50, 100]",
    'gates.slices = "sum"': 'expected a list, e.g. ["AMOUNT"]',
}


@pytest.mark.parametrize("line", WRONG)
def test_a_value_beyond_its_bounds_is_refused(line: str) -> None:
    key = line.partition(" = ")[0]
    assert said_of(line).startswith(f"{key}: {WRONG[line]}")


@pytest.mark.parametrize("units", [0, -1, 1_000_000_000])
def test_a_layer_has_units_and_no_more_than_a_machine_holds(units: int) -> None:
    assert said_of(f"training.hidden = [8, {units}]").startswith("training.hidden.1: exp")


@pytest.mark.parametrize("days", ["999999999", "9" * 400])
@pytest.mark.parametrize(
    "key", ["stream.label_delay", "windows.lateness", "training.window", "rollout.patience"]
)
def test_no_duration_is_longer_than_a_hundred_years(key: str, days: str) -> None:
    said = said_of(f'{key} = "{days}d"')
    assert said == f"{key}: expected a duration of at most 36525d, a hundred years"


@pytest.mark.parametrize(
    "line",
    [
        'stream.label_delay = "36525d"',
        "stream.label_positive = false",
        'windows.length = "1m"',
        "training.seed = 4294967295",
        "training.hidden = []",
        'training.regime = "0d"',
        "decision.alert_budget = 1",
        'rollout.label_horizon = "0d"',
        "drift.alert_rate_slack = 0",
    ],
)
def test_what_lies_on_a_bound_is_taken(line: str) -> None:
    described(line)


def test_a_number_of_more_digits_than_are_read_is_no_bug() -> None:
    with pytest.raises(BadModelFile, match=r"^m\.toml: a number in it has too many digits$"):
        described(f"training.seed = {'9' * 5000}")


TAKEN = sorted(topic.name for topic in CATALOGUE if topic is not TRANSACTIONS)


@pytest.mark.parametrize("name", TAKEN)
def test_no_topic_of_the_services_is_one_of_payments(name: str) -> None:
    """Of its own outputs the scorer would make payments again."""
    said = f"expected a topic of payments, and {name!r} is evermodel's own {name!r}: choose another"
    assert said_of(f'stream.topic = "{name}"') == f"stream.topic: {said}"


@pytest.mark.parametrize("name", ["", " ", "a b", ".", "..", "a/b", "ä", "a\\n", "a" * 250])
def test_what_no_broker_takes_is_no_topic(name: str) -> None:
    said = said_of(f'stream.topic = "{name}"')
    assert said.startswith("stream.topic: expected a topic's name, 1 to 249 of a-z, A-Z")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("transactions_scored", "differs only by '.' and '_' from evermodel's own"),
        ("__consumer_offsets", "is named as Kafka's own are"),
    ],
)
def test_a_topic_that_kafka_would_confuse_with_another_is_refused(name: str, says: str) -> None:
    assert says in said_of(f'stream.topic = "{name}"')


@pytest.mark.parametrize("name", ["transactions", "payments.eu-1", "Cards_2", "a" * 249])
def test_every_other_topic_is_taken(name: str) -> None:
    assert described(f'stream.topic = "{name}"').stream.topic == name


def test_an_empty_file_is_told_what_to_begin_with() -> None:
    with pytest.raises(BadModelFile) as caught:
        parse_model("", source="m.toml")
    assert str(caught.value).splitlines() == [
        "m.toml: model: is missing: write a section [model] with name",
        "m.toml: stream: is missing: write a section [stream] with time and label",
        "m.toml: features: is missing: write a section [features] with continuous or categorical "
        "or flag",
    ]


def test_a_key_in_the_place_of_a_section_is_told_so() -> None:
    with pytest.raises(BadModelFile, match=r"model: expected a section of keys, got 5"):
        parse_model("model = 5", source="m.toml")
