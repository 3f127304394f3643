from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from striate.render.notebook import Text, to_html
from striate.terminal.tables import Table

NASTY = "<script>&\"'</td>{{7*7}}"


def test_a_table_is_well_formed_whatever_its_texts_hold() -> None:
    table = Table(("name", NASTY), ((NASTY, "1"),), {NASTY}, caption=NASTY)
    tree = ElementTree.fromstring(to_html(table))
    assert [each.tag for each in tree.iter()][:2] == [
        "div",
        "table",
    ]  # which scrolls where it is wide
    assert [cell.text for cell in tree.iter("caption")] == [NASTY]
    assert [cell.text for cell in tree.iter("th")] == ["name", NASTY]
    assert [cell.text for cell in tree.iter("td")] == [NASTY, "1"]
    assert [cell.get("style") for cell in tree.iter("td")] == [
        "text-align:left",
        "text-align:right",
    ]


def test_a_line_break_in_a_cell_is_shown_and_not_obeyed() -> None:
    assert '<td style="text-align:left">a\\nb</td>' in to_html(Table(("n",), (("a\nb",),)))


def test_texts_are_escaped_in_every_kind_and_empty_ones_left_out() -> None:
    told = to_html(Text(f"one\n{NASTY}", strong=NASTY), Text(NASTY, kind="pre"), Text(""))
    told += to_html(Text(f"{NASTY}\ntwo", kind="ul"))
    tree = ElementTree.fromstring(f"<all>{told.replace('<br>', '<br/>')}</all>")
    assert [part.tag for part in tree] == ["p", "pre", "ul"]
    assert [part.text for part in tree.iter("strong")] == [NASTY]
    assert [part.text for part in tree.iter("pre")] == [NASTY]
    assert [part.text for part in tree.iter("li")] == [NASTY, "two"]
    assert [part.tail for part in tree.iter("br")] == [NASTY]
