"""The partitioner is Kafka's: values from the Java client's own tests."""

import pytest

from evermodel.common.messaging.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_the_java_clients(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected % 2**32


def test_a_key_stays_within_the_partitions() -> None:
    assert {partition_of(f"{i}".encode(), partitions=4) for i in range(100)} == {0, 1, 2, 3}
    assert partition_of(None, partitions=4) == 0
