// Copyright: (c) 2026, incident_manager.aws contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Tests of the local endpoint with the AWS SDK for JavaScript v3. "make conformance" runs them.

"use strict";

const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const sdk = require("@aws-sdk/client-ssm-incidents");

const endpoint = process.env.INCIDENT_MANAGER_ENDPOINT;
const REGION = "us-east-1";
const UNKNOWN_ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57";

function client(region = REGION) {
  return new sdk.SSMIncidentsClient({ endpoint, region, maxAttempts: 1 });
}

// Send a control request (tests/endpoint/README.md), and return its answer.
async function control(method, path, body) {
  const answer = await fetch(`${endpoint}/incident-manager-endpoint/${path}`, { method, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function statuses(arn) {
  const { replicationSet } = await client().send(new sdk.GetReplicationSetCommand({ arn }));
  const regions = Object.entries(replicationSet.regionMap).map(([name, region]) => [name, region.status]);
  return [replicationSet.status, Object.fromEntries(regions)];
}

beforeEach(() => control("POST", "reset"));

test("all operations of replication sets, the paginator and the waiters", async () => {
  const incidents = client();
  const waiting = { client: incidents, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  const { arn } = await incidents.send(
    new sdk.CreateReplicationSetCommand({ regions: { [REGION]: {}, "eu-west-1": {} }, tags: { Team: "ops" } }),
  );
  assert.deepEqual(await statuses(arn), ["CREATING", { [REGION]: "CREATING", "eu-west-1": "CREATING" }]);
  const active = await sdk.waitUntilWaitForReplicationSetActive(waiting, { arn });
  assert.equal(active.state, "SUCCESS");

  const actions = [{ addRegionAction: { regionName: "us-west-2" } }];
  await incidents.send(new sdk.UpdateReplicationSetCommand({ arn, actions }));
  assert.equal((await statuses(arn))[0], "UPDATING");
  await sdk.waitUntilWaitForReplicationSetActive(waiting, { arn });
  assert.deepEqual(await statuses(arn), ["ACTIVE", { [REGION]: "ACTIVE", "eu-west-1": "ACTIVE", "us-west-2": "ACTIVE" }]);

  await control("POST", "settings", { empty_list_pages: 2 });
  const pages = [];
  for await (const page of sdk.paginateListReplicationSets({ client: client("sa-east-1"), pageSize: 1 }, {})) {
    pages.push(page.replicationSetArns);
  }
  assert.deepEqual(pages, [[], [], [arn]]);

  await incidents.send(new sdk.TagResourceCommand({ resourceArn: arn, tags: { "Cost center": "a/b", Stage: "" } }));
  await incidents.send(new sdk.UntagResourceCommand({ resourceArn: arn, tagKeys: ["Team", "Unknown"] }));
  const { tags } = await incidents.send(new sdk.ListTagsForResourceCommand({ resourceArn: arn }));
  assert.deepEqual(tags, { "Cost center": "a/b", Stage: "" });

  await incidents.send(new sdk.UpdateDeletionProtectionCommand({ arn, deletionProtected: true }));
  await assert.rejects(incidents.send(new sdk.DeleteReplicationSetCommand({ arn })), sdk.ValidationException);
  await incidents.send(new sdk.UpdateDeletionProtectionCommand({ arn, deletionProtected: false }));
  const { replicationSet } = await incidents.send(new sdk.GetReplicationSetCommand({ arn }));
  assert.equal(replicationSet.deletionProtected, false);
  assert.ok(replicationSet.createdTime instanceof Date && replicationSet.lastModifiedTime >= replicationSet.createdTime);

  await incidents.send(new sdk.DeleteReplicationSetCommand({ arn }));
  const deleted = await sdk.waitUntilWaitForReplicationSetDeleted(waiting, { arn });
  assert.equal(deleted.state, "SUCCESS");
  await assert.rejects(statuses(arn), sdk.ResourceNotFoundException);

  const calls = await control("GET", "requests");
  assert.deepEqual([...new Set(calls.map((call) => call.operation))].sort(), [
    "CreateReplicationSet",
    "DeleteReplicationSet",
    "GetReplicationSet",
    "ListReplicationSets",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateDeletionProtection",
    "UpdateReplicationSet",
  ]);
});

test("the waiters fail for a set that has failed", async () => {
  const body = { status: "FAILED", regionMap: { [REGION]: { status: "FAILED" } } };
  const { arn } = await control("POST", "seed", { body });
  for (const wait of [sdk.waitUntilWaitForReplicationSetActive, sdk.waitUntilWaitForReplicationSetDeleted]) {
    await assert.rejects(wait({ client: client(), maxWaitTime: 60 }, { arn }), /FAILURE/);
  }
});

test("the service's errors arrive as the SDK's classes, with their members", async () => {
  const regions = { [REGION]: {} };
  await assert.rejects(client().send(new sdk.GetReplicationSetCommand({ arn: UNKNOWN_ARN })), (error) => {
    assert.ok(error instanceof sdk.ResourceNotFoundException);
    assert.equal(error.resourceIdentifier, UNKNOWN_ARN);
    assert.equal(error.$metadata.httpStatusCode, 404);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return true;
  });
  const foreign = UNKNOWN_ARN.replace("123456789012", "222222222222");
  await assert.rejects(
    client().send(new sdk.ListTagsForResourceCommand({ resourceArn: foreign })),
    sdk.AccessDeniedException,
  );
  const { arn } = await client().send(new sdk.CreateReplicationSetCommand({ regions }));
  await assert.rejects(client().send(new sdk.CreateReplicationSetCommand({ regions })), (error) => {
    assert.ok(error instanceof sdk.ServiceQuotaExceededException);
    assert.equal(error.serviceCode, "ssm-incidents");
    return true;
  });
  const actions = [{ deleteRegionAction: { regionName: REGION } }];
  await assert.rejects(client().send(new sdk.UpdateReplicationSetCommand({ arn, actions })), (error) => {
    assert.ok(error instanceof sdk.ConflictException);
    assert.equal(error.resourceIdentifier, arn);
    return true;
  });
});

for (const name of [
  "AccessDeniedException",
  "ConflictException",
  "InternalServerException",
  "ResourceNotFoundException",
  "ServiceQuotaExceededException",
  "ThrottlingException",
  "ValidationException",
]) {
  test(`the error ${name} of a fault rule`, async () => {
    await control("POST", "faults", [{ fault: "error", code: name, message: "As asked for" }]);
    await assert.rejects(
      client().send(new sdk.TagResourceCommand({ resourceArn: UNKNOWN_ARN, tags: { a: "b" } })),
      (error) => error instanceof sdk[name] && error.message === "As asked for",
    );
  });
}

test("the faults throttle and internal", async () => {
  await control("POST", "faults", [{ fault: "throttle" }, { fault: "internal" }]);
  const list = () => client().send(new sdk.ListReplicationSetsCommand({}));
  await assert.rejects(list(), (error) => {
    assert.ok(error instanceof sdk.ThrottlingException);
    assert.equal(error.$metadata.httpStatusCode, 429);
    return true;
  });
  await assert.rejects(list(), sdk.InternalServerException);
  assert.deepEqual((await list()).replicationSetArns, []);
});

test("operations that are not served", async () => {
  await assert.rejects(client().send(new sdk.ListIncidentRecordsCommand({})), (error) => {
    assert.ok(error instanceof sdk.SSMIncidentsServiceException);
    assert.equal(error.name, "UnknownOperationException");
    return true;
  });
  const { responsePlanSummaries } = await client().send(new sdk.ListResponsePlansCommand({}));
  assert.deepEqual(responsePlanSummaries, []);
});
