# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of attacks: what the endpoint answers for an account, and which outcomes its row may have.

A broken answer must never end in "passed". Some answers are odd and yet whole, as another client of the service reads
them too: those may pass, and the table says so (HARMLESS).
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .accounts import ABSENT, ANY, REGION, REGIONS, RULES, Account
from .endpoint import (
    ASSUME,
    GET,
    IDENTITY,
    LIST,
    TAGS,
    Answer,
    Replies,
    Reply,
    Request,
    answer,
    assumed,
    error,
    identity,
    in_order,
    sts_error,
    xml,
)

PASSED = frozenset({"passed"})
FAILED = frozenset({"failed"})
UNKNOWN = frozenset({"unknown"})
#: The answer is well-formed JSON of the service's shape, with values that no set has.
NOT_PASSED = FAILED | UNKNOWN
#: The answer has everything that the rules need, as the service sends it.
HARMLESS = PASSED | FAILED | UNKNOWN

#: The kinds of attacks that a test can choose.
HOSTILE = "hostile"
ECHO = "echo"
ORDINARY = "ordinary"


@dataclass(frozen=True)
class Attack:
    """What the endpoint answers for one account.

    :ivar outcomes: the outcomes that its row may have.
    :ivar replies: the reply of each operation that is not answered as the service does.
    :ivar account: arguments of Account that differ from those of the other attacks.
    :ivar kind: HOSTILE if a text is hostile, ECHO if a secret is
        sent back, ORDINARY if nothing is wrong with the answer; else empty.
    """

    name: str
    outcomes: frozenset[str]
    replies: Replies = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""


def attacks(marker: str) -> list[Attack]:
    """Return all attacks.

    :param marker: a file that a template creates if it is rendered.
    """
    found = [
        *_ordinary(),
        *_statuses(),
        *_wires(),
        *_lists(),
        *_sets(),
        *_tags(),
        *_sts(),
        *_hostile(marker),
        *_echoes(),
    ]
    return [
        replace(attack, outcomes=HARMLESS) if _WHOLE_TO_BOTOCORE.fullmatch(attack.name) else attack for attack in found
    ]


# Answers that botocore's parser, in some releases or in all, returns as if they were intact. It takes the last of two members,
# treats an empty text or map as an empty list, and reads "true" as true and true as one second. Its callers can't notice that.
# The service could also send two others: a Region of another partition, and a set without the Region that answers.
_WHOLE_TO_BOTOCORE = re.compile(
    "two (lists|statuses|protections|sets|tags of one name).*|an empty (text|map) for a list.*|.*(Time|time) true"
    '|set: deletionProtected "true"|a Region in China|a set of other Regions than the one that answers'
)


def accounts_of(chosen: Iterable[Attack]) -> list[Account]:
    """Return an account for each attack, in their order."""
    return [
        Account(f"account-{number:03}", number, **{"rules": RULES, **attack.account})
        for number, attack in enumerate(chosen)
    ]


def always(given: Answer) -> Reply:
    return lambda _request: given


# Nothing is broken ----------------------------------------------------------------------------------------------------


