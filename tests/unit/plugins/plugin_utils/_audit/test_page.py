# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the page of an audit: of its source, and in a browser without a network."""

from __future__ import annotations

import copy
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.page import audit_page
from checkout import CHECKOUT
from hypothesis import example, given
from hypothesis import strategies as st

# For browser.py.
sys.path.insert(0, str(CHECKOUT / "tests" / "tools"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Route

    # Opens the page of a report.
    Show = Callable[..., Page]

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RULES = {"state": "present", "minimum_regions": 2, "deletion_protected": True}


def report_of(*accounts: dict[str, Any]) -> dict[str, Any]:
    """Return a report with these rows."""
    outcomes = [account["outcome"] for account in accounts]
    counts = {outcome: outcomes.count(outcome) for outcome in ("passed", "failed", "unknown")}
    return {
        "format_version": 2,
        "time": "2026-11-23T06:00:00.000000+00:00",
        "summary": {"accounts": len(accounts), **counts},
        "accounts": list(accounts),
    }


def account(name: str, outcome: str, **changes: Any) -> dict[str, Any]:
    """Return a row of a report."""
    return {
        "name": name,
        "account_id": "111122223333",
        "outcome": outcome,
        "exists": True,
        "region": "eu-west-1",
        "replication_set": {
            "arn": "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57",
            "created_by": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
            "created_time": "2025-02-14T17:57:22.010000+00:00",
            "deletion_protected": True,
            "last_modified_by": "arn:aws:sts::111122223333:assumed-role/Deploy/ansible",
            "last_modified_time": "2026-10-02T08:12:44.010000+00:00",
            "region_map": {
                "eu-central-1": {
                    "sse_kms_key_id": KEY,
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": "2026-10-02T08:12:44.010000+00:00",
                },
                "eu-west-1": {
                    "sse_kms_key_id": "DefaultKey",
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": "2025-02-14T17:57:22.010000+00:00",
                },
            },
            "status": "ACTIVE",
            "tags": {"team": "sre"},
        },
        "findings": [],
        "error": None,
        "msg": "All rules are met",
        "rules": RULES,
        "time": "2026-11-23T05:59:00.000000+00:00",
        **changes,
    }


FAILED = account(
    "payments-prod",
    "failed",
    findings=[
        {"rule": "deletion_protected", "expected": True, "actual": False, "msg": "Can be deleted"},
        {"rule": "regions", "expected": ["eu-west-1"], "actual": None, "msg": "Other Regions are wanted"},
    ],
    msg="Can be deleted. Other Regions are wanted",
)
FAILED["replication_set"] = copy.deepcopy(FAILED["replication_set"])
FAILED["replication_set"]["deletion_protected"] = False
FAILED["replication_set"]["region_map"]["eu-central-1"] |= {
    "status": "FAILED",
    "status_message": "The KMS key is disabled",
}
NO_SET = account(
    "sandbox",
    "failed",
    account_id="222233334444",
    exists=False,
    replication_set={},
    findings=[{"rule": "state", "expected": "present", "actual": "absent", "msg": "Has no replication set"}],
)
UNKNOWN = account(
    "data-lake",
    "unknown",
    account_id=None,
    exists=None,
    region=None,
    replication_set=None,
    error={"code": "AccessDeniedException", "message": "User audit is not authorized"},
    msg="Access was denied. Allow ssm-incidents:ListReplicationSets.",
)
RETIRED = account(
    "legacy", "passed", account_id="444455556666", exists=False, replication_set={}, rules={"state": "absent"}
)
PASSED = account("web-prod", "passed", account_id="555566667777")
REPORT = report_of(FAILED, NO_SET, UNKNOWN, RETIRED, PASSED)

# Texts that must be shown as they are.
HOSTILE = {
    "attribute": "\"' onmouseover=window.executed=1 style='color:red' x=\"",
    "bidirectional": "\u202eabc\u2066def\u2069\u2069\u202eghi",
    "control": "\x00\x07\x1b[31m\x0c\x7f\x85",
    "emoji": "\U0001f600\U0001f1e9\U0001f1ea\u2764\ufe0f",
    "end": "]]>--></script></style></title></bdi></table><img src=https://example.com/x onerror=window.executed=1>",
    "entity": "&lt;b&gt;&amp;&#0;&nbsp",
    "link": "javascript:window.executed=1",
    "long": "W" * 10_000,
    "newline": "\na\r\nb\rc\td\n",
    "script": "<script>window.executed = 1; alert(1)</script>",
    "surrogate": "\ud800x\udfff\ufffe",
    "template": "{{ 7*7 }}{% raw %}{# #}${7*7}",
    "zero width": "\ufeffa\u200b\u200db\u00ad",
}
# What is shown in place of those that can't be.
SHOWN = {
    "control": "\u2400\u2407\u241b[31m\u240c\ufffd\ufffd",
    "newline": "\na\nb\nc\td\n",
    "surrogate": "\ufffdx\ufffd\ufffd",
}


def report_with(text: Callable[[str], str]) -> dict[str, Any]:
    """Return a report with a text in every field that takes one.

    :param text: returns the text of the field of this name.
    """
    row = account(
        text("name"),
        "failed",
        account_id=text("account_id"),
        region=text("region"),
        replication_set={
            **{
                field: text(field)
                for field in ("arn", "created_by", "created_time", "last_modified_by", "last_modified_time", "status")
            },
            "deletion_protected": True,
            "region_map": {
                text("region name"): {
                    "sse_kms_key_id": text("key"),
                    "status": text("region status"),
                    "status_message": text("status_message"),
                    "status_update_date_time": text("status_update_date_time"),
                }
            },
            "tags": {text("tag"): text("tag value")},
        },
        findings=[
            {"rule": text("rule"), "expected": text("wanted"), "actual": text("found"), "msg": text("finding")},
        ],
        error={"code": text("code"), "message": text("message")},
        rules={text("rule name"): text("rule value")},
        time=text("account time"),
    )
    return {**report_of(row, {**UNKNOWN, "error": None, "msg": text("msg")}), "time": text("time")}


class Document(HTMLParser):
    """A page, parsed strictly: each element must be closed before its parent is.

    :ivar elements: the depth, name and attributes of each element.
    :ivar texts: the element and the data of each text.
    :ivar foreign: the text of each <bdi>, which are the texts that are not the page's own.
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


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (key,)
        yield from ((key, *path) for path in paths(inner))


def test_the_page_is_complete_if_a_value_is_null_or_missing() -> None:
    for *parents, last in paths(REPORT):
        for leave_out in (False, True):
            report = copy.deepcopy(REPORT)
            container: Any = report
            for key in parents:
                container = container[key]
            if isinstance(container, list):
                container[last] = {}
            elif leave_out:
                del container[last]
            else:
                container[last] = None
            assert "not in order" in Document(audit_page(report)).text_of("title") or last == "accounts"


@pytest.mark.parametrize("report", [{}, {"accounts": None, "summary": None, "time": None}, report_of()])
def test_a_report_without_accounts(report: dict[str, Any]) -> None:
    assert Document(audit_page(report)).text_of("title").startswith("No account was audited")


@pytest.mark.parametrize(
    ("accounts", "headline"),
    [
        ([FAILED, NO_SET, UNKNOWN, PASSED], "2 of 4 accounts are not in order"),
        ([FAILED, UNKNOWN, PASSED], "1 of 3 accounts is not in order"),
        ([FAILED], "1 of 1 account is not in order"),
        ([UNKNOWN, PASSED], "1 of 2 accounts is not known"),
        ([RETIRED, PASSED], "2 of 2 accounts are in order"),
    ],
)
def test_the_headline_counts_the_worst_outcome(accounts: list[dict[str, Any]], headline: str) -> None:
    page = audit_page(report_of(*accounts))
    document = Document(page)
    assert document.text_of("title").startswith(headline)
    assert " ".join((document.text_of("strong") + document.text_of("h1")).split()) == headline


def test_an_unknown_outcome_does_not_pass() -> None:
    page = audit_page({"accounts": [{"name": "new", "outcome": "PASSED"}]})
    assert Document(page).text_of("title").startswith("1 of 1 account is not known")


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-11-23T06:00:00.000000+00:00", "2026-11-23 06:00 UTC"),
        ("2026-11-23T01:30:59.999999+02:00", "2026-11-22 23:30 UTC"),
        ("2026-11-23T06:00:00", "2026-11-23T06:00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday", "yesterday"),
        (1700000000, "1700000000"),
        (None, "not known"),
    ],
)
def test_times_are_in_utc_and_other_values_are_shown_unchanged(time: Any, shown: str) -> None:
    document = Document(audit_page({**report_of(), "time": time}))
    texts_of_header = [document.text_of(tag) for tag in ("time", "bdi", "i")]
    assert "".join(texts_of_header) == shown


def test_the_policy_allows_only_the_own_style_and_script() -> None:
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


any_text = st.text(st.characters(exclude_categories=()), max_size=20)


@given(text=any_text)
@example(text="</bdi><b>")
def test_no_text_adds_an_element_or_an_attribute(text: str) -> None:
    plain = Document(audit_page(report_with(lambda field: field)))
    page = audit_page(report_with(lambda field: field + text))
    page.encode()
    assert Document(page).elements == plain.elements


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | any_text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    )
)
@example(value=None)
@example(value={"eu-west-1": ["<b>"]})
def test_values_of_a_finding_may_be_any_json(value: Any) -> None:
    finding = {"rule": "regions", "expected": value, "actual": value, "msg": "Something else is wanted"}
    page = audit_page(report_of({**FAILED, "findings": [finding], "rules": {"regions": value}}))
    page.encode()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        assert Document(page).foreign.count(text) >= 3


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="There is no Playwright in this environment")
    from browser import browser, find

    if not find():
        pytest.skip("There is no Chromium here: tests/tools/browser.py install")
    with browser() as started:
        yield started


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Show]:
    """Return a function that opens the page of a report.

    The test fails if a page makes a request, opens a dialog, or logs a message or an error. More options are those of
    the browser's context.
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
        """[...document.querySelectorAll("tbody tr")].filter((row) => row.checkVisibility())
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
    assert page.get_by_role("heading").inner_text() == "2 of 5 accounts are not in order"
    assert "2026-11-23 06:00 UTC" in page.locator("header").inner_text()
    wanted = [
        [
            "payments-prod\n111122223333",
            "Failed",
            "Can be deleted\ndeletion_protected: expected true, actual false",
            'regions: expected ["eu-west-1"], actual null',
            "ACTIVE\nDeletion protection off",
            f"eu-central-1 FAILED since 2026-10-02 08:12 UTC\nThe KMS key is disabled\n{KEY}",
            "eu-west-1 ACTIVE\nDefaultKey (AWS owned key)",
        ],
        ["sandbox\n222233334444", "Failed", "Has no replication set", "There is none", "None"],
        [
            "data-lake\nAccount ID not known",
            "Unknown",
            "Access was denied. Allow ssm-incidents:ListReplicationSets.",
            "AccessDeniedException: User audit is not authorized",
            "Not known",
        ],
        ["legacy\n444455556666", "Passed", "There is none, as expected"],
        ["web-prod\n555566667777", "Passed", "All rules are met", "ACTIVE\nDeletion protection on", KEY],
    ]
    for row, facts in zip(page.locator("tbody tr").all(), wanted, strict=True):
        shown = row.inner_text()
        assert [fact for fact in facts if fact not in shown] == []
    assert "as expected" not in page.locator("tbody tr").nth(1).inner_text()
    page.locator("summary").first.click()
    details = page.locator("dl").first.inner_text().replace("\n", " ")
    for fact in ("Rule minimum_regions 2", "Created 2025-02-14 17:57 UTC by arn:aws:sts:", "Tag team sre"):
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
    assert scroll_width(page) <= 360


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
    assert {": expected ", ", actual ", " since ", " by "} <= {text for text, _lefts in lines}
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
        ("owned by aws", ["payments-prod", "web-prod"]),
        ("key is disabled", ["payments-prod"]),
        ("Has no replication", ["sandbox"]),
        ("AccessDenied", ["data-lake"]),
        ("[", ["payments-prod"]),
        ("no such text", []),
        (" ", all_names),
    ):
        page.get_by_label("Filter", exact=True).fill(text)
        assert rows(page) == names, text
        assert page.get_by_role("status").inner_text() == (
            f"{len(names)} of 5 accounts" if text.strip() else "5 accounts"
        )
        assert page.get_by_text("No account to show").is_visible() == (not names)


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
def test_filter_by_keyboard(show: Show) -> None:
    page = show(REPORT)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert rows(page) == ["payments-prod", "sandbox"]
    for key in ("Tab", "Tab", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type("SAND")
    assert rows(page) == ["sandbox"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(rows(page)) == 5


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
    assert not page.get_by_text("No account to show").is_visible()


def scroll_width(page: Page) -> int:
    """Return the width of the page and its elements."""
    width: float = page.evaluate(
        """Math.max(document.scrollingElement.scrollWidth,
        ...[...document.querySelectorAll("body *")].map((element) => element.getBoundingClientRect().right))"""
    )
    return round(width)


@pytest.mark.slow
def test_no_horizontal_scrolling(show: Show) -> None:
    page = show(REPORT, width=360)
    page.locator("summary").first.click()
    for width in (320, 360, 768, 1025, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        assert scroll_width(page) <= width


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_a_click_on_a_key_selects_its_arn(show: Show, width: int) -> None:
    page = show(REPORT, width=width)
    page.locator("tr", has_text="web-prod").get_by_text(KEY).click()
    assert page.evaluate("getSelection().toString().trim()") == KEY


@pytest.mark.slow
def test_accessibility_roles_on_a_narrow_screen(show: Show) -> None:
    page = show(REPORT, width=360)
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("row").count() == 6
    assert page.get_by_role("rowheader").count() == 5
    assert page.get_by_role("columnheader").count() == 5


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
    # Black on white, the header on every page, no row on two pages.
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
def test_the_print_without_a_filter(show: Show) -> None:
    page = show(REPORT)
    page.emulate_media(media="print")
    assert len(rows(page)) == 5
    assert not page.get_by_role("status").is_visible()


# The contrast of each text with its background, as WCAG 2 defines it.
CONTRASTS = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => numbers(colour).slice(0, 3)
        .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return numbers(colour)[3] === 0 ? behind(element.parentElement) : colour;
    };
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        for (const part of [own ? null : undefined, "::before", "::after", "::placeholder"]) {
            if (part === undefined || !element.checkVisibility() || element.closest("script")) continue;
            const style = getComputedStyle(element, part);
            if (part === "::placeholder" ? !element.placeholder : part && style.content === "none") continue;
            const [dark, light] = [luminance(style.color), luminance(behind(element))].sort((a, b) => a - b);
            found.push([element.outerHTML.slice(0, 80) + (part ?? ""), (light + 0.05) / (dark + 0.05)]);
        }
    }
    return found;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(show: Show, scheme: str) -> None:
    page = show(REPORT, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    click_button(page, "2 failed")
    click_button(page, "2 passed")
    for pressed in (False, True):
        if pressed:
            click_button(page, "1 unknown")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            contrasts = page.evaluate(CONTRASTS)
            assert len(contrasts) > 70
            assert [(element, contrast) for element, contrast in contrasts if contrast < 4.5] == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(245, 246, 248)") == (scheme == "light")


THOUSAND = [{**FAILED, "name": f"failed-{number}"} for number in range(100)] + [
    {**PASSED, "name": f"passed-{number}"} for number in range(900)
]


def test_the_size_of_a_page_with_a_thousand_accounts() -> None:
    assert len(audit_page(report_of(*THOUSAND)).encode()) < 2_000_000


@pytest.mark.slow
def test_the_order_of_a_thousand_accounts(show: Show) -> None:
    page = show(report_of(*THOUSAND))
    names = [account["name"] for account in THOUSAND]
    assert rows(page) == names
    # The browser lays out rows only once they are visible. The filter finds all of them.
    page.get_by_label("Filter", exact=True).fill("passed-899")
    assert rows(page) == ["passed-899"]
    page.get_by_label("Filter", exact=True).fill("")
    click_button(page, "100 failed")
    assert rows(page) == names[:100]
    page.emulate_media(media="print")
    assert rows(page) == names[:100]
