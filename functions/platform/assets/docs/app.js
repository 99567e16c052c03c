// The interactive description: reads /v1/openapi.json and lets the reader
// call each operation on the host that served this page. Nothing comes from
// another host, and everything is inserted as text, never as markup.
"use strict";

const METHODS = ["get", "put", "post", "patch", "delete", "head"];
const $ = (id) => document.getElementById(id);
let spec;

/** Makes an element: `el("a", { href }, "text", child)`. */
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** Follows local references, so that a schema is always an object. */
function resolve(thing) {
  for (let hops = 0; thing && thing.$ref && hops < 20; hops++) {
    thing = thing.$ref.slice(2).split("/").reduce(
      (at, part) => at && at[part.replaceAll("~1", "/").replaceAll("~0", "~")], spec);
  }
  return thing || {};
}

const refName = (schema) => schema && schema.$ref && schema.$ref.split("/").pop();
const typesOf = (schema) => [].concat(schema.type || []).filter((type) => type !== "null");

/** The schema in one line: `string (date-time)`, `Event[]`, `"a" | "b"`. */
function typeText(schema) {
  if (!schema) return "";
  if (schema.$ref) return refName(schema);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = (schema.oneOf || schema.anyOf || []).filter((one) => one.type !== "null");
  if (choices.length) return choices.map(typeText).join(" | ");
  if (schema.allOf) return schema.allOf.map(typeText).join(" & ");
  const type = typesOf(schema).join(" | ") || "any";
  if (type === "array") return typeText(schema.items) + "[]";
  return type + (schema.format ? ` (${schema.format})` : "");
}

/** An example value: the one given, or one made from the schema. */
function example(schema, seen = []) {
  const name = refName(schema);
  if (name && seen.includes(name)) return {};
  const path = name ? [...seen, name] : seen;
  const it = resolve(schema);
  if (it.example !== undefined) return it.example;
  if (it.examples && it.examples.length) return it.examples[0];
  if (it.default !== undefined && it.default !== null) return it.default;
  if (it.const !== undefined) return it.const;
  if (it.enum) return it.enum[0];
  const choices = (it.oneOf || it.anyOf || []).filter((one) => one.type !== "null");
  if (choices.length) return example(choices[0], path);
  if (it.allOf) return Object.assign({}, ...it.allOf.map((one) => example(one, path)));
  switch (typesOf(it)[0]) {
    case "array": return it.items ? [example(it.items, path)] : [];
    case "integer": case "number": return it.minimum || 0;
    case "boolean": return false;
    case "string": return textExample(it.format);
    default: return Object.fromEntries(Object.entries(it.properties || {})
      .filter(([, property]) => !resolve(property).readOnly)
      .map(([key, property]) => [key, example(property, path)]));
  }
}

function textExample(format) {
  switch (format) {
    case "date-time": return new Date(Math.ceil(Date.now() / 864e5 + 7) * 864e5).toISOString();
    case "date": return new Date().toISOString().slice(0, 10);
    case "email": return "ada@example.org";
    case "uri": return "https://example.org/";
    case "uuid": return crypto.randomUUID();
    default: return "";
  }
}

/** Rows of a schema's fields, nested ones indented; recursion stops at itself. */
function fieldRows(schema, depth = 0, seen = []) {
  const name = refName(schema);
  if ((name && seen.includes(name)) || depth > 4) return [];
  const path = name ? [...seen, name] : seen;
  const it = resolve(schema);
  if (typesOf(it)[0] === "array" && it.items) return fieldRows(it.items, depth, path);
  const parts = it.allOf || it.oneOf || it.anyOf;
  if (parts) return parts.flatMap((part) => fieldRows(part, depth, path));
  return Object.entries(it.properties || {}).flatMap(([key, property]) => {
    const required = (it.required || []).includes(key);
    const target = resolve(property);
    return [
      el("tr", {},
        el("td", {}, el("code", {}, "\u2003".repeat(depth) + key), required ? " *" : ""),
        el("td", { class: "soft" }, typeText(property)),
        el("td", {}, property.description || target.description || "")),
      ...fieldRows(property, depth + 1, path),
    ];
  });
}