def _ordinary() -> Iterator[Attack]:
    def ordinary(name: str, outcomes: frozenset[str], **account: Any) -> Attack:
        return Attack(name, outcomes, account=account, kind=ORDINARY)

    ways: tuple[Any, ...] = (
        "keys",
        "temporary keys",
        "password in endpoint_url",
        "role",
        "profile",
        "role of profile",
    )
    for way in ways:
        yield ordinary(f"in order, {way}", PASSED, way=way)
        yield ordinary(f"retired, {way}", PASSED, way=way, rules=ABSENT, has_set=False)
    yield ordinary("in order, without rules", PASSED, rules=None)
    yield ordinary("in order, anything goes", PASSED, rules=ANY, has_set=False)
    yield ordinary("in order, found elsewhere", PASSED, region="us-west-2", options={"search_regions": list(REGIONS)})
    yield ordinary("no set", FAILED, has_set=False)
    yield ordinary("not retired", FAILED, rules=ABSENT)
    yield ordinary("not protected", FAILED, changes={"deletionProtected": False})
    yield ordinary("set not active", FAILED, changes={"status": "UPDATING"})
    yield ordinary(
        "one Region", FAILED, changes={"regionMap": {REGION: {"status": "ACTIVE", "sseKmsKeyId": "DefaultKey"}}}
    )
    yield ordinary("another tag", FAILED, rules={"tags": {"Team": "Payments"}})
    yield ordinary("another key", FAILED, rules={"customer_managed_keys": True})
    yield ordinary("misspelled rule", UNKNOWN, rules={"region": [REGION]})
    yield ordinary("misspelled option", UNKNOWN, options={"acces_key": "x"})
    yield ordinary("set elsewhere, not searched", UNKNOWN, region="us-west-2")
    denied = always(error("AccessDeniedException", "User is not authorized", 403))
    for operation in (LIST, GET, TAGS):
        yield Attack(f"{operation} denied", UNKNOWN, {operation: denied}, kind=ORDINARY)
    yield Attack(
        "AssumeRole denied", UNKNOWN, {ASSUME: always(sts_error("AccessDenied", "No"))}, {"way": "role"}, ORDINARY
    )


# HTTP -----------------------------------------------------------------------------------------------------------------

_HTML = "<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>"
_ERROR_BODIES: Mapping[str, tuple[str, str]] = {
    "JSON": ("application/json", '{"message": "No", "code": "SomeException", "__type": "SomeException"}'),
    "XML": ("text/xml", "<ErrorResponse><Error><Code>SomeCode</Code><Message>No</Message></Error></ErrorResponse>"),
    "HTML": ("text/html", _HTML),
    "nothing": ("application/json", ""),
    "a complete answer": ("application/json", '{"replicationSetArns": []}'),
}


def _statuses() -> Iterator[Attack]:
    """Statuses of each kind, each with one of several bodies, for an account that would pass if its list were empty."""
    retired = {"rules": ABSENT, "has_set": False}
    bodies = list(_ERROR_BODIES)
    for number, status in enumerate((201, 204, 206, 300, 302, 304, 400, 401, 403, 404, 407, 409, 418, 501, 599)):
        for name in (bodies[number % 4], "a complete answer"):
            content_type, body = _ERROR_BODIES[name]
            reply = answer(body, f"{status} Status", content_type, {"Location": "/host-0/listReplicationSets"})
            yield Attack(f"{status} with {name}", UNKNOWN, {LIST: always(reply)}, retired)
    for code in ("ResourceNotFoundException", "ValidationException", "ExpiredTokenException"):
        yield Attack(f"{code} for a list", UNKNOWN, {LIST: always(error(code, "No", 400))}, retired)
    reply = answer('{"message": null, "code": {}, "__type": []}', "400 Error")
    yield Attack("400 with wrong types", UNKNOWN, {LIST: always(reply)})


