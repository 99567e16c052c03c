// The same job in Node.js: over HTTP, verify an ES256 token and read one item;
// as a worker, write one item per message and report failures by message.

import crypto from "node:crypto";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { run } from "./runtime.mjs";

const { TABLE_NAME, PUBLIC_JWK, JOB } = process.env;
const client = new DynamoDBClient({});
const key = PUBLIC_JWK && crypto.createPublicKey({ key: JSON.parse(PUBLIC_JWK), format: "jwk" });

function verified(authorization = "") {
  const [head, claims, signature] = authorization.replace(/^Bearer /, "").split(".");
  if (!signature) return undefined;
  const ok = crypto.verify(
    "sha256",
    Buffer.from(`${head}.${claims}`),
    { key, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const payload = ok ? JSON.parse(Buffer.from(claims, "base64url")) : undefined;
  return payload && payload.exp > Date.now() / 1000 ? payload : undefined;
}

function answer(statusCode, body) {
  const headers = { "content-type": "application/json" };
  return { statusCode, headers, body: JSON.stringify(body), isBase64Encoded: false };
}

function log(fields) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`);
}

async function http(event) {
  const caller = verified(event.headers.authorization);
  if (!caller) return answer(401, { title: "Unauthorized" });
  const id = event.rawPath.split("/").pop();
  const { Item } = await client.send(
    new GetItemCommand({ TableName: TABLE_NAME, Key: { pk: { S: id }, sk: { S: "ITEM" } } }),
  );
  log({ route: event.rawPath, status: Item ? 200 : 404, actor: caller.sub });
  return Item ? answer(200, JSON.parse(Item.body.S)) : answer(404, { title: "Not Found" });
}

async function worker(event) {
  const batchItemFailures = [];
  for (const { messageId, body } of event.Records) {
    try {
      JSON.parse(body);
      await client.send(
        new PutItemCommand({
          TableName: TABLE_NAME,
          Item: { pk: { S: messageId }, sk: { S: "ITEM" }, body: { S: body } },
          ConditionExpression: "attribute_not_exists(pk)",
        }),
      );
    } catch {
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  log({ messages: event.Records.length, failed: batchItemFailures.length });
  return { batchItemFailures };
}

run(JOB === "worker" ? worker : http);