function schemaView(schema) {
  const rows = fieldRows(schema);
  if (!rows.length) return el("p", { class: "soft" }, typeText(schema));
  return el("table", {}, el("tr", {}, ...["Field", "Type", "Meaning"].map((head) => el("th", {}, head))), rows);
}

/** Every operation, in the order of the description. */
function operations() {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      path, method, op: item[method],
      parameters: [...(item.parameters || []), ...(item[method].parameters || [])].map(resolve),
      tag: (item[method].tags || ["other"])[0],
      id: item[method].operationId || method + path,
    })));
}

function showList() {
  const wanted = $("filter").value.trim().toLowerCase();
  const current = decodeURIComponent(location.hash.slice(1));
  const groups = new Map();
  for (const one of operations()) {
    const text = `${one.method} ${one.path} ${one.op.summary || ""} ${one.id}`.toLowerCase();
    if (!text.includes(wanted)) continue;
    if (!groups.has(one.tag)) groups.set(one.tag, []);
    groups.get(one.tag).push(one);
  }
  $("list").replaceChildren(...[...groups].flatMap(([tag, list]) => [
    el("h3", {}, tag),
    ...list.map((one) => el("a", {
      href: "#" + encodeURIComponent(one.id), title: one.op.summary,
      "aria-current": one.id === current && "page",
    }, el("span", { class: `method ${one.method}` }, one.method.toUpperCase()), el("span", {}, one.path))),
  ]));
}

const isOpen = (op) => {
  const security = op.security || spec.security || [];
  return !security.length || security.some((one) => !Object.keys(one).length);
};

function showOverview() {
  $("main").replaceChildren(
    el("h2", {}, spec.info.title),
    ...(spec.info.description || "").split("\n\n").map((text) => el("p", {}, text)),
    el("table", {}, (spec.tags || []).map((tag) =>
      el("tr", {}, el("td", {}, el("strong", {}, tag.name)), el("td", {}, tag.description || "")))));
}

function showOperation(one) {
  const body = one.op.requestBody && resolve(one.op.requestBody);
  const [mediaType, media] = Object.entries((body && body.content) || {})[0] || [];
  $("main").replaceChildren(
    el("h2", {}, el("span", { class: `method ${one.method}` }, one.method.toUpperCase()), " ", one.path),
    el("p", {}, el("strong", {}, one.op.summary || "")),
    ...(one.op.description || "").split("\n\n").map((text) => el("p", {}, text)),
    el("p", { class: "soft" },
      isOpen(one.op) ? "May be called without a token." : "Needs an access token.",
      one.op["x-consistency"] ? ` Consistency: ${one.op["x-consistency"]}.` : "",
      one.op.deprecated ? " Deprecated." : ""),
    callForm(one, mediaType, media),
    ...(media ? [el("h3", {}, `Request body (${mediaType})`), schemaView(media.schema)] : []),
    el("h3", {}, "Responses"), ...responses(one.op));
  $("main").focus();
}

function responses(op) {
  return Object.entries(op.responses || {}).map(([status, response]) => {
    const it = resolve(response);
    const [type, media] = Object.entries(it.content || {})[0] || [];
    return el("details", {},
      el("summary", {}, el("strong", { class: status >= 400 && "error" }, status), ` ${it.description || ""}`),
      media && el("p", { class: "soft" }, type), media && media.schema && schemaView(media.schema));
  });
}