#: Ways to spoil an intact answer.
_SPOILED: Mapping[str, Callable[[Answer], Answer]] = {
    "closed at once": lambda _given: Answer(b""),
    "reset at once": lambda _given: Answer(b"", reset=True),
    "reset in the body": lambda given: Answer(given.data[:-10], reset=True),
    "truncated": lambda given: Answer(given.data[:-10]),
    "not HTTP": lambda _given: Answer(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "an endless header": lambda given: Answer(
        given.data.replace(b"\r\n", b"\r\nX-Long: " + b"A" * 70_000 + b"\r\n", 1)
    ),
    "a length that is too small": lambda given: _with_length(given, "12"),
    "HTML": lambda _given: answer(_HTML, content_type="text/html"),
    "no body": lambda _given: answer(),
    "invalid UTF-8": lambda given: _with_body(given, lambda body: body[:-1] + b',"x":"\xff\xfe"}'),
    "JSON and more": lambda given: _with_body(given, lambda body: body + b"{}"),
    "JSON cut short": lambda given: _with_body(given, lambda body: body[:-3]),
    "JSON in a list": lambda given: _with_body(given, lambda body: b"[" + body + b"]"),
    "members in other case": lambda given: _with_body(given, _other_case),
    "deep nesting": lambda _given: answer("[" * 200_000 + "]" * 200_000),
    "null": lambda _given: answer("null"),
    "a number": lambda _given: answer("42"),
    "an empty list": lambda _given: answer("[]"),
    "an empty map": lambda _given: answer("{}"),
}

#: Ways to change an answer that neither lose nor change its content. JSON shows by its end whether it is complete.
_ODD: Mapping[str, Callable[[Answer], Answer]] = {
    "JSON that says HTML": lambda given: _with_header(given, "Content-Type", "text/html"),
    "a body that is not gzip": lambda given: _with_header(given, "Content-Encoding", "gzip"),
    "a length that is too large": lambda given: _with_length(given, "100000"),
    "gzip": lambda given: _with_header(_with_body(given, gzip.compress), "Content-Encoding", "gzip"),
}


def _with_body(given: Answer, change: Callable[[bytes], bytes]) -> Answer:
    return answer(change(given.data.partition(b"\r\n\r\n")[2]))


def _with_length(given: Answer, length: str) -> Answer:
    return Answer(re.sub(rb"(Content-Length:) \d+", rb"\1 " + length.encode(), given.data, count=1))


def _with_header(given: Answer, name: str, value: str) -> Answer:
    head, end, body = given.data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(name.encode() + b":")]
    return Answer(b"\r\n".join([*lines, f"{name}: {value}".encode()]) + end + body)


def _other_case(body: bytes) -> bytes:
    """Return JSON with the first letter of each member of the outermost map in upper case."""
    return json.dumps({key[0].upper() + key[1:]: value for key, value in json.loads(body).items()}).encode()


def _wires() -> Iterator[Attack]:
    """Each operation's answer, spoiled. Some are of a retired account, which would pass if its list seemed to be empty."""
    retired = {"rules": ABSENT, "has_set": False}
    for operation, account in ((LIST, {}), (LIST, retired), (GET, {}), (TAGS, {})):
        for spoiled, change in _SPOILED.items():
            name = f"{spoiled} for {operation}{' of a retired account' if account else ''}"
            yield Attack(name, UNKNOWN, {operation: _changed(change)}, account)
    for odd, change in _ODD.items():
        yield Attack(f"{odd}", HARMLESS, dict.fromkeys((LIST, GET, TAGS), _changed(change)))
    # The redirect leads to the answer of host 0, whose account is intact.
    for status in (301, 302, 303, 307, 308):
        reply = answer("", f"{status} Moved", headers={"Location": "/host-0/listReplicationSets"})
        yield Attack(f"{status} to another account", UNKNOWN, {LIST: always(reply)})


def _changed(change: Callable[[Answer], Answer]) -> Reply:
    return lambda request: change(in_order(request))


# ListReplicationSets --------------------------------------------------------------------------------------------------

_UUID = "c4bcb603-4bf9-bb3f-413c-08df53673b57"


