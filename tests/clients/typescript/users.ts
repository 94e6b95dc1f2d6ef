// The life of a user, through a client whose types are generated from openapi.yaml.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const url = process.argv[2];
assert(url, "the URL of the server is missing");
const token = await (await fetch(`${url}/docs/token`)).text();
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

const ada: components["schemas"]["CreateUser"] = {
  email: "ada.typescript@example.com",
  firstName: "Ada",
  lastName: "Lovelace",
  dateOfBirth: "1990-05-15",
  residencyCountry: "GR",
  language: "en",
  address: { line1: "12 Ermou", city: "Athens", postalCode: "105 63", countryCode: "GR" },
};

const created = await client.POST("/users", { body: ada });
assert.equal(created.response.status, 201);
assert(created.data);
const path = { userId: created.data.id };
assert.equal(created.response.headers.get("location"), `/users/${path.userId}`);

const read = await client.GET("/users/{userId}", { params: { path } });
assert.deepEqual(read.data, created.data);

const list = await client.GET("/users", { params: { query: { email: ada.email, residencyCountry: ["CY", "GR"] } } });
assert.deepEqual(list.data, { items: [created.data] });

// openapi-fetch sends application/json unless it is told otherwise.
const changed = await client.PATCH("/users/{userId}", {
  params: { path, header: { "If-Match": created.response.headers.get("etag") ?? "" } },
  headers: { "Content-Type": "application/merge-patch+json" },
  body: { lastName: "King", language: null, address: { city: "Patras" } },
});
const { language: _, ...rest } = created.data;
const expected = { ...rest, lastName: "King", address: { ...ada.address, city: "Patras" }, updatedAt: changed.data?.updatedAt };
assert.deepEqual(changed.data, expected);

const deleted = await client.DELETE("/users/{userId}", { params: { path } });
assert.equal(deleted.response.status, 204);

const gone = await client.GET("/users/{userId}", { params: { path } });
assert.equal(gone.error?.code, "NOT_FOUND");

// @ts-expect-error: the types know what is required, so this is an error of the compiler first.
const refused = await client.POST("/users", { body: { email: ada.email } });
assert.equal(refused.error?.errors?.length, 4);
