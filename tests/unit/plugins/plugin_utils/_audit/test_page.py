# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the page of an audit: of its source, and in a browser without a network."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.page import audit_page
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.report import headline
from helpers.checkout import CHECKOUT
from hypothesis import example, given

from .reports import (
    FAILED,
    HOSTILE,
    KEY,
    NO_SET,
    PASSED,
    REPORT,
    RETIRED,
    SHOWN,
    UNKNOWN,
    account,
    any_json,
    any_report,
    any_text,
    finding,
    report_of,
    report_with,
)

# For browser.py.
sys.path.insert(0, str(CHECKOUT / "tests" / "tools"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Route

    # Opens the page of a report.
    Show = Callable[..., Page]


class Document(HTMLParser):
    """A page, parsed strictly: each element must be closed before its parent is.

    :ivar elements: the depth, name and attributes of each element.
    :ivar texts: the element and the data of each text.
    :ivar foreign: the text of each <bdi>. These are the texts that are not the page's own.
    """

    VOID = ("link", "meta", "input", "wbr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[int, str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.foreign: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((len(self._open), tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "bdi":
            self.foreign.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((len(self._open), tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))
        if "bdi" in self._open:
            self.foreign[-1] += data

    def text_of(self, tag: str) -> str:
        return "".join(data for parent, data in self.texts if parent == tag)


def test_a_report_without_accounts() -> None:
    assert Document(audit_page(report_of())).text_of("title").startswith("No account was audited")


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([FAILED, NO_SET, UNKNOWN, UNKNOWN, PASSED], "2 of 5 accounts failed, 2 have an unknown outcome"),
        ([FAILED, UNKNOWN, PASSED], "1 of 3 accounts failed, 1 has an unknown outcome"),
        ([FAILED, PASSED], "1 of 2 accounts failed"),
        ([FAILED, NO_SET], "2 of 2 accounts failed"),
        ([UNKNOWN, PASSED], "1 of 2 accounts has an unknown outcome"),
        ([UNKNOWN, UNKNOWN], "2 of 2 accounts have an unknown outcome"),
        ([RETIRED, PASSED], "All 2 accounts passed"),
        ([FAILED], "1 account failed"),
        ([UNKNOWN], "1 account has an unknown outcome"),
        ([PASSED], "1 account passed"),
        ([], "No account was audited"),
    ],
)
def test_the_headline_never_hides_an_unknown_outcome(accounts: list[dict[str, Any]], expected: str) -> None:
    report = report_of(*accounts)
    assert headline(report) == expected
    document = Document(audit_page(report))
    assert document.text_of("title") == f"{expected} - Audit of Incident Manager replication sets"
    number = re.search("[0-9]+", expected)
    assert document.text_of("strong") == (number.group() if number else "")
    h1 = [data for parent, data in document.texts if parent in ("h1", "strong")]
    assert "".join(h1) == expected


def text_of_page(report: dict[str, Any]) -> str:
    return "".join(data for _parent, data in Document(audit_page(report)).texts)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"Team": None}, "Team: any value"),
        ({"Team": "sre", "Stage": None}, "Team: sre, Stage: any value"),
        ({}, "none"),
        (["eu-central-1", "eu-west-1"], "eu-central-1, eu-west-1"),
        ([], "none"),
        (None, "none"),
        (True, "true"),
        (2, "2"),
        ("ACTIVE", "ACTIVE"),
    ],
)
def test_values_are_readable(value: Any, shown: str) -> None:
    wrong = finding("tags", value, value, "Something else is wanted")
    text = text_of_page(report_of({**FAILED, "findings": [wrong], "rules": {"tags": value}}))
    assert f"tags: expected {shown}; actual {shown}" in text
    assert text.count(shown) >= 3


def test_an_account_that_passed_has_no_findings() -> None:
    text = text_of_page(report_of({**PASSED, "msg": "The replication set meets the rules."}))
    assert "None" in text
    assert "meets the rules" not in text