def _lists() -> Iterator[Attack]:
    def of(arns: Any, **more: Any) -> Reply:
        return always(answer({"replicationSetArns": arns, **more}))

    broken: dict[str, Reply] = {
        "no list": always(answer({"nextToken": None})),
        "null for a list": of(None),
        "zero for a list": of(0),
        "an empty text for a list": of(""),
        "an empty map for a list": of({}),
        "an ARN for a list": lambda request: answer({"replicationSetArns": request.account.arn}),
        "null in the list": of([None]),
        "an empty text in the list": of([""]),
        "two lists": always(answer('{"replicationSetArns": ["no"], "replicationSetArns": []}')),
        "two lists, the second with the set": lambda request: answer(
            f'{{"replicationSetArns": [], "replicationSetArns": ["{request.account.arn}"]}}'
        ),
        "a million sets": of(["x"] * 1_000_000),
        "an ARN of another partition": of([f"arn:aws-cn:ssm-incidents::210000000000:replication-set/{_UUID}"]),
        "an ARN of another service": of([f"arn:aws:ssm-contacts::210000000000:replication-set/{_UUID}"]),
        "an ARN with a Region": of([f"arn:aws:ssm-incidents:eu-west-1:210000000000:replication-set/{_UUID}"]),
        "an ARN in other digits": of([f"arn:aws:ssm-incidents::٢١٠٠٠٠٠٠٠٠٠٠:replication-set/{_UUID}"]),
        "an ARN with a line break": lambda request: answer({"replicationSetArns": [f"{request.account.arn}\n"]}),
        "two ARNs": lambda request: answer({"replicationSetArns": [request.account.arn, f"{request.account.arn}0"]}),
        "the same page again and again": of([], nextToken="again"),
        "a number for a token": of([], nextToken=5),
        "a list for a token": of([], nextToken=[]),
    }
    for name, reply in broken.items():
        yield Attack(name, UNKNOWN, {LIST: reply})
        yield Attack(f"{name}, of a retired account", NOT_PASSED, {LIST: reply}, {"rules": ABSENT, "has_set": False})

    def second_page(request: Request) -> Answer:
        is_second = "nextToken" in request.body
        return answer(
            {"replicationSetArns": [request.account.arn]} if is_second else {"replicationSetArns": [], "nextToken": "2"}
        )

    yield Attack("the set on the second page", PASSED, {LIST: second_page})
    yield Attack("a set on the second page, of a retired account", FAILED, {LIST: second_page}, {"rules": ABSENT})
    yield Attack(
        "the same ARN twice",
        HARMLESS,
        {LIST: lambda request: answer({"replicationSetArns": [request.account.arn] * 2})},
    )
    # The ARN of a role names its account.
    other = of([f"arn:aws:ssm-incidents::999999999999:replication-set/{_UUID}"])
    yield Attack("an ARN of another account", UNKNOWN, {LIST: other}, {"way": "role"})
    yield Attack("an ARN of another account, with a profile's role", UNKNOWN, {LIST: other}, {"way": "role of profile"})
    anything = {"way": "role", "rules": ANY}
    yield Attack("an ARN of another account, where anything goes", UNKNOWN, {LIST: other}, anything)


# GetReplicationSet ----------------------------------------------------------------------------------------------------

#: Values that are not of a member's type. Null has attacks of its own.
_WRONG_TYPES: Mapping[type, tuple[Any, ...]] = {
    str: (5, [], ""),
    bool: (1, "true", "", [True]),
    float: ("yesterday", True, {}, float("nan"), 1e300),
    dict: ("eu-west-1", [], {}),
}
_SET_MEMBERS: Mapping[str, type] = {
    "arn": str,
    "createdBy": str,
    "createdTime": float,
    "deletionProtected": bool,
    "lastModifiedBy": str,
    "lastModifiedTime": float,
    "regionMap": dict,
    "status": str,
}
_REGION_MEMBERS: Mapping[str, type] = {
    "sseKmsKeyId": str,
    "status": str,
    "statusMessage": str,
    "statusUpdateDateTime": float,
}
#: Members that may be missing or null (botocore's model, AWS CLI's recorded answers).
_OPTIONAL = ("arn", "sseKmsKeyId", "statusMessage", "statusUpdateDateTime")
#: Members that the model requires, and that no rule is about.
_UNRULED = ("createdBy", "createdTime", "lastModifiedBy", "lastModifiedTime")


def with_members(**changes: Any) -> Reply:
    """Answer with a set in which these members differ. Ellipsis leaves a member out."""

    def reply(request: Request) -> Answer:
        members = {**request.account.replication_set, **changes}
        return answer({"replicationSet": {name: value for name, value in members.items() if value is not ...}})

    return reply


