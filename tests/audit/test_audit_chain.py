"""Every change of a trail is found: bytes, deletions, moves, cuts, replaced files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trails import CONTEXT, FILES, check, write

from whalebot.adapters.audit.files import Head, read_head, write_head
from whalebot.adapters.audit.reading import last_records, records, trail_files
from whalebot.adapters.audit.record import MOST_TEXT, decode_line, encode_line
from whalebot.adapters.audit.verify import verify


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail in three files, 12 records."""
    path = tmp_path_factory.mktemp("sample") / "audit.jsonl"
    write(path, 10, max_bytes=1_600)
    return path


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_whole_trail_over_several_files_holds(sample: Path) -> None:
    verdict = check(sample)
    assert verdict.found is None
    assert verdict.files == 3
    assert [record.seq for record in records(FILES, sample)] == list(range(1, verdict.count + 1))
    numbers = [r.fields["number"] for r in records(FILES, sample) if r.kind == "command"]
    assert numbers == [str(n) for n in range(10)]
    assert [path.name for path in trail_files(FILES, sample)][:2] == [
        "audit.000001.jsonl",
        "audit.000002.jsonl",
    ]
    continued = [record for record in records(FILES, sample) if record.kind == "continued"]
    assert [record.fields["after"] for record in continued] == ["audit.000001.jsonl", "audit.000002.jsonl"]


def test_anybody_can_check_a_line_with_a_hash_and_an_editor(sample: Path) -> None:
    prev = "0" * 64
    for path in trail_files(FILES, sample):
        for line in path.read_text().splitlines():
            shown = json.loads(line)
            without = line.replace(f',"hash":"{shown["hash"]}"', "")
            assert shown["prev"] == prev
            assert hashlib.sha256((prev + without).encode()).hexdigest() == shown["hash"]
            prev = shown["hash"]


def test_every_changed_byte_is_found(trail: Path) -> None:
    write(trail, 3, max_bytes=600)
    for path in trail_files(FILES, trail):
        data = path.read_bytes()
        for at in range(len(data)):
            # One bit, the case of a letter or another separator in turn: each byte meets one of them.
            for other in {(data[at] ^ 1, data[at] ^ 0x20, 0x0A)[at % 3]} - {data[at]}:
                path.write_bytes(data[:at] + bytes([other]) + data[at + 1 :])
                verdict = verify(FILES, trail)
                assert verdict.found is not None, (path.name, at, other)
                line = data[:at].count(b"\n") + 1
                assert verdict.found.file == path.name
                assert line <= verdict.found.line <= line + 1
        path.write_bytes(data)
    assert check(trail).found is None


@given(data=st.data())
def test_deletions_moves_doublings_and_insertions_are_found(sample: Path, data: st.DataObject) -> None:
    lines = [line for path in trail_files(FILES, sample) for line in lines_of(path)]
    folder = sample.parent.parent / "changed"
    folder.mkdir(exist_ok=True)
    trail = folder / "audit.jsonl"
    at = data.draw(st.integers(0, len(lines) - 1))
    to = data.draw(st.integers(0, len(lines) - 1).filter(lambda number: number != at))
    changed = list(lines)
    match data.draw(st.sampled_from(["delete", "move", "double", "swap", "cut"])):
        case "delete":
            del changed[at]
        case "move":
            changed.insert(to, changed.pop(at))
        case "double":
            changed.insert(to, changed[at])
        case "swap":
            changed[at], changed[to] = changed[to], changed[at]
        case "cut":
            del changed[at:]
    trail.write_bytes(b"".join(changed))
    (folder / "audit.head").write_bytes((sample.parent / "audit.head").read_bytes())
    assert verify(FILES, trail).found is not None
    trail.write_bytes(b"".join(lines))
    assert verify(FILES, trail).found is None


def test_a_cut_at_every_byte_is_found(trail: Path) -> None:
    write(trail, 3)
    data = trail.read_bytes()
    for size in range(len(data)):
        trail.write_bytes(data[:size])
        assert check(trail).found is not None, size


def test_a_removed_file_is_found(trail: Path) -> None:
    write(trail, 10, max_bytes=1_600)
    first, second, last = trail_files(FILES, trail)
    for path in (first, second, last):
        data = path.read_bytes()
        path.unlink()
        assert check(trail).found is not None, path.name
        path.write_bytes(data)
    assert check(trail).found is None
    first.unlink()
    assert verify(FILES, trail, begins_later=True).found is None
    second.unlink()
    last.unlink()
    assert "cut off" in str(verify(FILES, trail, begins_later=True).found)