@pytest.mark.parametrize(
    ("kms_key", "shown"),
    [
        ({"key_state": "PendingDeletion", "enabled": False, "deletion_date": "2026-12-01T00:00:00+00:00"}, True),
        ({"key_state": "Disabled", "enabled": False, "deletion_date": None}, True),
        ({"key_state": "Enabled", "enabled": True, "deletion_date": None}, False),
        ({"key_state": None, "deletion_date": "2026-12-01T00:00:00+00:00"}, False),
        (None, False),
    ],
)
def test_the_state_of_a_key_is_shown_unless_it_is_enabled(kms_key: dict[str, Any] | None, shown: bool) -> None:
    region = {**PASSED["replication_set"]["region_map"]["eu-central-1"], "kms_key": kms_key}
    replication_set = {**PASSED["replication_set"], "region_map": {"eu-central-1": region}}
    text = text_of_page(report_of(account("web", "passed", replication_set=replication_set)))
    state = (kms_key or {}).get("key_state")
    date = (kms_key or {}).get("deletion_date")
    assert (f"Key state {state}" in text) == ("Key state" in text) == shown
    assert (", deletion date 2026-12-01 00:00 UTC" in text) == bool(shown and date)


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-11-23T06:00:00.000000+00:00", "2026-11-23 06:00 UTC"),
        ("2026-11-23T01:30:59.999999+02:00", "2026-11-22 23:30 UTC"),
        ("2026-11-23T06:00:00", "2026-11-23T06:00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday", "yesterday"),
    ],
)
def test_times_are_in_utc_and_other_values_are_shown_unchanged(time: Any, shown: str) -> None:
    document = Document(audit_page({**report_of(), "time": time}))
    texts_of_header = [document.text_of(tag) for tag in ("time", "bdi", "i")]
    assert "".join(texts_of_header) == shown


