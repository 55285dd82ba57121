# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that hold after every world. Each rule is a function that yields how a simulation breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import COLLECTION_ADVICE

from .orders import MAX_REGIONS, best_order
from .run import Run, Simulation
from .scenario import DEFAULT_KEY
from .world import SOMEBODY_ELSE, Call, State

#: How much longer than wait_timeout a run may take, in seconds.
MAX_OVERTIME = 15

What = tuple[Any, ...]
Check = Callable[[Simulation], Iterator[str]]


# What is asked --------------------------------------------------------------------------------------------------------


def differences(state: State | None, params: Mapping[str, Any]) -> list[str]:
    """Return how a state differs from what a task asks for."""
    if params["state"] == "absent":
        return [f"the set {state.arn} is there"] if state and state.arn == params["arn"] else []
    if state is None:
        return ["there is no set"]
    found = []
    if params["regions"] is not None:
        names = {region["name"] for region in params["regions"]}
        if names - set(state.regions) or (params["purge_regions"] and set(state.regions) - names):
            found.append(f"the Regions are {sorted(state.regions)}, not {sorted(names)}")
        for region in params["regions"]:
            key, actual = region.get("sse_kms_key_id"), state.regions.get(region["name"])
            if key is not None and actual not in (key, None):
                found.append(f"the key of {region['name']} is {actual}")
    if params["deletion_protected"] not in (None, state.protected):
        found.append(f"deletion protection is {state.protected}")
    if params["tags"] is not None:
        missing = {key for key, value in params["tags"].items() if state.tags.get(key) != value}
        if missing or (params["purge_tags"] and set(state.tags) - set(params["tags"])):
            found.append(f"the tags are {state.tags}")
    return found