def test_without_the_head_nobody_vouches_for_the_end(trail: Path) -> None:
    write(trail, 3)
    head = trail.with_suffix(".head")
    data = head.read_bytes()
    head.unlink()
    assert "audit.head: is not there" in str(check(trail).found)
    head.write_bytes(data[:20])
    assert "cannot be read" in str(check(trail).found)


def test_a_tail_rewritten_with_its_hashes_is_found_by_the_head(trail: Path) -> None:
    write(trail, 5)
    noted = read_head(FILES, trail)
    kept = lines_of(trail)[:3]
    prev = decode_line(kept[-1][:-1]).hash
    for seq in (4, 5):
        line, prev = encode_line(seq, "t", CONTEXT, "command", "web", {"text": "nothing happened"}, prev)
        kept.append(line)
    trail.write_bytes(b"".join(kept))
    found = check(trail).found
    assert found is not None
    assert found.line == 5
    assert "was replaced" in found.reason
    # Whoever may write both files can make a chain that holds: only what was noted elsewhere tells.
    write_head(FILES, trail, Head(5, prev))
    assert check(trail).found is None
    assert verify(FILES, trail, expected=noted).found is not None


def test_a_record_noted_elsewhere_must_be_there(trail: Path) -> None:
    write(trail, 5)
    noted = read_head(FILES, trail)
    assert noted is not None
    write(trail, 2, begin=5)
    assert verify(FILES, trail, expected=noted).found is None
    other = verify(FILES, trail, expected=Head(noted.seq, "f" * 64)).found
    assert other is not None
    assert "was replaced" in other.reason
    trail.unlink()
    trail.with_suffix(".head").unlink()
    write(trail, 2)
    assert check(trail).found is None
    assert "cut off" in str(verify(FILES, trail, expected=noted).found)


def test_what_was_cut_while_nobody_ran_shows_for_ever(trail: Path) -> None:
    write(trail, 5)
    trail.write_bytes(b"".join(lines_of(trail)[:3]))
    write(trail, 2, begin=5)
    found = check(trail).found
    assert found is not None
    assert (found.file, found.line) == ("audit.jsonl", 4)
    told = [record for record in records(FILES, trail) if record.kind == "broken"]
    assert [record.fields["problem"] for record in told] == ["records 4 to 5 were missing"]


def test_a_head_that_was_removed_shows_for_ever(trail: Path) -> None:
    write(trail, 5)
    trail.with_suffix(".head").unlink()
    write(trail, 2, begin=5)
    assert "names the last record was missing" in str(check(trail).found)


@given(
    kind=st.text(max_size=20),
    actor=st.text(max_size=20),
    fields=st.dictionaries(st.text(max_size=10), st.text(max_size=60), max_size=5),
)
def test_any_text_comes_back_as_it_went_in(kind: str, actor: str, fields: dict[str, str]) -> None:
    line, digest = encode_line(7, "2026-01-02T03:04:05.678+00:00", CONTEXT, kind, actor, fields, "a" * 64)
    assert line.count(b"\n") == 1
    record = decode_line(line[:-1])
    assert (record.kind, record.actor, record.fields, record.hash) == (kind, actor, fields, digest)


def test_a_long_text_is_cut_and_says_so() -> None:
    line, _ = encode_line(1, "t", CONTEXT, "k", "a", {"text": "x" * 5_000}, "0" * 64)
    text = decode_line(line[:-1]).fields["text"]
    assert text.endswith("... (5000 characters)")
    assert len(text) < MOST_TEXT + 30


def test_the_newest_records_come_first_and_page_backwards(sample: Path) -> None:
    newest = last_records(FILES, sample, 4)
    older = last_records(FILES, sample, 100, before_seq=newest[-1].seq)
    assert [r.seq for r in [*newest, *older]] == list(range(newest[0].seq, 0, -1))


def test_hostile_lines_are_refused_not_believed() -> None:
    deep = b"[" * 50_000 + b',"hash":"' + b"0" * 64 + b'"}'
    for line in (b"[" * 50_000, deep, b"{}", b'{"seq":1}', b"\xff\xfe", b"", b"\0" * 10):
        with pytest.raises(ValueError, match=r"."):
            decode_line(line)