def test_the_policy_allows_only_the_pages_own_style_and_script() -> None:
    document = Document(audit_page(REPORT))
    for _depth, tag, attributes in document.elements:
        assert not {name for name in attributes if name.startswith("on")} | attributes.keys() & {"style", "src"}
        assert attributes.get("href", "data:,") == "data:,", tag
    assert "url(" not in document.text_of("style") and "@import" not in document.text_of("style")
    (policy,) = (
        attributes["content"]
        for _depth, _tag, attributes in document.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    hashes = {
        kind: "sha256-" + b64encode(sha256(document.text_of(kind).encode()).digest()).decode()
        for kind in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src '{hashes['style']}'; script-src '{hashes['script']}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@given(text=any_text)
@example(text="</bdi><b>")
def test_no_text_adds_an_element_or_an_attribute(text: str) -> None:
    plain = Document(audit_page(report_with(lambda field: field)))
    page = audit_page(report_with(lambda field: field + text))
    page.encode()
    assert Document(page).elements == plain.elements


@given(value=any_json)
@example(value=None)
@example(value={"eu-west-1": ["<b>"]})
def test_values_of_a_finding_may_be_any_json(value: Any) -> None:
    wrong = finding("regions", value, value, "Something else is wanted")
    page = audit_page(report_of({**FAILED, "findings": [wrong], "rules": {"regions": value}}))
    page.encode()
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else [value]
    # Null is a word of the page's own.
    for part in parts if isinstance(value, list) else filter(lambda part: part is not None, parts):
        text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
        if text.isprintable():
            assert Document(page).foreign.count(text) >= 3


@given(report=any_report)
def test_any_report_has_a_page(report: dict[str, Any]) -> None:
    page = audit_page(report)
    page.encode()
    assert headline(report) in Document(page).text_of("title")


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="There is no Playwright in this environment")
    from browser import MISSING, browser, find

    if not find():
        pytest.skip(MISSING)
    with browser() as started:
        yield started


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Show]:
    """Return a function that opens the page of a report.

    The test fails if a page makes a request, opens a dialog, or logs a message or an error. Further options are for the
    browser's context.
    """
    problems: list[str] = []
    contexts = []

    def refuse_requests(route: Route) -> None:
        if route.request.url.split("#")[0].startswith((tmp_path.as_uri(), "data:")):
            route.continue_()
        else:
            problems.append(f"request of {route.request.url}")
            route.abort()

    def refuse_dialog(dialog: Dialog) -> None:
        problems.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def note_message(message: ConsoleMessage) -> None:
        problems.append(f"console {message.text}")

    def note_error(error: Error) -> None:
        problems.append(f"error {error}")

    def show(report: dict[str, Any], fragment: str = "", width: int = 1280, **options: Any) -> Page:
        context = chromium.new_context(offline=True, viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        context.route("**/*", refuse_requests)
        page = context.new_page()
        page.on("console", note_message)
        page.on("dialog", refuse_dialog)
        page.on("pageerror", note_error)
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(audit_page(report), encoding="utf-8")
        page.goto(file.as_uri() + fragment)
        return page

    yield show
    for context in contexts:
        context.close()
    assert problems == []


def rows(page: Page) -> list[str]:
    """Return the names of the accounts that the page shows."""
    names: list[str] = page.evaluate(
        """[...document.querySelectorAll("tbody tr")].filter((row) => row.checkVisibility({visibilityProperty: true}))
        .map((row) => row.querySelector("th bdi").textContent)"""
    )
    return names


def elements(page: Page) -> list[tuple[int, str]]:
    """Return the depth and name of each element."""
    found = page.evaluate(
        """[...document.querySelectorAll("*")].map((element) => {
            let depth = 0;
            for (let inner = element; inner.parentElement; inner = inner.parentElement) depth++;
            return [depth, element.localName];
        })"""
    )
    return [(int(depth), str(tag)) for depth, tag in found]


def foreign_texts(page: Page) -> list[str]:
    """Return the text of each <bdi>."""
    found: list[str] = page.evaluate("""[...document.querySelectorAll("bdi")].map((bdi) => bdi.textContent)""")
    return found


def click_button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


@pytest.mark.slow
def test_the_browser_parses_the_page_like_the_tests(show: Show) -> None:
    page = show(REPORT)
    assert elements(page) == [(depth, tag) for depth, tag, _attributes in Document(audit_page(REPORT)).elements]
    assert page.evaluate("document.compatMode") == "CSS1Compat"
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.slow
def test_all_facts_are_shown(show: Show) -> None:
    page = show(REPORT)
    assert page.get_by_role("heading").inner_text() == "2 of 5 accounts failed, 1 has an unknown outcome"
    assert "2026-11-23 06:00 UTC" in page.locator("header").inner_text()
    wanted = [
        [
            "payments-prod\n111122223333",
            "Failed",
            "Can be deleted\ndeletion_protected: expected true; actual false",
            "regions: expected eu-west-1; actual none",
            "ACTIVE\nDeletion protection off",
            f"eu-central-1 FAILED since 2026-10-02 08:12 UTC\nThe KMS key is disabled\n{KEY}\n"
            "Key state PendingDeletion, deletion date 2026-12-01 00:00 UTC",
            "eu-west-1 ACTIVE\nDefaultKey (AWS owned key)",
        ],
        ["sandbox\n222233334444", "Failed", "Has no replication set", "None"],
        [
            "data-lake\nAccount ID not known",
            "Unknown",
            "Access was denied. Allow ssm-incidents:ListReplicationSets.",
            "AccessDeniedException: User audit is not authorized",
            "Not known",
        ],
        ["legacy\n444455556666", "Passed", "None, as expected"],
        ["web-prod\n555566667777", "Passed", "None", "ACTIVE\nDeletion protection on", KEY],
    ]
    for row, facts in zip(page.locator("tbody tr").all(), wanted, strict=True):
        shown = row.inner_text()
        assert [fact for fact in facts if fact not in shown] == []
    assert "as expected" not in page.locator("tbody tr").nth(1).inner_text()
    page.locator("summary").first.click()
    details = page.locator("dl").first.inner_text().replace("\n", " ")
    for fact in (
        "Rule minimum_regions 2",
        "Region that responded eu-west-1",
        "Created 2025-02-14 17:57 UTC by arn:aws:sts:",
        "Tag team sre",
    ):
        assert fact in details


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_shown_as_text_without_the_policy(show: Show, kind: str) -> None:
    fields = set()

    def field_name(field: str) -> str:
        fields.add(field)
        return field

    plain = Document(audit_page(report_with(field_name)))
    assert fields <= set(plain.foreign), "a field is not on the page"
    text = HOSTILE[kind]
    page = show(report_with(lambda field: text + field + text), bypass_csp=True, width=360)
    shown = SHOWN.get(kind, text)
    assert foreign_texts(page) == [shown + field + shown if field in fields else field for field in plain.foreign]
    assert elements(page) == [(depth, tag) for depth, tag, _attributes in plain.elements]
    assert page.evaluate("window.executed") is None


# Each line of the page's own texts, with the left edges of its characters.
OWN_TEXTS = """() => {
    const lines = [];
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.data.trim() || node.parentElement.closest("bdi, script") || !node.parentElement.checkVisibility())
            continue;
        const starts = {};
        for (let index = 0; index < node.length; index++) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + 1);
            const box = range.getBoundingClientRect();
            if (box.width) (starts[Math.round(box.top)] ??= []).push(box.left);
        }
        lines.push(...Object.values(starts).map((lefts) => [node.data, lefts]));
    }
    return lines;
}"""


@pytest.mark.slow
def test_foreign_text_does_not_change_the_direction_of_the_pages_own(show: Show) -> None:
    page = show(report_with(lambda field: "\u202e" + field + "\u2069\u202e"))
    lines = page.evaluate(OWN_TEXTS)
    assert {": expected ", "; actual ", ": any value; actual ", " since ", " by ", ", deletion date "} <= {
        text for text, _lefts in lines
    }
    assert [text for text, lefts in lines if lefts != sorted(lefts)] == []


@pytest.mark.slow
def test_filter_by_text(show: Show) -> None:
    page = show(REPORT)
    all_names = ["payments-prod", "sandbox", "data-lake", "legacy", "web-prod"]
    for text, names in (
        ("payments", ["payments-prod"]),
        ("  WEB-Prod ", ["web-prod"]),
        ("222233334444", ["sandbox"]),
        ("eu-central-1", ["payments-prod", "web-prod"]),
        ("eu-central-1 passed", ["web-prod"]),
        ("", all_names),
        (KEY, ["payments-prod", "web-prod"]),
        ("owned aws", ["payments-prod", "web-prod"]),
        ("key is disabled", ["payments-prod"]),
        ("Has no replication", ["sandbox"]),
        ("AccessDenied", ["data-lake"]),
        ("(aws", ["payments-prod", "web-prod"]),
        # The names of rules, times, users and tags are in the details of every row, and not in what the row shows.
        *((text, []) for text in ("customer_managed_keys", "assumed-role", "sre", "last modified", "details")),
        ("deletion_protected", ["payments-prod"]),
        ("no such text", []),
        (" ", all_names),
    ):
        page.get_by_label("Filter", exact=True).fill(text)
        assert rows(page) == names, text
        assert page.get_by_role("status").inner_text() == (
            f"{len(names)} of 5 accounts" if text.strip() else "5 accounts"
        )
        assert page.get_by_text("No accounts to show").is_visible() == (not names)


@pytest.mark.slow
def test_filter_by_outcome(show: Show) -> None:
    page = show(REPORT)
    click_button(page, "2 failed")
    assert rows(page) == ["payments-prod", "sandbox"]
    assert page.get_by_role("button", pressed=True).all_inner_texts() == ["2 failed"]
    assert page.get_by_role("status").inner_text() == "2 of 5 accounts"
    click_button(page, "1 unknown")
    assert rows(page) == ["payments-prod", "sandbox", "data-lake"]
    page.get_by_label("Filter", exact=True).fill("444455556666")
    assert rows(page) == []
    click_button(page, "2 passed")
    assert rows(page) == ["legacy"]
    click_button(page, "2 passed")
    assert rows(page) == []
    click_button(page, "Show all")
    assert len(rows(page)) == 5
    assert page.get_by_role("button", pressed=True).count() == 0
    assert not page.get_by_role("button", name="Show all").is_visible()


@pytest.mark.slow
def test_the_filter_is_in_the_url(show: Show) -> None:
    page = show(REPORT)
    click_button(page, "2 failed")
    click_button(page, "1 unknown")
    page.get_by_label("Filter", exact=True).fill("a&b=c#<i>")
    fragment = page.evaluate("location.hash")
    page.get_by_label("Filter", exact=True).fill("lake")
    page.reload()
    assert rows(page) == ["data-lake"]
    again = show(REPORT, fragment)
    assert again.get_by_label("Filter", exact=True).input_value() == "a&b=c#<i>"
    assert again.get_by_role("button", pressed=True).all_inner_texts() == ["2 failed", "1 unknown"]
    for value in ("", "outcome=none", "%", "__proto__=1&outcome"):
        again.evaluate("(hash) => { location.hash = hash; window.dispatchEvent(new Event('hashchange')); }", value)
        assert len(rows(again)) == 5


@pytest.mark.slow
def test_without_scripts_everything_is_shown_and_there_are_no_controls(show: Show) -> None:
    page = show(REPORT, java_script_enabled=False)
    assert page.locator("tbody tr:visible").count() == 5
    assert page.get_by_text("2 failed, 1 unknown, 2 passed").is_visible()
    assert page.locator("button:visible, input:visible").count() == 0
    assert not page.get_by_text("No accounts to show").is_visible()


@pytest.mark.slow
def test_the_print_shows_the_filtered_rows_and_the_filter(show: Show) -> None:
    page = show(REPORT)
    click_button(page, "2 failed")
    page.get_by_label("Filter", exact=True).fill("sand")
    page.emulate_media(media="print", color_scheme="dark")
    assert rows(page) == ["sandbox"]
    assert page.locator("button:visible, input:visible, summary:visible").count() == 0
    assert page.get_by_text("2 failed, 1 unknown, 2 passed").is_visible()
    note = page.get_by_role("status")
    assert note.inner_text() == "1 of 5 accounts" and note.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('[role=status]'), '::after').content") == (
        '": failed, sand"'
    )
    # The print is black on white, has the header on every page, and splits no row between pages.
    colours = """(name) => [...new Set([...document.querySelectorAll("body, main *, header *:not(svg, rect)")]
        .filter((element) => element.checkVisibility()).map((element) => getComputedStyle(element)[name]))]"""
    assert page.evaluate(colours, "color") == ["rgb(0, 0, 0)"]
    assert set(page.evaluate(colours, "backgroundColor")) == {"rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}
    style = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
    assert page.evaluate(style, ["table", "display"]) == "table"
    assert page.evaluate(style, ["thead", "display"]) == "table-header-group"
    assert page.evaluate(style, ["tbody tr:not([hidden])", "breakInside"]) == "avoid"
    assert page.evaluate(style, ["tbody tr:not([hidden])", "contentVisibility"]) == "visible"


@pytest.mark.slow
def test_no_horizontal_scrolling(show: Show) -> None:
    page = show(REPORT, width=360)
    page.locator("summary").first.click()
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        right = page.evaluate(
            """Math.max(document.scrollingElement.scrollWidth,
            ...[...document.querySelectorAll("body *")].map((element) => element.getBoundingClientRect().right))"""
        )
        assert round(right) <= width