def with_region(**changes: Any) -> Reply:
    """Answer with a set in whose first Region these members differ. Ellipsis leaves a member out."""

    def reply(request: Request) -> Answer:
        regions = request.account.replication_set["regionMap"]
        members = {**regions[REGION], **changes}
        regions[REGION] = {name: value for name, value in members.items() if value is not ...}
        return with_members(regionMap=regions)(request)

    return reply


def with_regions(*names: Any) -> Reply:
    """Answer with a set that has further Regions."""

    def reply(request: Request) -> Answer:
        regions = request.account.replication_set["regionMap"]
        return with_members(regionMap={**regions, **dict.fromkeys(names, regions[REGION])})(request)

    return reply


def _sets() -> Iterator[Attack]:
    for members, change, place in ((_SET_MEMBERS, with_members, "set"), (_REGION_MEMBERS, with_region, "Region")):
        for member, kind in members.items():
            for value in _WRONG_TYPES[kind]:
                if value == "" and member in ("statusMessage", *_UNRULED):
                    continue  # No rule is about these texts.
                yield Attack(f"{place}: {member} {json.dumps(value)}", NOT_PASSED, {GET: change(**{member: value})})
            outcomes = HARMLESS if member in _OPTIONAL or member in _UNRULED else NOT_PASSED
            # A rule needs the key, which may be missing from an answer.
            outcomes = NOT_PASSED if member == "sseKmsKeyId" else outcomes
            yield Attack(f"{place}: {member} null", outcomes, {GET: change(**{member: None})})
            yield Attack(f"{place}: no {member}", outcomes, {GET: change(**{member: ...})})
    broken: dict[str, Reply] = {
        "no set in it": always(answer({"replicationset": {}})),
        "null for a set": always(answer({"replicationSet": None})),
        "an empty set": always(answer({"replicationSet": {}})),
        "a set of another ARN": with_members(arn=f"arn:aws:ssm-incidents::210000000000:replication-set/{_UUID}"),
        "null for a Region": with_members(regionMap={REGION: None, REGIONS[1]: {"status": "ACTIVE"}}),
        "a foreign Region": with_regions("Mars"),
        "a Region in China": with_regions("cn-north-1"),
        "a Region with a line break": with_regions("us-east-1\n"),
        "a status in small letters": with_members(status="active"),
        "a status with a hidden character": with_members(status="ACTIVE\u200b"),
        "an unknown status": with_members(status="FINE"),
        "a Region's unknown status": with_region(status="FINE"),
        "two statuses": lambda request: _with_text(
            request, b'"status": "ACTIVE"}}', b'"status": "FAILED", "status": "ACTIVE"}}'
        ),
        "two protections": lambda request: _with_text(
            request, b'"deletionProtected": true', b'"deletionProtected": false, "deletionProtected": true'
        ),
        "two sets": lambda request: _with_text(
            request, b'{"replicationSet"', b'{"replicationSet": {}, "replicationSet"'
        ),
    }
    for name, reply in broken.items():
        yield Attack(name, NOT_PASSED, {GET: reply})
    # GetReplicationSet answers only from a Region that is in the set.
    elsewhere = {"us-east-1": {"status": "ACTIVE"}, "us-west-2": {"status": "ACTIVE"}}
    yield Attack(
        "a set of other Regions than the one that answers",
        NOT_PASSED,
        {GET: with_members(regionMap=elsewhere)},
        {"rules": {}},
    )
    # The model has no maximum for what is returned.
    yield Attack("four Regions", HARMLESS, {GET: with_regions("us-east-1", "us-west-2")})
    yield Attack("many Regions", HARMLESS, {GET: with_regions(*(f"us-east-{number}" for number in range(1, 100)))})
    yield Attack("a set with a member more", HARMLESS, {GET: with_members(surprise=[{"a": None}])})
    yield Attack("a set with an error beside it", HARMLESS, {GET: with_members(message="No", __type="SomeException")})
    yield Attack("a megabyte of message", HARMLESS, {GET: with_region(statusMessage="A" * 1_000_000)})


def _with_text(request: Request, old: bytes, new: bytes) -> Answer:
    given = in_order(request)
    assert old in given.data
    return _with_body(given, lambda body: body.replace(old, new))


