"""What is asked, what follows from the answers, and that these alone decide."""

from __future__ import annotations

import numpy as np
import pytest
from made_unlabelled import blobs
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_samples

from striate.doctor.labelling.answers import Answer
from striate.doctor.labelling.audit import AuditCount, count_drawn, estimate_accuracy
from striate.doctor.labelling.clusters import find_clusters
from striate.doctor.labelling.folder_images import FolderImages
from striate.doctor.labelling.next_images import choose_uncertain
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.session import Session
from striate.evaluation.metrics.wilson import wilson_interval


def truth(index: int, classes: int = 3) -> str:
    return "abc"[index % classes]


def reply(session: Session, question: Question, classes: int = 3) -> Answer:
    """Answer truly: a cluster by the name of most, the others of which are struck out."""
    hashes = session.images.hashes
    if question.kind == "image":
        one = question.images[0]
        return Answer("image", (hashes[one],), truth(one, classes), question.drawn)
    names = [truth(each, classes) for each in question.images]
    most = max(set(names), key=names.count)
    own = [each for each in question.images if truth(each, classes) == most]
    return Answer("cluster", tuple(hashes[each] for each in own), most, False, len(names))


def go_on(session: Session, answers: int) -> None:
    for _ in range(answers):
        question = session.question()
        if question.kind == "done":
            return
        session.answers.append(reply(session, question))


def test_clusters_hold_every_image_once_and_are_those_of_k_means() -> None:
    images = blobs(120)
    clusters = find_clusters(images.features, seed=1)
    assert sorted(each for one in clusters for each in one.images) == list(range(120))
    assert len(clusters) == 6
    label = np.empty(120, int)
    for number, one in enumerate(clusters):
        label[list(one.images)] = number
    assert silhouette_samples(images.features, np.arange(120) % 3).mean() > 0.2  # clouds apart
    assert all(len({each % 3 for each in one.images}) == 1 for one in clusters)
    key = [one.spread / len(one.images) ** 0.5 for one in clusters]
    assert key == sorted(key)
    assert find_clusters(images.features, seed=1) == clusters


def test_equal_images_are_one_cluster_of_no_spread() -> None:
    (one,) = find_clusters(np.ones((5, 4), np.float32))
    assert sorted(one.images) == [0, 1, 2, 3, 4] and one.spread == 0


def test_the_smallest_margins_are_asked_about_one_of_each_cluster_first() -> None:
    numbers = np.random.default_rng(0)
    odds = numbers.dirichlet(np.ones(4), 50)
    top = np.sort(odds, 1)
    margin = top[:, -1] - top[:, -2]
    may, cluster = np.arange(50) % 5 > 0, np.arange(50) % 7
    chosen = choose_uncertain(odds, may, cluster, count=7)
    assert len({int(cluster[each]) for each in chosen}) == 7
    for each in chosen:  # none of its cluster that may be asked has a smaller one
        same = may & (cluster == cluster[each])
        assert margin[each] == margin[same].min()
    every = choose_uncertain(odds, may, cluster, count=1000)
    assert sorted(every) == np.flatnonzero(may).tolist()


def test_the_estimate_is_that_of_heads_that_have_not_learnt_the_image() -> None:
    images, labels = blobs(90, apart=1.5), np.arange(90) % 3
    drawn = np.arange(90) % 4 == 0
    found = estimate_accuracy(images.features, labels, drawn, classes=3, strength=0.1)
    places, right = np.flatnonzero(drawn), 0
    mean, spread = images.features.mean(0), images.features.std(0)
    rows = (images.features - mean) / spread
    for number in range(10):
        out = places[np.arange(len(places)) % 10 == number]
        left = np.setdiff1d(np.arange(90), out)
        # scikit-learn adds up where ours takes means: C = 1 / (strength * n)
        model = LogisticRegression(C=1 / (0.1 * len(left)), tol=1e-8, max_iter=2000)
        right += int((model.fit(rows[left], labels[left]).predict(rows[out]) == labels[out]).sum())
    assert found is not None and found == AuditCount(right, len(places))
    assert right < len(places)  # or the test could not fail
    assert found.interval == wilson_interval(right, len(places))


def test_an_image_with_a_wrong_label_that_was_drawn_counts_as_wrong() -> None:
    labels = np.arange(90) % 3
    labels[4] = 2
    found = estimate_accuracy(
        blobs(90).features, labels, np.arange(90) == 4, classes=3, strength=0.1
    )
    assert found == AuditCount(0, 1)


def test_nothing_is_estimated_where_nothing_can_be() -> None:
    one = blobs(20).features
    nobody, everybody = np.zeros(20, np.bool_), np.ones(20, np.bool_)
    assert estimate_accuracy(one, np.arange(20) % 2, nobody, classes=2, strength=1) is None
    assert estimate_accuracy(one, np.zeros(20, int), everybody, classes=1, strength=1) is None


def test_clusters_come_first_and_then_two_drawn_images_for_one_that_is_unsure() -> None:
    session = Session(blobs(480), [])
    kinds: list[tuple[str, bool]] = []
    while len(kinds) < 12 + 30:
        question = session.question()
        kinds.append((question.kind, question.drawn))
        if question.kind == "image":
            assert bool(question.guess) != question.drawn  # drawn images are asked about unseen
        session.answers.append(reply(session, question))
    assert [kind for kind, _ in kinds[:12]] == ["cluster"] * 12
    turns = [drawn for _, drawn in kinds[12:]]
    assert turns[:9] == [True, True, False] * 3
    named = [each for each in session.answers if each.kind == "cluster"]
    assert all(each.asked == len(each.images) for each in named)  # the clouds lie apart


