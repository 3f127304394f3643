"""Lists as competitions and tools write them: what each column means, and where the images are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import Collection, find, load, split_stratified, write_split
from striate.data.images import Preprocess
from striate.data.sources.list_columns import LABELS, PATHS
from striate.errors import DataError

CASES = Path(__file__).parents[3] / "shared" / "cases"
NAMES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")


def draw(root: Path, *names: str) -> Path:
    for value, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), value * 40).save(path, "JPEG")
    return root


def case(name: str) -> Path:
    folder = CASES / name
    if not folder.exists():
        pytest.skip("needs ../shared/cases beside the checkout")
    return folder


def refused(data: Path) -> str:
    with pytest.raises(DataError) as caught:
        find(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def told(found: Collection) -> list[tuple[str, str, str]]:
    labels = [found.classes[label] for label in found.labels]
    return list(zip(found.names, labels, found.splits, strict=True))


def rows(header: str, *lines: str) -> str:
    return "\n".join((header, *lines)) + "\n"


@pytest.mark.parametrize(
    "header",
    [
        "id,breed", "image_id,label", "filename,class", "file_name,label", "path,target",
        "image,species", "img_path,category", "Image Name,Class Name", "file,diagnosis", "id,whale",
        "id_code,label", "filepath,class_id",
    ],
)  # fmt: skip
def test_the_usual_pairs_of_a_header(tmp_path: Path, header: str) -> None:
    draw(tmp_path, *NAMES)
    (tmp_path / "labels.csv").write_text(rows(header, "a.jpg,x", "b.jpg,y", "c.jpg,x"))
    assert told(find(tmp_path)) == [("a.jpg", "x", ""), ("b.jpg", "y", ""), ("c.jpg", "x", "")]


def test_the_known_words_are_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    assert [word for word in (*PATHS, *LABELS) if f"`{word}`" not in page] == []


def test_a_header_without_a_known_column_names_those_that_are(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES)
    (tmp_path / "list.csv").write_text(rows("photo,what,when", "a.jpg,x,1", "b.jpg,y,2"))
    said = refused(tmp_path / "list.csv")
    assert "the split 'when'" in said or "no column" in said
    (tmp_path / "list.csv").write_text(rows("id,what,when", "a.jpg,x,1", "b.jpg,y,2"))
    assert "no column that is known for the label; call one label, class" in refused(tmp_path)


@pytest.mark.parametrize("ending", ["", ".jpg", ".JPG"])
@pytest.mark.parametrize("folder", ["", "train_images/", "images/", "deep/images/"])
def test_ids_with_or_without_endings_in_the_folder_or_one_beside(
    tmp_path: Path, ending: str, folder: str
) -> None:
    draw(tmp_path, *(folder + name for name in NAMES))
    lines = [f"{name[0]}{ending},{label}" for name, label in zip(NAMES, "xyxy", strict=True)]
    (tmp_path / "train.csv").write_text(rows("image_id,label", *lines))
    found = find(tmp_path)
    assert found.names == tuple(folder + name for name in NAMES)
    assert all(Path(str(found.open(place))).is_file() for place in range(4))
    if folder:
        assert any("4 images were found by name, not where listed" in each for each in found.notes)
        assert [each.name for each in found.remarks] == list(found.names)


def test_an_image_in_another_folder_than_listed_is_not_taken(tmp_path: Path) -> None:
    draw(tmp_path, "train/a.jpg", "train/b.jpg", "test/c.jpg", "test/d.jpg", "other/d.jpg")
    lines = (
        "train/a.jpg,x",
        "train/b.jpg,y",
        "train/c.jpg,x",
        "/home/me/data/train/a.jpg,x",
        "d,y",
    )
    (tmp_path / "labels.csv").write_text(rows("path,label", *lines))
    found = find(tmp_path / "labels.csv")
    assert found.names == ("train/a.jpg", "train/b.jpg")
    assert {each.name: each.reason for each in found.skipped} == {
        "train/c.jpg": "there is no such file; 'test/c.jpg' has its name, but in another folder",
        "/home/me/data/train/a.jpg": "line 5 lists it a second time",
        "d": "stands in several folders: 'other/d.jpg', 'test/d.jpg'",
    }


def test_a_list_named_after_a_split_looks_there_first(tmp_path: Path) -> None:
    for split in ("train", "test"):
        draw(tmp_path, *(f"{split}_images/{name}" for name in NAMES))
        (tmp_path / f"{split}.csv").write_text(rows("id,label", *(f"{n},{n[0]}" for n in NAMES)))
    (tmp_path / "sample_submission.csv").write_text(rows("id,label", "a.jpg,a"))
    found = find(tmp_path)
    assert set(found.splits) == {"train", "test"}
    assert {name.split("/")[0][:-7] for name in found.names} == {"train", "test"}
    assert all(
        name.startswith(split) for name, split in zip(found.names, found.splits, strict=True)
    )


def test_a_fold_is_the_validation_split(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES)
    lines = [f"{name},{name[0] < 'c'},{fold}" for fold, name in enumerate(NAMES, 1)]
    (tmp_path / "labels.csv").write_text(rows("image_id,label,fold", *lines))
    found = find(tmp_path)
    assert found.splits == ("val", "train", "train", "train")
    assert "fold 1 of labels.csv is the validation split, the other 3 are train" in found.notes


@pytest.mark.parametrize(("yes", "no"), [("True", "False"), ("1", "0")])
def test_is_valid_is_a_split(tmp_path: Path, yes: str, no: str) -> None:
    draw(tmp_path, *NAMES)
    lines = [f"{name},x{place % 2},{(no, yes)[place > 1]}" for place, name in enumerate(NAMES)]
    (tmp_path / "labels.csv").write_text(rows("fname,label,is_valid", *lines))
    assert find(tmp_path).splits == ("train", "train", "val", "val")


def test_columns_of_ones_are_classes(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES)
    lines = ("a,1,0,0", "b,0,1,0", "c,0.0,0.0,1.0", "d,0,0,0")
    (tmp_path / "train.csv").write_text(rows("image_id,healthy,rust,scab", *lines))
    found = find(tmp_path)
    assert [label for _, label, _ in told(found)] == ["healthy", "rust", "scab"]
    assert found.skipped[-1].reason == "line 5 gives it no label"


def test_several_labels_of_an_image_are_refused_in_one_line(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES)
    path = tmp_path / "photos.csv"
    said = "photos.csv gives a.jpg two labels (cat, dog); Striate learns one class an image"
    for text in (
        rows("filename,cat,dog", "a.jpg,1,1", "b.jpg,0,1"),
        rows("filename,label", "a.jpg,cat", "a.jpg,dog", "b.jpg,dog"),
        rows("filename,label", "a.jpg,cat|dog", "b.jpg,dog", "c.jpg,cat"),
        rows("filename,tags", "a.jpg,cat dog", "b.jpg,dog bird", "c.jpg,cat bird"),
    ):
        path.write_text(text)
        assert refused(path) == said
    path.write_text(rows("filename,label", "a.jpg,golden retriever", "b.jpg,bear; polar"))
    assert find(path).classes == ("bear; polar", "golden retriever")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_metadata_of_each_split(tmp_path: Path, kind: str) -> None:
    for split in ("train", "validation", "test"):
        draw(tmp_path / split, *NAMES)
        if kind == "csv":
            text = rows("file_name,label,text", *(f"{name},{name[0]},hm" for name in NAMES))
        else:
            each = ({"file_name": name, "label": name[0], "text": "hm"} for name in NAMES)
            text = "".join(f"{json.dumps(one)}\n" for one in each)
        (tmp_path / split / f"metadata.{kind}").write_text(text)
    found = find(tmp_path)
    assert len(found) == 12
    assert {(name.split("/")[0], split) for name, _, split in told(found)} == {
        ("train", "train"), ("validation", "val"), ("test", "test"),
    }  # fmt: skip
    assert found.columns == {"text": ("hm",) * 12}


def test_the_classes_of_roboflow(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        draw(tmp_path / split, *NAMES)
        lines = [f"{name}, {place % 2}, {1 - place % 2}" for place, name in enumerate(NAMES)]
        (tmp_path / split / "_classes.csv").write_text(rows("filename, cat, dog", *lines))
    found = find(tmp_path)
    assert (found.classes, set(found.splits)) == (("cat", "dog"), {"train", "val"})
    assert found.labels.tolist() == [1, 0, 1, 0] * 2


def task(image: str, *choices: str) -> dict[str, object]:
    result = [{"type": "choices", "value": {"choices": list(choices)}}]
    return {"data": {"image": image, "site": "north"}, "annotations": [{"result": result}]}


def test_label_studio_s_choices(tmp_path: Path) -> None:
    draw(tmp_path / "images", *NAMES)
    tasks = [
        task("/data/upload/3/1a2b3c4d-a.jpg", "x"),
        task("/data/local-files/?d=images%2Fb.jpg", "y"),
        task("s3://bucket/set/c.jpg", "x"),
        {"id": 9, "image": "/data/upload/3/d.jpg", "choice": "y"},  # its shorter form
    ]
    (tmp_path / "project-1.json").write_text(json.dumps(tasks))
    found = find(tmp_path)
    assert found.names == tuple(f"images/{name}" for name in NAMES)
    assert [label for _, label, _ in told(found)] == ["x", "y", "x", "y"]
    (tmp_path / "project-1.json").write_text(json.dumps([*tasks, task("d.jpg", "x", "y")]))
    assert "project-1.json gives d.jpg two labels (x, y)" in refused(tmp_path)


COCO = {"images": [{"file_name": "a.jpg"}], "annotations": [], "categories": []}


@pytest.mark.parametrize(
    ("name", "text", "called"),
    [
        ("_annotations.coco.json", json.dumps(COCO), "COCO's JSON of boxes"),
        ("annotations/instances_train.json", json.dumps(COCO), "COCO's JSON of boxes"),
        ("train/a.xml", "<annotation><object/></annotation>", "Pascal VOC's XML of boxes"),
        ("annotations.xml", "<?xml?><annotations><image/></annotations>", "CVAT's XML"),
    ],
)  # fmt: skip
def test_boxes_are_called_by_their_names(tmp_path: Path, name: str, text: str, called: str) -> None:
    draw(tmp_path / "train", *NAMES)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert called in refused(tmp_path)
    assert called in refused(tmp_path / name)
    assert "Striate learns one class an image, and does not read it" in refused(tmp_path / name)


def test_class_folders_beside_a_list_are_taken_or_both_readings_told(tmp_path: Path) -> None:
    draw(tmp_path, "cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/d.jpg")
    path = tmp_path / "list.csv"
    path.write_text(rows("path,label", "cat/a.jpg,cat", "dog/c.jpg,dog"))
    assert find(tmp_path).kind == "folder"
    path.write_text(rows("epoch,loss,accuracy", "1,0.5,0.9"))
    assert find(tmp_path).kind == "folder"
    path.write_text(rows("path,label", "cat/a.jpg,well", "dog/c.jpg,ill"))
    assert "the classes 'cat', 'dog' of its folders (--layout path), or 'ill', 'well' of" in (
        refused(tmp_path)
    )
    assert find(tmp_path, layout="path").classes == ("cat", "dog")
    assert find(path).classes == ("ill", "well")


def test_a_list_that_is_none_matters_only_where_the_folders_are_no_classes(tmp_path: Path) -> None:
    draw(tmp_path, "cat/a.jpg", "test/b.jpg", "test/c.jpg")
    path = tmp_path / "list.csv"
    path.write_text(rows("path,label,split", "cat/a.jpg,x,odd"))
    assert find(tmp_path).classes == ("cat", "test")
    (tmp_path / "cat").rename(tmp_path / "train")
    assert "'list.csv', line 2: the split 'odd'" in refused(tmp_path)
    (tmp_path / "train").rename(tmp_path / "images")
    (tmp_path / "test").rename(tmp_path / "data")
    assert "'list.csv', line 2: the split 'odd'" in refused(tmp_path)


def test_other_columns_are_kept_for_each_image(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES, "e.jpg", "f.jpg")
    lines = [f"{place},{name},{'xy'[place % 2]},p{place // 2}" for place, name in enumerate(NAMES)]
    text = rows(",file,label,patient", *lines, "9,gone.jpg,x,p9")
    (tmp_path / "l.csv").write_text(text)
    found = find(tmp_path)
    assert found.columns == {"column 1": ("0", "1", "2", "3"), "patient": ("p0", "p0", "p1", "p1")}
    assert found.only(np.array([3, 0])).columns["patient"] == ("p1", "p0")
    images = load(found, Preprocess(1, 4, 4))
    split = split_stratified(found, images)
    write_split(tmp_path / "split.csv", found, split)
    written = (tmp_path / "split.csv").read_text().splitlines()
    assert written[0] == "name,class,split,group,grouped_by,column 1,patient"
    assert any(line.startswith("a.jpg,x,") and line.endswith(",0,p0") for line in written)


def test_a_class_without_any_file_is_named(tmp_path: Path) -> None:
    draw(tmp_path, *NAMES)
    lines = [*(f"{name},{'xy'[place % 2]}" for place, name in enumerate(NAMES)), "e,z", "f,z"]
    (tmp_path / "labels.csv").write_text(rows("path,label", *lines))
    assert find(tmp_path).notes[-1] == (
        "1 class is left out, as none of its files can be used: "
        "'z' (2 files, 'e': there is no such file)"
    )


@pytest.mark.parametrize("page", ["cp1252", "cp1250", "cp1251", "cp932", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_lists_of_spreadsheets(tmp_path: Path, page: str, mark: str) -> None:
    word = {"cp1250": "žluť", "cp1251": "медведь", "cp932": "蟻"}.get(page, "Bär")
    draw(tmp_path, f"{word}.jpg", "b.jpg", "c.jpg")
    lines = (f"{word}.jpg{mark}{word}", f"b.jpg{mark}x", f"c.jpg{mark}x")
    data = rows(f"filename{mark}label", *lines).encode(page)
    (tmp_path / "list.csv").write_bytes(data)
    found = find(tmp_path)
    assert f"{word}.jpg" in found.names
    assert word in found.classes
    assert any(f"in the code page {page}" in note for note in found.notes) == page.startswith("cp")


def test_file_names_with_commas_do_not_hide_the_semicolons(tmp_path: Path) -> None:
    draw(tmp_path, "a,1,2.jpg", "b,1.jpg")
    (tmp_path / "list.csv").write_text(rows("path;label", "a,1,2.jpg;x", "b,1.jpg;y"))
    assert len(find(tmp_path)) == 2


@pytest.mark.parametrize("folder", ["", "data/"])
def test_parquet_with_the_bytes_of_images(tmp_path: Path, folder: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    held = []
    for value in range(4):
        file = io.BytesIO()
        Image.new("L", (4, 4), value * 40).save(file, "PNG")
        held.append({"bytes": file.getvalue(), "path": f"{value}.png"})
    features = {"label": {"names": ["ant", "bee", "wasp"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    for split in ("train", "test"):
        columns = {
            "image": [*held, {"bytes": None, "path": "gone.png"}],
            "label": [0, 1, -1, 1, 2],
            "site": ["n", "n", "s", "s", "s"],
        }
        table = pyarrow.table(columns).replace_schema_metadata(metadata)
        path = tmp_path / folder / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(exist_ok=True)
        parquet.write_table(table, path)
    found = find(tmp_path)
    assert (found.kind, found.classes) == ("parquet", ("ant", "bee"))
    assert found.splits.count("test") == found.splits.count("train") == 3
    assert found.columns["site"] == ("n", "n", "s") * 2
    reasons = ["its row gives it no label", "its row holds no bytes of an image"] * 2
    assert [each.reason for each in found.skipped] == reasons
    assert "none of its files can be used: 'wasp' (2 files" in found.notes[-1]
    images = load(found, Preprocess(1, 4, 4))
    assert images.take([2])[0].max() == 120
    assert find(path).splits == ("test",) * 3


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        (tmp_path / "train.parquet").write_bytes(b"PAR1")
        assert 'needs the parquet extra: pip install "striate[parquet]"' in refused(tmp_path)
    else:
        (tmp_path / "train.parquet").write_bytes(b"PAR1 and no more")
        assert "cannot be read as Parquet" in refused(tmp_path)


@pytest.mark.parametrize(
    "name", ["id_without_ending", "pictures_in_a_folder", "third_column", "metadata"]
)
def test_the_lists_that_were_misread(name: str) -> None:
    found = find(case("11-csv-headers") / name)
    assert found.classes == ("ant", "bee")
    assert len(found) == (16 if name == "metadata" else 8)
    parts = {"metadata": {"train", "test"}, "third_column": {"train", "val"}}
    assert set(found.splits) == parts.get(name, {""})


def test_the_list_that_lost_a_class() -> None:
    found = find(case("12-csv-class-of-missing-files"))
    assert any("1 class is left out" in note and "'wasp'" in note for note in found.notes)
