"""What a data file may be, and the one sentence that is said when it is not."""

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.playback.files import read_file, read_table
from evermodel.playback.source import ENTITY, ID, LABEL, TIME, BadData

PARQUET = b"PAR1"


def test_parquet_and_csv_of_the_same_rows_read_alike(
    frame: pl.DataFrame, model: ModelDescription, tmp_path: Path
) -> None:
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    one, other = (read_file(tmp_path / f"t.{kind}", model=model) for kind in ("parquet", "csv"))
    assert one.frame.select(ID, TIME, ENTITY, LABEL).equals(
        other.frame.select(ID, TIME, ENTITY, LABEL)
    )


@pytest.mark.parametrize("name", ["t.pq", "T.PARQUET"])
def test_parquet_goes_by_more_than_one_name(
    name: str, frame: pl.DataFrame, model: ModelDescription, tmp_path: Path
) -> None:
    frame.write_parquet(tmp_path / name)
    assert len(read_file(tmp_path / name, model=model)) == len(frame)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (b'when,"the ""amount""",channel', ["when", 'the "amount"', "channel"]),
        (b'when,"the\r\namount",channel', ["when", "the\r\namount", "channel"]),
        (b'when,the "amount",channel', ["when", 'the "amount"', "channel"]),
        (b'\xef\xbb\xbf"when", amount ,"a,b"', ["when", " amount ", "a,b"]),
        (b"\n\nwhen,,channel", ["when", "", "channel"]),
        (b"a,b_duplicated_0,b", ["a", "b_duplicated_0", "b"]),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_column_of_a_csv_is_called_what_its_header_means(
    header: bytes, names: list[str], end: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(header + end + b"2025-01-01,1.5,a" + end)
    assert read_table(path).columns == names
    assert read_table(path).dtypes == [pl.String, pl.Float64, pl.String]


def test_a_csv_that_is_packed_is_read_as_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(b'a,"b""c"\n1,2\n'))
    assert read_table(path).to_dict(as_series=False) == {"a": [1], 'b"c': [2]}


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n\n3,\n\n", [(1, 2), (None, None), (3, None), (None, None)]),
        (b'a,b\r\n"x\r\n,y",\r\n\r\nz,NA\r\n', [("x\r\n,y", None), (None, None), ("z", None)]),
        (b'a\n1\n\n""\n2', [(1,), (None,), (None,), (2,)]),
    ],
    ids=["blank lines and empty values", "a value over two lines", "one column"],
)
def test_what_is_empty_in_a_csv_is_not_what_is_missing(
    content: bytes, rows: list[tuple[object, ...]], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert read_table(path).rows() == rows
    assert read_table(path, rows=1).rows() == rows[:1]


BAD: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("t.csv", b"", " is empty: expected a line of column names, then rows"),
    "an empty line": ("t.csv", b"\n", " is empty: "),
    "semicolons": ("t.csv", b"a;b\n1.5;2\n", " separates its columns by ';': write it with commas"),
    "decimal commas": ("t.csv", b"a;b\n1,5;2\n", " separates its columns by ';': write it with"),
    "tabs": ("t.csv", b"a\tb\n1\t2\n", " separates its columns by tabs: write it with commas"),
    "bars": ("t.csv", b"a|b\n1|2\n", " separates its columns by '|': write it with commas"),
    "a name twice": ("t.csv", b"a,b,a\n1,2,3\n", " has 2 columns named 'a': give each column a "),
    "quoted or not": ("t.csv", b'a,"a"\n1,2\n', " has 2 columns named 'a': "),
    "a taken name": ("t.csv", b"a,b,a,a_duplicated_0\n1,2,3,4\n", " has 2 columns named 'a': "),
    "a ragged row": ("t.csv", b"a,b\n1,2\n1,2,3\n", ": line 3 has 3 values for 2 columns: put quo"),
    "a short row": (
        "t.csv",
        b"a,b\n1,2\n1\n3,4\n",
        ": line 3 has values for 1 of 2 columns: put a ",
    ),
    "a last row cut off": (
        "t.csv",
        b"a,b,c\n1,2,3\n\n4,5",
        ": line 4 has values for 2 of 3 columns",
    ),
    "a value cut off": ("t.csv", b'a,b\n1,2\n3,"4', ": the quotes up to line 3 do not pair: "),
    "short and packed": ("t.csv", gzip.compress(b"a,b\n1\n"), ": line 2 has values for 1 of 2 col"),
    "an open quote": ("t.csv", b'a,b\n1,"x\n2,y\n', ": the quotes up to line 3 do not pair: "),
    "Latin-1": (
        "t.csv",
        "a,b\n1,\xe9\n".encode("latin1"),
        " is not UTF-8 text (line 2, byte 3): save",
    ),
    "a name in Latin-1": (
        "t.csv",
        "a,\xe9\n1,2\n".encode("latin1"),
        "not UTF-8 text (line 1, byte 3)",
    ),
    "UTF-16": (
        "t.csv",
        "a,b\n1,2\n".encode("utf-16"),
        " is UTF-16, not UTF-8 text: save it as UTF-8",
    ),
    "UTF-16 unmarked": ("t.csv", "a,b\n1,2\n".encode("utf-16-be"), " is UTF-16, not UTF-8 text: "),
    "packed Latin-1": ("t.csv", gzip.compress(b"a\n\xe9\n"), "not UTF-8 text (line 2, byte 1): "),
    "half a packed file": ("t.csv", gzip.compress(b"a\n1\n")[:12], ": cannot be read: "),
    "carriage returns": (
        "t.csv",
        b"a,b\r1,2\r",
        ": the line of column names cannot be read: end each",
    ),
    "Parquet as CSV": ("t.csv", PARQUET + b"\x15\x04", " is a Parquet file: name it .parquet"),
    "a spreadsheet as CSV": (
        "t.csv",
        b"PK\x03\x04",
        " is a spreadsheet or a ZIP archive: export it",
    ),
    "CSV as Parquet": (
        "t.parquet",
        b"a,b\n1,2\n",
        " is no Parquet file: if it is text with commas, ",
    ),
    "half a Parquet": (
        "t.pq",
        PARQUET + b"\x15\x04",
        " begins as a Parquet file and cannot be read",
    ),
    "a spreadsheet": ("t.xlsx", b"PK", ": expected a .parquet, .pq or .csv file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_no_table_of_ours_is_one_sentence(case: str, tmp_path: Path) -> None:
    name, content, says = BAD[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadData) as refused:
        read_table(path)
    said = str(refused.value)
    assert said.startswith(str(path))
    assert says in said
    assert "\n" not in said


MANY = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000)))
FEW = gzip.compress(b"a,b\n1,2\n" * 10_000)
PLACES = [25, *range(1_000, len(MANY), len(MANY) // 10), len(MANY) - 1]


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


DAMAGED = {
    **{f"byte {at}": flipped(MANY, at) for at in PLACES},
    **{f"cut at byte {at}": MANY[:at] for at in PLACES},
    "a byte of what repeats": flipped(FEW, len(FEW) // 2),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_packed_file_that_was_damaged_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(BadData) as refused:
        read_table(path)
    assert str(refused.value).startswith(f"{path}: cannot be read: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("none.csv", "none.csv: cannot be read: there is no such file"),
        ("", ". is a folder: name one Parquet or CSV file"),
        ("a.csv", "a.csv is a folder: name one Parquet or CSV file"),
        ("/dev/null", "/dev/null is a device or a pipe: name one Parquet or CSV file"),
    ],
)
def test_what_is_no_file_is_refused_as_what_it_is(
    path: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").mkdir()
    with pytest.raises(BadData, match=says):
        read_table(Path(path))


def test_a_parquet_file_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), path)
    with pytest.raises(BadData, match=r"column with name 'a' has more than one occurrence: give "):
        read_table(path)
