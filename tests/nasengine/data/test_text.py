import gzip

import numpy as np
import pytest

from nasengine.core.errors import DataMissing, EngineError
from nasengine.data.common.named import named_dataset
from nasengine.data.common.prose import words_of_lines, words_of_prose
from nasengine.data.common.vocabulary import vocabulary_indices, vocabulary_of
from nasengine.data.pydoc_text import PydocText, PydocTextConfig
from tests.fixtures.dataset_files import write_text_parts


def test_tokenisers_split_prose_and_prepared_lines():
    text = "Don't  panic_42!\nIt is  fine.\n \nNext -- (a) Ümlaut\r\n\r\n----\n"
    assert (
        " ".join(words_of_prose(text))
        == "don't panic N ! it is fine . <eos> next ( a ) ümlaut <eos>"
    )
    assert words_of_lines(" the <unk> N\n\nend \n") == (
        ["the", "<unk>", "N", "<eos>", "<eos>", "end", "<eos>"]
    )


def test_a_vocabulary_is_ordered_by_frequency_then_alphabet():
    words = ["b", "a", "b", "c", "a", "<eos>", "d"]
    assert vocabulary_of(words, 0) == ("<unk>", "<eos>", "a", "b", "c", "d")
    small = vocabulary_of(words, 4)
    assert small == ("<unk>", "<eos>", "a", "b")
    assert vocabulary_indices(["a", "z", "<eos>", "c"], small).tolist() == [2, 0, 1, 0]


@pytest.mark.parametrize(("prefix", "suffix"), [("ptb.", ".txt"), ("", ".txt.gz")])
def test_published_files_are_read_line_by_line(tmp_path, prefix, suffix):
    dataset = named_dataset("ptb", {"path": str(write_text_parts(tmp_path, prefix, suffix))})
    facts = dataset.facts()
    assert (facts.train, facts.valid, facts.test) == (60 * 7, 20 * 7, 20 * 7)
    assert facts.classes == 11  # nine words, <unk> and <eos>
    valid = dataset.search_parts()[1].words.numpy()
    assert (valid[6::7] == 1).all() and (valid == 1).sum() == 20
    file = (tmp_path / f"{prefix}test{suffix}").read_bytes()
    text = (gzip.decompress(file) if suffix.endswith("gz") else file).decode()
    spelled = [dataset.vocabulary()[index] for index in dataset.test_part().words.tolist()]
    assert " ".join(spelled).replace(" <eos>", "\n").split() == text.split()


def test_changed_files_are_read_again(tmp_path):
    write_text_parts(tmp_path)
    before = named_dataset("ptb", {"path": str(tmp_path)}).facts()
    (tmp_path / "ptb.test.txt").write_text("w1 w2\n" * 30)
    after = named_dataset("ptb", {"path": str(tmp_path)}).facts()
    assert (after.test, after.train) == (90, before.train)
    assert after.digest != before.digest


def test_missing_and_duplicate_parts_are_refused(tmp_path):
    write_text_parts(tmp_path)
    (tmp_path / "ptb.valid.txt").rename(tmp_path / "other.txt")
    with pytest.raises(DataMissing, match="no valid file: ptb needs a folder of"):
        named_dataset("ptb", {"path": str(tmp_path)}).facts()
    with pytest.raises(DataMissing, match="is a file"):
        named_dataset("wikitext2", {"path": str(tmp_path / "other.txt")}).facts()
    (tmp_path / "my-test.txt").write_text("x")
    with pytest.raises(EngineError, match="are both named as the test part"):
        named_dataset("ptb", {"path": str(tmp_path)}).facts()


def test_files_without_part_names_are_concatenated_and_split(tmp_path):
    (tmp_path / "a.txt").write_text("one two three\n\n" * 30)
    (tmp_path / "b.txt").write_text("four five six\n\n" * 20)
    facts = named_dataset("text", {"path": str(tmp_path)}).facts()
    assert (facts.train, facts.valid, facts.test) == (160, 20, 20)
    plain = named_dataset("text", {"path": str(tmp_path), "words": "blanks"})
    assert plain.facts().train == 200  # an empty line is an <eos> too: 250 words in total


def test_a_text_that_is_too_short_to_split_is_refused(tmp_path):
    (tmp_path / "b.txt").write_text("four five six\n\n" * 20)
    with pytest.raises(EngineError, match="the valid part has 8 words"):
        named_dataset("text", {"path": str(tmp_path / "b.txt")}).facts()


def test_without_a_valid_file_the_end_of_train_is_the_valid_part(tmp_path):
    write_text_parts(tmp_path)
    (tmp_path / "ptb.valid.txt").unlink()
    facts = named_dataset("text", {"path": str(tmp_path), "words": "blanks"}).facts()
    assert (facts.train, facts.valid, facts.test) == (378, 42, 140)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"\xff\xfe\x00", "is not text in UTF-8"),
        ("a.txt.gz", b"no gzip", "cannot be read"),
        ("a.txt", b"", "the train part has 0 words"),
        ("a.doc", b"words", "holds no .txt"),
    ],
)
def test_files_in_other_formats_are_refused_as_text(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EngineError, match=message):
        named_dataset("text", {"path": str(tmp_path)}).facts()