def target_regions(state: State, params: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the Regions that a task asks for, each with its key."""
    if params["regions"] is None:
        return dict(state.regions)
    target = {} if params["purge_regions"] else dict(state.regions)
    for region in params["regions"]:
        name = region["name"]
        target[name] = region.get("sse_kms_key_id") or state.regions.get(name, DEFAULT_KEY)
    return target


def is_possible(state: State, params: Mapping[str, Any]) -> bool:
    """Tell whether the service can make the Regions what a task asks for."""
    target = target_regions(state, params)
    kinds = {key == DEFAULT_KEY for key in (*state.regions.values(), *target.values())}
    return len(target) <= MAX_REGIONS and len(kinds) <= 1 and best_order(state.regions, target) is not None


# What was done --------------------------------------------------------------------------------------------------------


def what_of_action(action: Mapping[str, Any]) -> What:
    """Return what a step of the module's result asks AWS for; what_of_call() returns the same for a call."""
    kind = action["action"]
    if kind == "create_replication_set":
        return ("create", frozenset(action["regions"].items()))
    if kind == "add_region":
        return ("add", action["region"], action["sse_kms_key_id"])
    if kind == "delete_region":
        return ("delete Region", action["region"])
    if kind == "update_deletion_protection":
        return ("protect", action["deletion_protected"])
    if kind == "tag_resource":
        return ("tag", frozenset(action["tags"].items()))
    if kind == "untag_resource":
        return ("untag", frozenset(action["tag_keys"]))
    return ("delete",)


def what_of_call(call: Call) -> What:
    given = call.arguments
    if call.operation == "CreateReplicationSet":
        keys = {name: config.get("sseKmsKeyId", DEFAULT_KEY) for name, config in given["regions"].items()}
        return ("create", frozenset(keys.items()))
    if call.operation == "UpdateReplicationSet":
        action = given["actions"][0]
        if "addRegionAction" in action:
            adding = action["addRegionAction"]
            return ("add", adding["regionName"], adding.get("sseKmsKeyId", DEFAULT_KEY))
        return ("delete Region", action["deleteRegionAction"]["regionName"])
    if call.operation == "UpdateDeletionProtection":
        return ("protect", given["deletionProtected"])
    if call.operation == "TagResource":
        return ("tag", frozenset(given["tags"].items()))
    if call.operation == "UntagResource":
        return ("untag", frozenset(given["tagKeys"]))
    return ("delete",)


def _topics(what: What) -> set[tuple[Any, ...]]:
    """Return what a write is about."""
    if what[0] in ("add", "delete Region"):
        return {("region", what[1])}
    if what[0] == "tag":
        return {("tag", key) for key, _value in what[1]}
    if what[0] == "untag":
        return {("tag", key) for key in what[1]}
    return {("set",)} if what[0] in ("create", "delete") else {(what[0],)}


def others_writes(simulation: Simulation, run: Run) -> list[Call]:
    """Return the writes of others that changed something during a run: those of somebody else, and late writes of earlier
    runs."""
    return [
        call
        for call in simulation.world.calls
        if call.is_write and call.took_effect and call.done_in == run.number
        if call.by == SOMEBODY_ELSE or call.run != run.number
    ]


def own_writes(run: Run) -> list[Call]:
    """Return the writes of a run that changed something while it ran."""
    return [call for call in run.writes if call.took_effect and call.done_in == run.number]


def is_in_doubt(call: Call) -> bool:
    """Tell whether the caller of a write can't know whether AWS has carried it out."""
    return bool(call.outcome) and call.fault.removesuffix(" after") in (
        *("error", "reset", "hang", "late", "malformed", "drop", "503", "throttled", "interrupt"),
    )


def reported(run: Run) -> State | None:
    """Return the state that AWS reported to a run last; None for no set."""
    read = _last_answer(run, "GetReplicationSet")
    if read is None:
        return None
    tags = _last_answer(run, "ListTagsForResource")
    infos = read.answer["regionMap"]
    return State(
        read.arguments["arn"],
        {name: info.get("sseKmsKeyId") for name, info in infos.items()},
        bool(read.answer.get("deletionProtected")),
        tags.answer if tags else {},
        read.answer["status"],
        {name: info["status"] for name, info in infos.items()},
    )


def _last_answer(run: Run, operation: str) -> Call | None:
    """Return the last call that was answered. If it was made side by side with others, return the first of them."""
    answered = [call for call in run.own_calls if call.operation == operation and not call.outcome]
    return next((call for call in answered if call.at == answered[-1].at), None)


def is_at_rest(simulation: Simulation, run: Run) -> bool:
    """Tell whether what AWS reported to a run is the truth: nothing lags, and nobody else changed anything."""
    scenario = simulation.scenario
    is_lagging = bool(scenario.lag) and not run.is_calm
    has_late = any(call.fault == "late" for call in simulation.world.calls if call.run <= run.number)
    return not (is_lagging or scenario.respelled or has_late or others_writes(simulation, run))


# The rules ------------------------------------------------------------------------------------------------------------


def the_set_is_never_without_a_region(simulation: Simulation) -> Iterator[str]:
    """Only a task with state: absent and the set's ARN deletes the set or its last Region."""
    for run in simulation.runs:
        for call in run.writes:
            if call.took_effect and call.after is None:
                asked = run.params["state"] == "absent" and call.before and call.before.arn == run.params["arn"]
                if not asked:
                    yield f"run {run.number} deleted the set: {call}"


def no_fewer_regions_than_necessary(simulation: Simulation) -> Iterator[str]:
    """A run never has fewer Regions than the best order of steps, and never takes more steps, unless somebody else changes
    Regions or Regions fail."""
    scenario = simulation.scenario
    for run in simulation.runs:
        if run.before is None or run.params["state"] == "absent" or scenario.fails or scenario.respelled:
            continue
        others = {topic for call in others_writes(simulation, run) for topic in _topics(what_of_call(call))}
        if any(topic[0] in ("region", "set") for topic in others) or "FAILED" in run.before.statuses.values():
            continue
        best = best_order(run.before.regions, target_regions(run.before, run.params))
        if best is None:
            continue
        sizes = [len(run.before.regions)]
        for call in own_writes(run):
            if call.operation == "UpdateReplicationSet":
                sizes.append(len(call.after.regions) if call.after else 0)
        if min(sizes) < min(best.sizes):
            yield f"run {run.number} went down to {min(sizes)} Regions, but needed to go only to {min(best.sizes)}"
        if len(sizes) > len(best.sizes):
            yield f"run {run.number} took {len(sizes) - 1} steps for Regions, but needed only {best.steps}"


def changed_is_true_if_a_write_took_effect(simulation: Simulation) -> Iterator[str]:
    """changed is true if and only if a write of the run took effect. If the outcome of a write is unknown, both are right."""
    for run in simulation.runs:
        if run.killed:
            continue
        changed = bool(run.result.get("changed"))
        if own_writes(run) and not changed:
            yield f"run {run.number}: changed is false, and AWS has done {own_writes(run)[0]}"
        accepted = [call for call in run.writes if call.is_accepted]
        same = _topics_of_others(simulation, run)
        shared = any(same & _topics(what_of_call(call)) for call in run.writes)
        if changed and not (accepted or shared or run.actions("unknown")):
            yield f"run {run.number}: changed is true, and AWS has done nothing"


def _topics_of_others(simulation: Simulation, run: Run) -> set[tuple[Any, ...]]:
    """Return what others have changed during a run. If reads lag, the task's earlier runs count as others too."""
    others = others_writes(simulation, run)
    if simulation.scenario.lag:
        others += [call for earlier in simulation.runs if earlier.number < run.number for call in own_writes(earlier)]
    topics = {topic for call in others for topic in _topics(what_of_call(call))}
    if ("set",) in topics:
        # Who deletes the set also deletes its Regions and its tags.
        topics |= {topic for call in run.writes for topic in _topics(what_of_call(call))}
    return topics


def actions_are_the_writes(simulation: Simulation) -> Iterator[str]:
    """The actions with the status done are the writes that took effect, each once. If somebody else did the same at the same
    time, the action may count for either of them."""
    for run in simulation.runs:
        if run.killed:
            continue
        done = Counter(what_of_action(action) for action in run.actions("done"))
        unknown = {what_of_action(action) for action in run.actions("unknown")}
        for call in own_writes(run):
            if what_of_call(call) not in {*done, *unknown}:
                yield f"run {run.number}: the actions leave out {call}"
        accepted = Counter(what_of_call(call) for call in run.writes if call.is_accepted)
        others = _topics_of_others(simulation, run)
        for what, number in done.items():
            if number > max(1, accepted[what]):
                yield f"run {run.number}: the actions have {what} {number} times, and AWS has carried it out {accepted[what]} times"
            was_sent = any(what_of_call(call) == what for call in run.writes)
            if not accepted[what] and not (was_sent and others & _topics(what)):
                yield f"run {run.number}: the actions have {what} as done, and AWS has not done it"


def only_a_step_in_doubt_is_unknown(simulation: Simulation) -> Iterator[str]:
    """An action has the status unknown only if it was sent and AWS has not said whether it was accepted."""
    for run in simulation.runs:
        for action in run.actions("unknown"):
            what = what_of_action(action)
            calls = [call for call in run.writes if what_of_call(call) == what]
            if not any(is_in_doubt(call) for call in calls):
                yield f"run {run.number}: {what} is unknown, and AWS has answered"


def a_success_has_the_desired_state(simulation: Simulation) -> Iterator[str]:
    """After a success, the set is as the task asked, and no change is in progress. If reads lag or somebody else changed the
    set, what AWS reported counts instead of the truth. Without wait, the one step was taken."""
    for run in simulation.runs:
        if not run.succeeded:
            continue
        if not run.params["wait"]:
            took_none = run.planned and not run.actions("done") and not others_writes(simulation, run)
            # A run that was killed may have taken the step.
            was_taken = any(other.killed for other in simulation.runs) and not differences(run.after, run.params)
            if took_none and not was_taken:
                yield f"run {run.number} succeeded without its step"
            continue
        if is_at_rest(simulation, run):
            state = run.after
        else:
            state = None if run.result.get("exists") is False else reported(run)
        wrong = differences(state, run.params)
        if state and run.params["state"] == "present":
            asked = {region["name"] for region in run.params["regions"] or []}
            wrong += [
                f"{name} is {status}"
                for name, status in state.statuses.items()
                if status not in ("ACTIVE", "FAILED") or (status == "FAILED" and name in asked)
            ]
        if wrong:
            yield f"run {run.number} succeeded, but {', '.join(wrong)}"


def facts_match_the_set(simulation: Simulation) -> Iterator[str]:
    """After a success, exists says whether the account has a set, and the Regions, protection and tags are those of the set."""
    for run in simulation.runs:
        if not run.succeeded or not run.params["wait"] or not is_at_rest(simulation, run):
            continue
        if run.result["replication_set"].get("status") == "DELETING":
            continue
        if run.result["exists"] != (run.after is not None):
            yield f"run {run.number}: exists is {run.result['exists']}, and the set is {run.after}"
        elif run.after:
            facts = run.result["replication_set"]
            returned = (facts["arn"], set(facts["region_map"]), facts["deletion_protected"])
            actual = (run.after.arn, set(run.after.statuses), run.after.protected)
            if returned != actual or facts["tags"] not in (None, run.after.tags):
                yield f"run {run.number} returned {returned} with the tags {facts['tags']}, and the set is {run.after}"


def a_failure_quotes_aws(simulation: Simulation) -> Iterator[str]:
    """The message of a failure has the words of the last refusal that matters."""
    for run in simulation.runs:
        if run.failure is None:
            continue
        text, code = str(run.failure), run.failure.code
        if simulation.scenario.settings.get("empty_list_pages", 0) >= 100:
            # A list that does not end fails although each of its calls succeeds.
            continue
        failed = [call for call in run.own_calls if call.words]
        if code not in COLLECTION_ADVICE or code == "MalformedAnswer":
            relevant = [call for call in failed if call.code == code]
            if code == "ReadTimeoutError":
                relevant = [call for call in failed if call.fault.removesuffix(" after") in ("hang", "late")]
        elif code in ("WaitTimeout", "SearchIncomplete"):
            relevant = _refusals_that_matter(run)
            # If somebody else has undone the change, the message says that instead.
            if not relevant or "does not report the change" in text:
                continue
        elif code == "ChangeNotVisible":
            yield from (f"run {run.number}: {form} is not in {text}" for form in _forms(run) if form not in text)
            continue
        elif code == "ReplicationSetFailed":
            messages = [info.get("statusMessage") for info in _reported_regions(run) if info["status"] == "FAILED"]
            if messages and not any(message in text for message in messages if message):
                yield f"run {run.number}: none of {messages} is in {text}"
            continue
        else:
            continue
        if not any(_is_quoted(call, text) for call in relevant):
            yield f"run {run.number}: {code}: none of {[str(call) for call in relevant[-3:]]} is in {text}"


def _forms(run: Run) -> list[str]:
    """Return the keys and the values of tags that AWS reports in another form than the run gave them, with their own form."""
    state = reported(run)
    forms: list[str] = []
    if state is None:
        return forms
    for call in run.writes:
        what = what_of_call(call)
        if call.outcome:
            # The run does not know that AWS has accepted it.
            continue
        if call.is_accepted and what[0] == "add":
            actual = state.regions.get(what[1], what[2])
            forms += [what[2], actual] if actual not in (None, what[2]) else []
        elif call.is_accepted and what[0] == "tag":
            forms += [value for key, value in what[1] if state.tags.get(key) != value]
    return forms


def _is_quoted(call: Call, text: str) -> bool:
    is_timeout = call.fault.removesuffix(" after") in ("hang", "late")
    # What has only a status is not from AWS, and is not quoted.
    is_bare = call.code.isdigit() and f"HTTP status {call.code}" in text
    return call.words in text or is_bare or (is_timeout and "no response within" in text)


def _reported_regions(run: Run) -> list[Mapping[str, Any]]:
    return [
        info
        for call in run.own_calls
        if call.operation == "GetReplicationSet" and not call.outcome
        for info in call.answer["regionMap"].values()
    ]


def _refusals_that_matter(run: Run) -> list[Call]:
    """Return the calls of which a timeout must quote at least one: those that have failed since the set was last read. If
    there is none and no change is in progress, return the calls of the step that was not taken. Return no call if the
    account does not have the set."""
    calls = run.own_calls
    reads = [number for number, call in enumerate(calls) if call.operation == "GetReplicationSet" and not call.outcome]
    since = calls[reads[-1] + 1 :] if reads else calls
    lists = [call.answer for call in since if call.operation == "ListReplicationSets" and not call.outcome]
    arn = calls[reads[-1]].arguments["arn"] if reads else run.params["arn"]
    if any(arn not in answer["replicationSetArns"] for answer in lists if arn and "nextToken" not in answer):
        return []
    failed = [call for call in since if call.words]
    pending = [call for call in run.writes if call.words and what_of_call(call) == what_of_call(run.writes[-1])]
    if failed:
        return [*failed, *pending]
    done = {what_of_action(action) for action in run.actions("done")}
    state = reported(run)
    is_moving = state and {state.status, *state.statuses.values()} - {"ACTIVE", "FAILED"}
    last = what_of_call(run.writes[-1]) if run.writes else ("none",)
    # Somebody else may have added or deleted the Region in the meantime.
    regions = state.regions if state else {}
    was_taken = last in done or (last[0] == "add" and last[1] in regions)
    was_taken = was_taken or (last[0] == "delete Region" and last[1] not in regions)
    return [] if was_taken or is_moving or not state else pending


def the_time_is_bounded(simulation: Simulation) -> Iterator[str]:
    """No run takes longer than wait_timeout plus 15 seconds."""
    for run in simulation.runs:
        seconds = run.ended - run.began
        if seconds > run.params["wait_timeout"] + MAX_OVERTIME:
            yield f"run {run.number} took {seconds:.1f} s, and wait_timeout is {run.params['wait_timeout']}"


def every_failure_is_explained(simulation: Simulation) -> Iterator[str]:
    """A run ends with no exception but the collection's own, and never with the code UnexpectedError."""
    for run in simulation.runs:
        if run.crash:
            yield f"run {run.number} ended with {run.crash!r}"
        if run.failure and run.failure.code == "UnexpectedError":
            yield f"run {run.number}: {run.failure}"


def a_run_removes_only_what_it_planned(simulation: Simulation) -> Iterator[str]:
    """A run removes only what is in the plan that it made before its first change."""
    for run in simulation.runs:
        planned: set[tuple[Any, ...]] = set()
        for step in run.planned:
            what = what_of_action({"action": step.action, **vars(step)})
            if what in (("delete",), ("protect", False)) or what[0] in ("delete Region", "untag"):
                planned |= {(what[0], name) for name in what[1]} if what[0] == "untag" else {what}
        for call in own_writes(run):
            before, after = call.before, call.after
            removed: set[tuple[Any, ...]] = set()
            if after is None:
                removed.add(("delete",))
            elif before and call.operation != "DeleteReplicationSet":
                removed |= {("delete Region", name) for name in set(before.regions) - set(after.regions)}
                removed |= {("untag", key) for key in set(before.tags) - set(after.tags)}
                removed |= {("protect", False)} if before.protected and not after.protected else set()
            if removed - planned:
                yield f"run {run.number}: {removed - planned} was not planned: {call}"


def a_step_is_taken_once(simulation: Simulation) -> Iterator[str]:
    """A step that AWS has answered is not sent again in the same run. No step takes effect twice, unless somebody else has
    undone it."""
    for run in simulation.runs:
        answered: set[What] = set()
        effective: Counter[What] = Counter()
        others = _topics_of_others(simulation, run)
        for call in run.writes:
            what = what_of_call(call)
            if what in answered:
                yield f"run {run.number} sent again: {call}"
            if not call.outcome:
                answered.add(what)
            effective[what] += call.took_effect
            if effective[what] > 1 and not _topics(what) & others:
                yield f"run {run.number} did twice: {call}"


def without_wait_one_step_is_sent(simulation: Simulation) -> Iterator[str]:
    """A task that does not wait sends one step."""
    for run in simulation.runs:
        sent = {what_of_call(call) for call in run.writes}
        if not run.params["wait"] and len(sent) > 1:
            yield f"run {run.number} sent {sent}"


def it_converges(simulation: Simulation) -> Iterator[str]:
    """Once everything works, the task reaches its desired state within a few runs and then changes nothing, unless the service
    does not support the change."""
    last = simulation.runs[-1]
    if simulation.scenario.respelled:
        return
    if last.failure:
        if not is_impossible(last.failure.code, last.after, last.params):
            yield f"run {last.number} failed although everything works: {last.failure}"
        return
    if last.crash:
        yield f"run {last.number} failed although everything works: {last.crash!r}"
        return
    if last.result["changed"] or last.writes:
        yield f"run {last.number} still changes something"
    wrong = differences(last.after, last.params)
    if wrong:
        yield f"run {last.number} succeeded, but {', '.join(wrong)}"


#: Temporary faults: the same call succeeds later.
_PASSING = ("error", "reset", "hang", "late", "malformed", "conflict", "conflict until")


def temporary_faults_do_not_stop_a_task(simulation: Simulation) -> Iterator[str]:
    """The first run of a task with enough time succeeds, whatever happens to single calls and however many Regions are down.
    This needs a working Region that is in the set all the time. Nobody else may change the set, and no Region may fail."""
    scenario, run = simulation.scenario, simulation.runs[0]
    is_hindered = scenario.acts or scenario.fails or scenario.respelled or scenario.settings.get("min_region_age_hours")
    is_hindered = is_hindered or scenario.settings.get("empty_list_pages", 0) >= 100
    is_hindered = is_hindered or (scenario.start and scenario.start.failed)
    is_hindered = is_hindered or (scenario.seconds or 0) > 400
    if is_hindered or not run.params["wait"] or run.params["wait_timeout"] < 7200:
        return
    if any(fault.kind.removesuffix(" after") not in _PASSING for fault in scenario.faults):
        return
    if any(not outage.regions for outage in scenario.outages):
        return
    broken = {region for outage in scenario.outages for region in outage.regions}
    if run.before is None:
        # If a change takes polls, only reads of the set let it proceed, and only the Region that creates the set returns it.
        if scenario.seconds is None and any(outage.since for outage in scenario.outages):
            return
        staying = {region["name"] for region in run.params["regions"] or []}
    elif run.params["state"] == "absent":
        staying = set(run.before.regions)
    else:
        target = target_regions(run.before, run.params)
        staying = {name for name, key in run.before.regions.items() if target.get(name) == key}
    if staying - broken and run.failure and not is_impossible(run.failure.code, run.after, run.params):
        yield f"run {run.number} failed, and {', '.join(sorted(staying - broken))} works: {run.failure}"


def is_impossible(code: str, state: State | None, params: Mapping[str, Any]) -> bool:
    """Tell whether a failure with this code is right because the service, or the task itself, does not allow the change.

    :param state: the truth after the failure.
    """
    if state is None:
        asks_for_set = params["arn"] is None and params["regions"] is not None
        return code == ("UnsupportedOperationException" if asks_for_set else "NoReplicationSet")
    if params["arn"] not in (None, state.arn):
        return code == "NoReplicationSet"
    is_failed = state.status == "FAILED" or "FAILED" in state.statuses.values()
    target = target_regions(state, params)
    other_keys = any(target.get(name, key) != key for name, key in state.regions.items())
    reasons = {
        "ReplicationSetFailed": is_failed,
        # The local endpoint refuses every change of a FAILED set except its deletion, and a FAILED Region answers no call.
        "ConflictException": state.status == "FAILED",
        "ValidationException": state.status == "FAILED",
        "ResourceNotFoundException": is_failed,
        "DeletionProtected": params["state"] == "absent" and state.protected and params["deletion_protected"] is None,
        "KeyMismatch": other_keys and not params["replace_keys"],
        "UnsupportedChange": not is_possible(state, params),
    }
    return reasons.get(code, False)


CHECKS: tuple[Check, ...] = (
    the_set_is_never_without_a_region,
    no_fewer_regions_than_necessary,
    changed_is_true_if_a_write_took_effect,
    actions_are_the_writes,
    only_a_step_in_doubt_is_unknown,
    a_success_has_the_desired_state,
    facts_match_the_set,
    a_failure_quotes_aws,
    the_time_is_bounded,
    every_failure_is_explained,
    a_run_removes_only_what_it_planned,
    a_step_is_taken_once,
    without_wait_one_step_is_sent,
    it_converges,
    temporary_faults_do_not_stop_a_task,
)


def broken_rules(simulation: Simulation) -> dict[str, list[str]]:
    """Return the rules that a simulation breaks, with a description of how it breaks each."""
    broken = {check.__name__: list(check(simulation)) for check in CHECKS}
    return {name: problems for name, problems in broken.items() if problems}