# ListTagsForResource --------------------------------------------------------------------------------------------------


def _tags() -> Iterator[Attack]:
    broken = {
        "no tags": {},
        "null for tags": {"tags": None},
        "a list for tags": {"tags": [{"Key": "Team", "Value": "Resilience"}]},
        "a text for tags": {"tags": "Team=Resilience"},
        "null for a tag": {"tags": {"Team": None}},
        "a number for a tag": {"tags": {"Team": 5}},
        "a list for a tag": {"tags": {"Team": ["Resilience"]}},
        "a number for another tag": {"tags": {"Team": "Resilience", "Other": 5}},
    }
    for name, body in broken.items():
        yield Attack(name, NOT_PASSED, {TAGS: always(answer(body))})
    yield Attack(
        "two tags of one name", NOT_PASSED, {TAGS: always(answer('{"tags":{"Team":"x","Team":"Resilience"}}'))}
    )
    for status in (403, 404, 400):
        yield Attack(f"tags: {status} and nothing", UNKNOWN, {TAGS: always(answer("", f"{status} Error"))})


# STS ------------------------------------------------------------------------------------------------------------------


def _sts() -> Iterator[Attack]:
    retired_role = {"way": "role", "rules": ABSENT, "has_set": False}
    for spoiled in ("HTML", "no body", "truncated", "reset in the body", "not HTTP", "an empty map"):
        yield Attack(f"{spoiled} for a role", UNKNOWN, {ASSUME: _changed(_SPOILED[spoiled])}, retired_role)
    for status in (204, 302, 404):
        for name, (content_type, body) in _ERROR_BODIES.items():
            reply = always(answer(body, f"{status} Status", content_type))
            yield Attack(f"STS: {status} with {name}", UNKNOWN, {ASSUME: reply}, retired_role)
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    broken = {
        "no credentials": _instead("<Credentials>.*</Credentials>", "<Credentials/>"),
        "no access key": _instead("<AccessKeyId>.*?</AccessKeyId>", "<AccessKeyId/>"),
        "no secret key": _instead("<SecretAccessKey>.*?</SecretAccessKey>", "<SecretAccessKey/>"),
        "an access key of two lines": _instead("<AccessKeyId>", "<AccessKeyId>AKIA\nX-Injected: 1\r\n\r\n"),
        "XXE": _instead(
            "^(.*?)<SessionToken>", r'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\1<SessionToken>&a;'
        ),
        "laughs": _instead("^(.*?)<SessionToken>", rf'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>\1<SessionToken>&l9;'),
    }
    for name, reply in broken.items():
        yield Attack(f"STS: {name}", UNKNOWN, {ASSUME: reply}, retired_role)
        yield Attack(f"STS: {name}, of a profile", UNKNOWN, {ASSUME: reply}, {**retired_role, "way": "role of profile"})
    other: Replies = {
        ASSUME: lambda request: assumed(request.account.role_keys, "999999999999"),
        IDENTITY: always(identity("999999999999")),
    }
    yield Attack("STS: a role of another account", UNKNOWN, other, retired_role)
    # The response of GetCallerIdentity is used only for the row's account ID, which is then null.
    for name, reply in {
        "HTML": always(answer(_HTML, content_type="text/html")),
        "no account": always(xml(IDENTITY, "<UserId>x</UserId>")),
        "markup for an account": always(xml(IDENTITY, "<Account>&lt;img src=x onerror=alert(1)&gt;</Account>")),
        "denied": always(sts_error("AccessDenied", "No")),
    }.items():
        yield Attack(f"identity: {name}", HARMLESS, {IDENTITY: reply}, {"rules": ABSENT, "has_set": False})


def _instead(old: str, new: str) -> Reply:
    """Answer as STS does, with the first text that matches a pattern replaced."""

    def reply(request: Request) -> Answer:
        text = in_order(request).data.decode().partition("\r\n\r\n")[2]
        changed = re.sub(old, new, text, count=1, flags=re.DOTALL)
        assert changed != text
        return answer(changed, content_type="text/xml")

    return reply