def test_a_text_outside_of_the_allowed_folders_is_refused(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.txt").write_text("words " * 500)
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", str(tmp_path / "in"))
    with pytest.raises(EngineError, match="outside of the folders"):
        named_dataset("text", {"path": str(tmp_path / "in")}).facts()


def test_pydoc_text_is_large_and_its_parts_share_no_paragraph():
    dataset = PydocText(PydocTextConfig())
    facts = dataset.facts()
    assert 150_000 < facts.train < 500_000
    assert 5_000 < facts.classes <= 10_000
    whole = facts.train + facts.valid + facts.test
    assert 0.07 < facts.valid / whole < 0.15 and 0.07 < facts.test / whole < 0.15
    raw = dataset.read()
    paragraphs = [set(" ".join(words).split("<eos>")) - {" ", ""}
                  for words in (raw.train, raw.valid, raw.test)]  # fmt: skip
    assert not paragraphs[0] & paragraphs[1] and not paragraphs[0] & paragraphs[2]
    text = " ".join(raw.train + raw.valid + raw.test)
    assert "the with statement is used to wrap the execution of a block" in text


def test_the_unigram_perplexity_agrees_with_the_documentation():
    """docs/data.md states 467 for Python 3.11; the texts of other versions differ slightly."""
    dataset = PydocText(PydocTextConfig())
    train, valid = (part.words.numpy() for part in dataset.search_parts())
    share = np.bincount(train, minlength=dataset.facts().classes) + 0.1
    perplexity = np.exp(-np.log(share[valid] / share.sum()).mean())
    assert 350 < perplexity < 600


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return named_dataset("text", {"path": str(folder), "words": "blanks"})


def test_declared_validation_text_is_never_trained_on(tmp_path):
    dataset = write(tmp_path, train="a b c d\n" * 100, valid="v w x y\n" * 50)
    raw = dataset.read()
    assert set(raw.valid) == {"v", "w", "x", "y", "<eos>"}
    assert not {"v", "w"} & {*raw.train, *raw.test}
    assert (len(raw.train), len(raw.valid), len(raw.test)) == (450, 250, 50)
    notes = dataset.report().notes
    assert "The valid part is valid.txt." in notes
    assert "The test part is 10 % of the words, from the end of train.txt." in notes


def test_a_test_text_without_a_train_text_is_refused(tmp_path):
    dataset = write(tmp_path, test="a b c d\n" * 100, other="v w x y\n" * 50)
    with pytest.raises(EngineError, match=r"test\.txt is named as a part, but no file is named"):
        dataset.facts()


def test_files_about_a_text_are_no_part_of_it(tmp_path):
    dataset = write(tmp_path, a="a b c d\n" * 100)
    before = dataset.read()
    write(tmp_path, README="read me\n", License="you may\n")
    (tmp_path / "._a.txt").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "notes.md").write_text("x")
    assert dataset.read() == before
    skipped = {group.reason: group.count for group in dataset.report().skipped}
    assert skipped == {
        "file about the text": 2,
        "file of an operating system": 1,
        "not a text format that is read (.md)": 1,
    }


def test_a_file_that_is_named_itself_is_read_whatever_its_name(tmp_path):
    (tmp_path / "README.test.txt").write_text("a b c d\n" * 100)
    dataset = named_dataset("text", {"path": str(tmp_path / "README.test.txt")})
    assert dataset.facts().train > 0


HINDI = "आधुनिक मानक हिन्दी राजभाषा"


def test_words_keep_their_combining_marks():
    assert words_of_prose(HINDI)[:-1] == HINDI.split()
    # Thai and Arabic vowels, and a joiner inside a Persian word.
    for word in ("ที่นี่", "مُحَمَّد", "می\u200cخواهم"):
        assert words_of_prose(word) == [word, "<eos>"]


def test_the_same_word_is_one_token_however_it_is_encoded():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert words_of_prose(f"{composed} {decomposed}")[:2] == [composed, composed]
    assert words_of_prose("don\u2019t don't \u2018so\u2019") == ["don't", "don't", "so", "<eos>"]


def test_a_text_in_utf_16_is_read_like_one_in_utf_8(tmp_path):
    text = f"one two {HINDI}\n" * 60
    digests = set()
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "a.txt").write_text(text, encoding=encoding)
        digests.add(named_dataset("text", {"path": str(tmp_path)}).facts().digest)
    assert len(digests) == 1


def test_unusual_texts_are_said(tmp_path):
    dataset = write(tmp_path, train="a b c d\n" * 100, valid="v w x y\n" * 50)
    assert any("80 % of the words of the valid part" in note for note in dataset.report().notes)
    write(tmp_path, valid="a b c d\n" * 50)
    assert any("beginning of train" in note for note in dataset.report().notes)
    write(tmp_path, valid="a b")
    assert "the valid part has 3 words" in dataset.report().problems[0]
