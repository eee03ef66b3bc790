"""What the drift service keeps: whole or not at all, and read back as it was."""

import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.kernel.errors import Transient
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies, UnknownFormat
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.domain.rows import Rows
from evermodel.drift.domain.tally import Limits, Tally
from evermodel.drift.handlers.payloads import window_counters
from evermodel.lake.columns import ID, LABEL, TIME, feature_column, score_column
from evermodel.lake.files import every_file
from evermodel.lake.layout import reference_folder
from evermodel.profile.reference import FILE, BadReference
from tests.unit.drift.bench import features, referenced
from tests.unit.drift.lake_files import NOT_NOW, labels

REFERENCE = referenced()
KNOWN = {REFERENCE.reference_id: REFERENCE}


def rows(number: int = 0, *, count: int = 50, version: int = 1) -> Rows:
    columns = features(number, rows=count)
    amounts = np.array(columns["amount"], dtype=np.float64)
    amounts[:3] = np.nan
    return Rows(
        offsets=np.arange(count),
        times=np.arange(count, dtype=np.int64) * 1_000_000,
        ids=[f"{number}-{n}" for n in range(count)],
        entities=["e"] * count,
        features={
            "amount": amounts,
            "shop": [None, *columns["shop"][1:]],
            "night": np.array(columns["night"], dtype=np.float64),
        },
        scores={version: [None, *[n / count for n in range(1, count)]]},
        alerts={version: [None, *[n % 9 == 0 for n in range(1, count)]]},
        failed=[(version,), *[()] * (count - 1)],
        decided_by=[version] * count,
        decisions=["pass"] * count,
        propensities=[1.0] * count,
        references=[None if n % 5 == 0 else REFERENCE.reference_id for n in range(count)],
    )


def tally(number: int = 0, *, count: int = 50) -> Tally:
    limits = {"amount": Limits(1.0, 40.0), "shop": Limits(), "night": Limits()}
    one, other = rows(number, count=count), rows(number + 1, count=count, version=2)
    both = replace(
        one, scores={**one.scores, **other.scores}, alerts={**one.alerts, **other.alerts}
    )
    return Tally.of(both, references=KNOWN, limits=limits, chunks=frozenset({0, 20_000}))


def said(given: Tally) -> str:
    return window_counters(given, KNOWN).model_dump_json()


@given(st.integers(1, 200), st.integers(0, 5))
def test_a_tally_comes_back_as_it_was_kept_and_goes_on_adding(count: int, number: int) -> None:
    codec, kept = MsgpackTallies(), tally(number, count=count)
    again = codec.decode("fraud", codec.encode(kept))
    assert said(again) == said(kept)
    assert again.chunks == kept.chunks
    more = tally(number + 100)
    assert said(again + more) == said(kept + more)
    assert codec.encode(again) == codec.encode(kept)


def test_a_tally_kept_before_versions_were_paired_comes_back_without_pairs() -> None:
    codec, kept = MsgpackTallies(), tally()
    fields = msgspec.msgpack.decode(zlib.decompress(codec.encode(kept)[1:]))
    older = b"\x01" + zlib.compress(msgspec.msgpack.encode(fields[:-1]))
    assert codec.decode("fraud", older).paired == {}

    *others, pairs = fields
    bare = [*others, [pair[:-1] for pair in pairs]]
    again = codec.decode("fraud", b"\x01" + zlib.compress(msgspec.msgpack.encode(bare)))
    assert [pair.group_spreads.sum() for pair in again.paired.values()] == [0] * len(pairs)
    assert said(again + kept)


def test_an_empty_tally_comes_back_empty() -> None:
    codec = MsgpackTallies()
    assert said(codec.decode("fraud", codec.encode(Tally()))) == said(Tally())


def test_a_tally_of_another_version_or_cut_short_is_refused() -> None:
    codec = MsgpackTallies()
    kept = codec.encode(tally())
    with pytest.raises(UnknownFormat, match="version 2"):
        codec.decode("fraud", b"\x02" + kept[1:])
    for broken in (b"", kept[:-10], b"\x01not zipped"):
        with pytest.raises(UnknownFormat, match="fraud"):
            codec.decode("fraud", broken)