# Hostile texts --------------------------------------------------------------------------------------------------------

#: The beginning of a line that only an attacker prints.
FORGED_LINE = "FORGED LINE"
#: A tag that must not be in the markup of any page.
FORGED_TAG = "forged-tag"


def _hostile_texts(marker: str) -> dict[str, str]:
    pipe = f"lookup('pipe', 'touch {marker}')"
    return {
        "terminal": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b31m\x08\x7f",
        "HTML": f"</script></style></title>--><{FORGED_TAG}><script>alert(1)</script><img src=x onerror=alert(1)>\"'>",
        "template": f"{{{{ {pipe} }}}}",
        "unsafe": f"!unsafe '{{{{ {pipe} }}}}'",
        "vault": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
        "formula": "=cmd|' /C calc'!A0",
        "bidi": "\u202e\u2066evil\u2069\u202c\u200b\ufeff\u200f",
        "lines": f"a\r\n{FORGED_LINE}: 1\r\nb\u2028{FORGED_LINE}\u2029{FORGED_LINE}\x85{FORGED_LINE}\x0b{FORGED_LINE}\x0c",
        "recap": f"\n{FORGED_LINE}\nPLAY RECAP ****\nhost : ok=1 changed=0 unreachable=0 failed=0\n",
        "surrogates": "\ud800 \udfff \udcff",
        "JSON": '"}], "outcome": "passed", "x": [{"y": "',
        "CDATA": "]]><testcase name='forged'/><![CDATA[",
    }


def _hostile(marker: str) -> Iterator[Attack]:
    for name, text in _hostile_texts(marker).items():

        def attack(place: str, outcomes: frozenset[str], replies: Replies, name: str = name, **account: Any) -> Attack:
            return Attack(f"{name} in {place}", outcomes, replies, account, HOSTILE)

        facts = with_members(createdBy=text, lastModifiedBy=text), with_region(statusMessage=text)
        yield attack("createdBy", HARMLESS, {GET: facts[0]})
        tags = always(
            answer({"tags": {"Team": "Resilience", text: text, "__ansible_unsafe": text, "__ansible_type": text}})
        )
        yield attack("statusMessage and tags", HARMLESS, {GET: facts[1], TAGS: tags})
        yield attack(
            "Region's status", NOT_PASSED, {GET: with_region(status=text, sseKmsKeyId=text, statusMessage=text)}
        )
        yield attack(
            "status and a tag",
            NOT_PASSED,
            {GET: with_members(status=text), TAGS: always(answer({"tags": {"Team": text}}))},
        )
        yield attack("a Region's name", NOT_PASSED, {GET: with_regions(text)})
        yield attack("an ARN", UNKNOWN, {LIST: always(answer({"replicationSetArns": [text]}))})
        body = {"message": text, "code": text, "__type": text, "Message": text}
        yield attack("an error", UNKNOWN, {LIST: always(answer(body, "400 Error"))})
        one_line = re.sub("[^ -~\x80-\xff]", " ", text)
        head = answer(body, f"403 {one_line}", headers={"x-amzn-ErrorType": one_line, "X-Hostile": one_line})
        yield attack("a header", UNKNOWN, {LIST: always(head)})
        escaped = html.escape(re.sub("[^\t\n\r -\ud7ff]", " ", text))
        yield attack("an error of STS", UNKNOWN, {ASSUME: always(sts_error(escaped, escaped))}, way="role")
        yield attack("a page", UNKNOWN, {LIST: always(answer(text, content_type="text/html"))})


# Secrets that come back -----------------------------------------------------------------------------------------------