def test_what_was_drawn_does_not_hang_on_the_answers() -> None:
    drawn = []
    for name in ("a", "b"):
        session = Session(blobs(100), [], seed=3)
        for _ in range(60):
            question = session.question()
            answer = reply(session, question)
            if question.kind == "cluster":
                answer = Answer("mixed", answer.images)
            elif len(session.answers) % 2:
                answer = Answer("image", answer.images, name, question.drawn)
            session.answers.append(answer)
        drawn.append({each.images for each in session.answers if each.drawn})
    assert drawn[0] == drawn[1] and len(drawn[0]) == count_drawn(100)


def test_a_session_goes_on_where_it_ended() -> None:
    whole = Session(blobs(150, apart=2), [], seed=2)
    go_on(whole, 47)
    again = Session(blobs(150, apart=2), list(whole.answers), seed=2)
    assert again.question() == whole.question()
    assert again.standing() == whole.standing()


def test_taking_an_answer_back_leaves_no_trace() -> None:
    session = Session(blobs(150, apart=2), [], seed=2)
    go_on(session, 32)
    before, answers = session.question(), list(session.answers)
    go_on(session, 1)
    session.answers.pop()
    assert session.question() == before and session.answers == answers


def test_it_stands_once_two_rounds_change_little_and_says_of_how_many() -> None:
    session = Session(blobs(400), [])
    go_on(session, 12 + 90)
    standing = session.standing()
    assert standing.stands and not standing.done
    assert not Session(session.images, session.answers[:-1]).standing().stands
    assert standing.to_draw == 0 and standing.accuracy == AuditCount(60, 60)
    assert "60 of 60 images drawn at random: 100.0 % (94.0 % to 100.0 %" in str(standing.accuracy)
    assert standing.clusters is not None and standing.clusters.right == standing.clusters.n > 0
    assert len(standing.changed) == 2 and sum(standing.counts.values()) == standing.labelled


def test_a_drawn_image_that_cannot_be_told_is_replaced() -> None:
    session = Session(blobs(100), [])
    go_on(session, 5)
    while not (question := session.question()).drawn:
        go_on(session, 1)
    session.answers.append(Answer("skip", (session.images.hashes[question.images[0]],)))
    assert session.standing().to_draw == 25
    assert session.question().images != question.images
    while session.question().kind != "done":
        go_on(session, 1)
    assert sum(each.drawn for each in session.answers) == 25


def test_near_copies_get_one_answer_and_one_label() -> None:
    plain = blobs(60)
    groups = np.arange(60)
    groups[[7, 10]] = 4
    images = FolderImages(
        plain.root, plain.names, plain.hashes, plain.features, groups, "clouds", ""
    )
    session = Session(images, [Answer("image", (images.hashes[7],), "b")])
    assert {index: each.name for index, each in session.labels().items()} == {
        4: "b", 7: "b", 10: "b",
    }  # fmt: skip
    while (question := session.question()).kind != "done":
        assert not {7, 10} & set(question.images)
        session.answers.append(reply(session, question))


def test_a_person_s_word_goes_before_the_name_of_a_cluster() -> None:
    images = blobs(30)
    own = images.hashes
    session = Session(images, [
        Answer("image", (own[0],), "b"), Answer("cluster", (own[0], own[1], own[3]), "a"),
        Answer("image", (own[3],), "c", True),
    ])  # fmt: skip
    labels = session.labels()
    assert [labels[index].name for index in (0, 1, 3)] == ["b", "a", "c"]
    assert [labels[index].by for index in (0, 1, 3)] == ["person", "cluster", "person"]
    assert session.standing().clusters == AuditCount(0, 1)


def test_proposals_are_shown_and_counted_on_drawn_images_alone() -> None:
    images = blobs(100)
    proposals = {index: truth(index) for index in range(100)} | {0: "c", 1: "c"}
    session = Session(images, [], proposals=proposals)
    first = session.question()
    assert first.by == "proposal" and first.guess in "abc"
    assert set(first.struck) == {i for i in first.images if proposals[i] != first.guess}
    while session.question().kind != "done":
        go_on(session, 1)
    drawn = {images.hashes.index(each.images[0]) for each in session.answers if each.drawn}
    right = sum(proposals[index] == truth(index) for index in drawn)
    assert session.standing().proposals == AuditCount(right, 25)
    asked = {
        images.hashes.index(each.images[0])
        for each in session.answers
        if each.kind == "image" and not each.drawn
    }
    labels = session.labels()
    assert {labels[index].by for index in asked if proposals[index] == truth(index)} <= {"proposal"}


def test_one_class_alone_is_asked_about_until_there_are_two() -> None:
    images = blobs(40)
    session = Session(images, [])
    for _ in range(20):
        question = session.question()
        answer = reply(session, question)
        same = Answer(answer.kind, answer.images, "a", answer.drawn, answer.asked)
        session.answers.append(same)
    standing = session.standing()
    assert standing.accuracy is None and not standing.stands and session.guesses() == {}


def test_answers_of_images_that_are_gone_are_counted() -> None:
    session = Session(blobs(30), [Answer("image", ("f" * 16,), "a")])
    assert session.lost == 1 and session.labels() == {}


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_a_few_images_are_asked_about_to_the_end(n: int) -> None:
    session = Session(blobs(n), [])
    go_on(session, 50)
    assert session.question().kind == "done" and len(session.labels()) == n
    assert session.standing().stands