def test_rows_lie_in_a_file_by_column_with_nulls_where_there_is_nothing(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/a.parquet", [lake.pack_rows(rows())])
    found = pq.read_table(tmp_path / "m/a.parquet")
    assert found[ID].to_pylist()[:2] == ["0-0", "0-1"]
    assert found.schema.field(TIME).type == pa.timestamp("us", tz="UTC")
    assert found[feature_column("amount")].null_count == 3
    assert found[feature_column("shop")].to_pylist()[0] is None
    assert found[score_column(1)].to_pylist()[0] is None


def test_a_version_that_comes_within_a_file_has_nulls_before(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    parts = [lake.pack_rows(rows(0, version=1)), lake.pack_rows(rows(1, version=2))]
    lake.write("m/a.parquet", parts)
    found = pq.read_table(tmp_path / "m/a.parquet")
    assert found.num_rows == 100
    assert found[score_column(2)].slice(0, 50).null_count == 50


def test_labels_lie_in_a_file(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/l.parquet", [lake.pack_labels(labels("a")), lake.pack_labels(labels("b"))])
    found = pq.read_table(tmp_path / "m/l.parquet")
    assert (found[ID].to_pylist(), found[LABEL].to_pylist()) == (["a", "b"], [1, 1])


@pytest.mark.guarantee(
    "outside",
    fault="the lake's disk is full in the middle of a file",
    promise="the old file stays whole, half a file is nobody's; written when there is room",
    seen=NOT_NOW,
)
def test_a_write_that_breaks_off_leaves_the_old_file_and_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/l.parquet", [lake.pack_labels(labels("a"))])

    def breaks_off(_table: object, path: Path, **_given: object) -> None:
        path.write_bytes(b"PAR1 and no more")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", breaks_off)
        with pytest.raises(Transient, match="no space left"):
            lake.write("m/l.parquet", [lake.pack_labels(labels("a", "b"))])
        with pytest.raises(Transient):
            lake.write("m/new.parquet", [lake.pack_labels(labels("a"))])
    assert every_file(tmp_path) == [tmp_path / "m/l.parquet"], "half a file is nobody's"
    assert pq.read_table(tmp_path / "m/l.parquet")[ID].to_pylist() == ["a"]
    lake.write("m/l.parquet", [lake.pack_labels(labels("a", "b"))])
    assert pq.read_table(tmp_path / "m/l.parquet")[ID].to_pylist() == ["a", "b"]


def test_an_absent_reference_is_waited_for_so_often_and_then_counts_as_spoilt(
    tmp_path: Path,
) -> None:
    references, id_ = LakeReferences(tmp_path, tries=3), REFERENCE.reference_id
    for _ in range(3):
        with pytest.raises(Transient, match="not in the lake"):
            references.get("fraud", id_)
    for _ in range(2):
        with pytest.raises(BadReference, match="not in the lake"):
            references.get("fraud", id_)
    with pytest.raises(Transient):
        references.get("another", id_)
    REFERENCE.save(tmp_path / reference_folder("fraud", id_))
    assert references.get("fraud", id_).reference_id == id_, "it came after all"


@pytest.mark.guarantee(
    "outside",
    fault="a drift reference is cut short or altered",
    promise="it is never taken for whole",
    seen="detector logs that its id is not what was asked for",
)
def test_a_reference_cut_short_altered_or_of_no_form_is_spoilt(tmp_path: Path) -> None:
    folder = tmp_path / reference_folder("fraud", REFERENCE.reference_id)
    file = REFERENCE.save(folder)
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], whole.replace(b"amount", b"Amount"), b""):
        (folder / FILE).write_bytes(broken)
        with pytest.raises(BadReference, match="its id is"):
            LakeReferences(tmp_path).get("fraud", REFERENCE.reference_id)
    for id_ in ("../../etc", "", "A" * 64):
        with pytest.raises(BadReference, match="not the id of a reference"):
            LakeReferences(tmp_path).get("fraud", id_)


def test_a_kept_file_keeps_rows_of_other_versions_and_labels_of_other_times(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/a.parquet", [lake.pack_rows(rows(0, version=1))])
    lake.write("m/a.parquet", [lake.pack_rows(rows(1, version=2))], keep=True)
    found = pq.ParquetFile(tmp_path / "m/a.parquet").read()
    assert found.num_rows == 100
    assert found[score_column(1)].null_count == 51
    later = replace(labels("a"), known_at=np.array([5]))
    lake.write("m/l.parquet", [lake.pack_labels(labels("a", "b"))])
    lake.write("m/l.parquet", [lake.pack_labels(later)], keep=True)
    assert pq.read_table(tmp_path / "m/l.parquet")[ID].to_pylist() == ["a", "b", "a"]


def test_a_kept_file_gives_up_a_column_of_another_kind_and_no_row(tmp_path: Path) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/a.parquet", [lake.pack_rows(rows(0))])
    other = rows(1)
    numbered = replace(other, features={**other.features, "shop": np.zeros(len(other))})
    lake.write("m/a.parquet", [lake.pack_rows(numbered)], keep=True)
    found = pq.ParquetFile(tmp_path / "m/a.parquet").read()
    assert (found.num_rows, found[feature_column("shop")].null_count) == (100, 50)
    assert found[feature_column("amount")].null_count == 6


@pytest.mark.guarantee(
    "outside",
    fault="the windower meets a broken file of its own",
    promise="it writes it anew",
    seen="nothing",
)
@pytest.mark.parametrize("broken", [b"", b"noise" * 100, "half"])
def test_of_a_broken_file_nothing_is_kept(tmp_path: Path, broken: bytes | str) -> None:
    lake, file = ParquetLake(tmp_path), tmp_path / "m/l.parquet"
    lake.write("m/l.parquet", [lake.pack_labels(labels("a"))])
    raw = file.read_bytes()
    file.write_bytes(broken if isinstance(broken, bytes) else raw[: len(raw) // 2])
    lake.write("m/l.parquet", [lake.pack_labels(labels("b"))], keep=True)
    assert pq.read_table(file)[ID].to_pylist() == ["b"]


@pytest.mark.guarantee(
    "outside",
    fault="a file of the lake cannot be read now",
    promise="it is not replaced: its rows are kept",
    seen=NOT_NOW,
)
def test_a_file_that_cannot_be_read_now_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = ParquetLake(tmp_path)
    lake.write("m/l.parquet", [lake.pack_labels(labels("a"))])

    def away(_file: Path) -> bytes:
        raise OSError("stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", away)
        with pytest.raises(Transient, match="stale file handle"):
            lake.write("m/l.parquet", [lake.pack_labels(labels("b"))], keep=True)
    assert pq.read_table(tmp_path / "m/l.parquet")[ID].to_pylist() == ["a"]