def _echoes() -> Iterator[Attack]:
    """Every secret of an account comes back, in each place of a response, for each way to reach an account."""

    def all_secrets(request: Request) -> str:
        """Return all secrets of the account, the long ones last, as they are, in quotes and between other letters."""
        secrets = sorted(request.account.secrets, key=len)
        return " ".join(form.format(secret) for form in ("{}", "'{}',", "<{}>x{};") for secret in secrets[:2] + secrets)

    def quoting(reply: Callable[[str], Answer]) -> Reply:
        return lambda request: reply(all_secrets(request))

    def headers_of(request: Request) -> str:
        return "\n".join(f"{key}: {value}" for key, value in request.headers.items())

    places: dict[str, tuple[frozenset[str], Replies]] = {
        "an error": (UNKNOWN, {LIST: quoting(lambda text: error("AccessDeniedException", f"Not with {text}", 403))}),
        "statusMessage": (HARMLESS, {GET: lambda request: with_region(statusMessage=all_secrets(request))(request)}),
        "the headers": (UNKNOWN, {LIST: lambda request: error("InvalidSignatureException", headers_of(request), 403)}),
        "a page": (UNKNOWN, {LIST: lambda request: answer(f"<pre>{headers_of(request)}</pre>", 200, "text/html")}),
        "a code": (UNKNOWN, {LIST: lambda request: error(min(request.account.secrets, key=len), "No", 400)}),
        "the status line": (UNKNOWN, {LIST: quoting(lambda text: answer("", f"403 {text}"))}),
        "an ARN": (UNKNOWN, {LIST: quoting(lambda text: answer({"replicationSetArns": [text]}))}),
        "createdBy": (HARMLESS, {GET: lambda request: with_members(createdBy=all_secrets(request))(request)}),
        "a status": (NOT_PASSED, {GET: lambda request: with_members(status=all_secrets(request))(request)}),
        "a key": (NOT_PASSED, {GET: lambda request: with_region(sseKmsKeyId=all_secrets(request))(request)}),
        "a Region's name": (NOT_PASSED, {GET: lambda request: with_regions(all_secrets(request))(request)}),
        "a tag": (HARMLESS, {TAGS: quoting(lambda text: answer({"tags": {"Team": "Resilience", "Other": text}}))}),
        "the tag of the rule": (NOT_PASSED, {TAGS: quoting(lambda text: answer({"tags": {"Team": text}}))}),
        "not HTTP": (UNKNOWN, {LIST: quoting(lambda text: Answer(f"{text}\r\n\r\n".encode()))}),
        "a redirect": (
            UNKNOWN,
            {LIST: quoting(lambda text: answer("", "302 Found", headers={"Location": f"/{text}"}))},
        ),
    }
    ways = ("temporary keys", "password in endpoint_url", "keys", "role", "profile", "role of profile")
    for number, (name, (outcomes, replies)) in enumerate(places.items()):
        for way in ways if number < 2 else ways[:1]:
            yield Attack(f"echo: {name}, {way}", outcomes, replies, {"way": way}, ECHO)

    # What STS receives, and what it issues.
    sts: dict[str, Reply] = {
        "the request": lambda request: sts_error("AccessDenied", html.escape(f"{headers_of(request)}\n{request.body}")),
        "credentials in text": lambda request: answer(all_secrets(request), 200, "text/plain"),
        "credentials cut short": lambda request: Answer(in_order(request).data[:-60]),
        "credentials that are not closed": _instead("</SessionToken>", ""),
        "credentials with a line break": _instead("(<SessionToken>.{400})", "\\1\n"),
        "credentials with a foreign letter": _instead("(<SessionToken>.{400})", r"\1&#8232;"),
        "credentials with an entity": _instead("</SessionToken>", "&nothing;</SessionToken>"),
    }
    for name, reply in sts.items():
        for way in ("role", "role of profile"):
            yield Attack(f"echo: STS, {name}, {way}", UNKNOWN, {ASSUME: reply}, {"way": way}, ECHO)
    # A secret that was read from a file or from a block of YAML can end with a line break.
    for name in ("secret_key", "session_token"):
        yield Attack(
            f"echo: {name} with a line break", HARMLESS, {}, {"way": "temporary keys", "line_break": name}, ECHO
        )