function callForm(one, mediaType, media) {
  const fields = one.parameters.map((parameter) => ({ parameter, input: parameterInput(parameter) }));
  const text = media && el("textarea", { "aria-label": "Request body", spellcheck: "false" });
  if (text) text.value = JSON.stringify(example(media.schema || {}), null, 2);
  const result = el("div", { "aria-live": "polite" });
  const request = () => makeRequest(one, fields, text && text.value, mediaType);
  return el("form", { onsubmit: (event) => { event.preventDefault(); send(request(), result); } },
    el("h3", {}, "Try it"),
    fields.length > 0 && el("table", {}, fields.map(({ parameter, input }) => el("tr", {},
      el("td", {}, el("label", {}, el("code", {}, parameter.name), parameter.required ? " *" : "",
        el("div", {}, input))),
      el("td", { class: "soft" }, `${parameter.in}, ${typeText(parameter.schema)}`),
      el("td", {}, parameter.description || "")))),
    text,
    el("div", { class: "row" },
      el("button", { type: "submit" }, "Send"),
      el("button", { type: "button", class: "plain", onclick: () => showCurl(request(), result) }, "As curl")),
    result);
}

function parameterInput(parameter) {
  const schema = resolve(parameter.schema || {});
  if (schema.enum && !parameter.required) {
    return el("select", {}, el("option", { value: "" }, "—"), schema.enum.map((value) => el("option", {}, value)));
  }
  const input = el("input", { required: parameter.required, spellcheck: "false" });
  if (parameter.name.toLowerCase() === "idempotency-key") input.value = crypto.randomUUID();
  return input;
}

/** What is to be sent: the url, and what `fetch` takes. */
function makeRequest(one, fields, body, mediaType) {
  let path = one.path;
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { parameter, input } of fields) {
    const value = input.value.trim();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.append(parameter.name, value);
    else if (value && parameter.in === "header") headers.set(parameter.name, value);
  }
  const token = $("token").value.trim();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (mediaType) headers.set("Content-Type", mediaType);
  const url = path + (query.size ? `?${query}` : "");
  return { url, method: one.method.toUpperCase(), headers, body: mediaType ? body : undefined };
}

async function send({ url, ...options }, result) {
  result.replaceChildren(el("p", { class: "soft" }, "Waiting for the answer…"));
  const started = performance.now();
  try {
    const answer = await fetch(url, { ...options, cache: "no-store" });
    const text = await answer.text();
    const took = Math.round(performance.now() - started);
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    result.replaceChildren(
      el("p", {}, el("strong", { class: answer.ok ? "" : "error" }, `${answer.status} ${answer.statusText}`),
        el("span", { class: "soft" }, ` in ${took} ms`)),
      el("pre", {}, pretty(text) || "(no body)"),
      el("details", {}, el("summary", {}, "Headers"), el("pre", {}, headers)));
    keepToken(text);
  } catch (error) {
    result.replaceChildren(el("p", { class: "error" }, `The request could not be sent: ${error.message}`));
  }
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

/** After signing in, the next calls use the new token. */
function keepToken(text) {
  try {
    const { accessToken } = JSON.parse(text);
    if (typeof accessToken === "string") $("token").value = accessToken;
  } catch { /* no JSON, no token */ }
}

function showCurl({ url, method, headers, body }, result) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = [`curl -sS -X ${method} ${quote(location.origin + url)}`];
  for (const [name, value] of headers) {
    // The token stays out of what is copied around.
    lines.push(name === "authorization" ? `-H "Authorization: Bearer $TOKEN"` : `-H ${quote(`${name}: ${value}`)}`);
  }
  if (body) lines.push(`--data-raw ${quote(body)}`);
  result.replaceChildren(el("pre", {}, lines.join(" \\\n  ")));
}

function route() {
  const id = decodeURIComponent(location.hash.slice(1));
  const one = operations().find((candidate) => candidate.id === id);
  if (one) showOperation(one); else showOverview();
  showList();
}

async function start() {
  try {
    const answer = await fetch("/v1/openapi.json");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    spec = await answer.json();
  } catch (error) {
    $("main").replaceChildren(el("p", { class: "error" }, `The description could not be loaded: ${error.message}`));
    return;
  }
  document.title = `${spec.info.title} ${spec.info.version}`;
  $("version").textContent = spec.info.version;
  $("filter").addEventListener("input", showList);
  addEventListener("hashchange", route);
  route();
}

start();
